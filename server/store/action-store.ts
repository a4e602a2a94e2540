/** Store of destructive actions that need a second person's approval. It also counts the devices on which each person acted alone. */
import { type RawBuilder, sql } from 'kysely';
import type { ActionName } from '../../shared/api/action-names.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type AccountId, type ActionId, actionIdSchema, type PersonId } from '../../shared/protocol/ids.ts';
import type { ActionStore as ActionPort, ActionStatus, StoredAction } from '../admins/actions.ts';
import type { RouteName } from '../admins/rights.ts';
import { appendEntry } from './append-entries.ts';
import { tableOf } from './bulk.ts';
import type { Database, Db, Tx } from './database.ts';
import { insertConfirmation } from './passkey-store.ts';
import type { Schema } from './schema.ts';

export class ActionStore implements ActionPort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async useSoloLimit(
    { person, devices, at, since }: Parameters<ActionPort['useSoloLimit']>[0],
    allow: Parameters<ActionPort['useSoloLimit']>[1],
  ): Promise<boolean> {
    const distinct = [...new Set(devices)];
    // More than `MOST_COUNTED` devices exceed every limit, so the query is unnecessary. It would also have too many parameters.
    if (distinct.length > MOST_COUNTED)
      return allow({ used: distinct.length, fleet: await fleetSize(this.#database.db) });
    return this.#database.transaction(async (tx) => {
      await tx.deleteFrom('solo_actions').where('at', '<=', since).execute();
      const before = await countUsed(tx, person, since, distinct);
      if (!allow({ used: before + distinct.length, fleet: await fleetSize(tx) })) return false;
      for (const device of distinct) {
        await tx
          .insertInto('solo_actions')
          .values({ person_id: person, device_id: device, at })
          .onConflict((conflict) => conflict.columns(['person_id', 'device_id']).doUpdateSet({ at }))
          .execute();
      }
      return true;
    });
  }

  async soloUse(person: PersonId, since: number): Promise<{ readonly used: number; readonly fleet: number }> {
    const { db } = this.#database;
    return { used: await countUsed(db, person, since, []), fleet: await fleetSize(db) };
  }

  async propose(
    action: StoredAction,
    entry: EntryDraft<'action.proposed'>,
    atMost: number,
  ): Promise<StoredAction | null> {
    return this.#database.transaction(async (tx) => {
      const pending = await tx
        .selectFrom('actions')
        .selectAll()
        .where('person_id', '=', action.person)
        .where('status', '=', 'pending')
        .where('expires_at', '>', action.proposedAt)
        .execute();
      const same = pending.find(({ hash }) => hash === action.hash);
      if (same) return toAction(same);
      if (pending.length >= atMost) return null;
      await tx.insertInto('actions').values(toRow(action)).execute();
      await appendEntry(tx, entry);
      return action;
    });
  }

  async get(id: ActionId): Promise<StoredAction | null> {
    const row = await this.#database.db.selectFrom('actions').selectAll().where('id', '=', id).executeTakeFirst();
    return row ? toAction(row) : null;
  }

  async list(since: number, limit: number): Promise<StoredAction[]> {
    const rows = await this.#database.db
      .selectFrom('actions')
      .selectAll()
      .where('proposed_at', '>', since)
      .orderBy('proposed_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(toAction);
  }

  decide(...[id, { status, at, by, reason }, entry, confirmation]: Parameters<ActionPort['decide']>): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('actions')
        .set({ status, decided_at: at, decided_by: by, reason })
        .where('id', '=', id)
        .where('status', '=', 'pending')
        .where('expires_at', '>', at)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return false;
      if (confirmation) await insertConfirmation(tx, confirmation);
      await appendEntry(tx, entry);
      return true;
    });
  }

  async finish(id: ActionId, status: 'performed' | 'failed', outcome: string | null): Promise<void> {
    await this.#database.db.updateTable('actions').set({ status, outcome }).where('id', '=', id).execute();
  }
}

const MOST_COUNTED = 1_000;

async function fleetSize(db: Db | Tx): Promise<number> {
  const { rows } = await sql<{ count: number | string }>`
    select count(*) as count from devices where status = 'active'`.execute(db);
  return Number(rows[0]?.count ?? 0);
}

/** Number of different devices on which the person acted since the given time, without the devices in `except`. */
async function countUsed(db: Db | Tx, person: string, since: number, except: readonly string[]): Promise<number> {
  const others: RawBuilder<unknown> =
    except.length === 0
      ? sql``
      : sql`and device_id not in (select v.column1 from ${tableOf(
          ['text'],
          except.map((device) => [device]),
        )} as v)`;
  const { rows } = await sql<{ count: number | string }>`
    select count(*) as count from solo_actions where person_id = ${person} and at > ${since} ${others}`.execute(db);
  return Number(rows[0]?.count ?? 0);
}

type Row = Schema['actions'];

const toRow = (action: StoredAction): Row => ({
  id: action.id,
  action: action.action,
  route: action.route,
  content: action.content,
  hash: action.hash,
  device_count: action.devices,
  account_id: action.account,
  person_id: action.person,
  proposed_at: action.proposedAt,
  expires_at: action.expiresAt,
  status: action.status,
  decided_at: action.decidedAt,
  decided_by: action.decidedBy,
  reason: action.reason,
  outcome: action.outcome,
});

const toAction = (row: Row): StoredAction => ({
  id: actionIdSchema.parse(row.id),
  action: row.action as ActionName,
  route: row.route as RouteName,
  content: row.content,
  hash: row.hash,
  devices: row.device_count,
  account: row.account_id as AccountId,
  person: row.person_id as PersonId,
  proposedAt: row.proposed_at,
  expiresAt: row.expires_at,
  status: row.status as ActionStatus,
  decidedAt: row.decided_at,
  decidedBy: row.decided_by as AccountId | null,
  reason: row.reason,
  outcome: row.outcome,
});
