/** Store of the activity log: entries with their targets, and the batches whose hashes stay after the entries are gone. */
import { type RawBuilder, sql } from 'kysely';
import type { ActivityEntry, ActivityTarget } from '../../shared/activity/activity-entry.ts';
import { OUTCOME_OK, OUTCOME_UNKNOWN } from '../../shared/activity/activity-entry.ts';
import { COMMAND_KINDS } from '../../shared/protocol/command-kinds.ts';
import type {
  ActivityFilter,
  ActivityNames,
  ListedActivity,
  NewActivity,
  ActivityStore as Port,
  Readable,
  Sealing,
  StoredBatch,
  Target,
} from '../activity/ports.ts';
import { insertActivity, insertTargets, MOST_TARGETS } from './activity-rows.ts';
import { appendEntry } from './append-entries.ts';
import type { Database, Db, Tx } from './database.ts';
import { withinScope } from './device-scope.ts';
import type { Schema } from './schema.ts';

type Row = Omit<Schema['activity_entries'], 'id'> & { readonly id: number };
type Range = { readonly from: number | null; readonly to: number | null };

/**
 * Kinds of entries that an admin with a limited scope may read. Reads and sign-ins are excluded, because they concern admins and not
 * devices.
 */
const LIMITED_KINDS = sql`('change', 'event')`;

export class ActivityStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  add(entry: NewActivity): Promise<number> {
    return this.#database.transaction((tx) => insertActivity(tx, entry));
  }

  async finish(id: number, outcome: string, further: readonly Target[]): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('activity_entries')
        .set((eb) => ({ outcome, target_count: eb('target_count', '+', further.length) }))
        .where('id', '=', id)
        .where('outcome', 'is', null)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return;
      await insertTargets(
        tx,
        further.slice(0, MOST_TARGETS).map((target) => ({ entry: id, ...target })),
      );
    });
  }

  async withdraw(id: number): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const { numDeletedRows } = await tx
        .deleteFrom('activity_entries')
        .where('id', '=', id)
        .where('outcome', 'is', null)
        .executeTakeFirst();
      if (numDeletedRows > 0n) await tx.deleteFrom('activity_targets').where('entry_id', '=', id).execute();
    });
  }

  async endUnfinished(before: number): Promise<void> {
    await this.#database.db
      .updateTable('activity_entries')
      .set({ outcome: OUTCOME_UNKNOWN })
      .where(sql<boolean>`batch is null`)
      .where('outcome', 'is', null)
      .where('at', '<', before)
      .execute();
  }

  seal(limit: number, seal: Parameters<Port['seal']>[1]): Promise<number> {
    return this.#database.transaction(async (tx) => {
      const rows = await tx
        .selectFrom('activity_entries')
        .selectAll()
        .where(sql<boolean>`batch is null`)
        .where('outcome', 'is not', null)
        .orderBy('id')
        .limit(limit)
        .execute();
      if (rows.length === 0) return 0;
      const newest = await tx
        .selectFrom('activity_batches')
        .select(['number', 'hash'])
        .orderBy('number', 'desc')
        .limit(1)
        .executeTakeFirst();
      const sealing = seal(await withTargets(tx, rows), newest ?? null);
      await insertBatch(tx, sealing);
      const ids = rows.map(({ id }) => id);
      const { number } = sealing.batch;
      await tx.updateTable('activity_entries').set({ batch: number }).where('id', 'in', ids).execute();
      await tx.updateTable('activity_targets').set({ batch: number }).where('entry_id', 'in', ids).execute();
      return rows.length;
    });
  }

  async list(filter: ActivityFilter, page: Parameters<Port['list']>[1]): Promise<ListedActivity[]> {
    const { readable, before, limit } = page;
    const rows = await this.#matching(filter, readable)
      .selectAll()
      .$if(before !== null, (all) => all.where('id', '<', before))
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    const shown = await shownTargets(this.#database.db, rows, readable, page.targets);
    return rows.map((row) => {
      const { salt: _, ...entry } = toEntry(row, shown.get(row.id) ?? []);
      const source = readable === 'all' ? {} : { credential: null, address: null, agent: null };
      return { ...entry, ...source, outcome: row.outcome, batch: row.batch };
    });
  }

  async count(filter: ActivityFilter, readable: Readable, limit: number): Promise<number> {
    const some = this.#matching(filter, readable).select('id').limit(limit);
    const { count } = await this.#database.db
      .selectFrom(some.as('some'))
      .select((all) => all.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async names(ids: readonly string[], readable: Readable): Promise<ActivityNames> {
    const names = new Map<string, string>();
    if (ids.length === 0) return names;
    const { db } = this.#database;
    const scope = readable === 'all' ? null : readable.devices;
    const devices = await db
      .selectFrom('devices')
      .leftJoin('device_inventory', 'device_inventory.device_id', 'devices.id')
      .select(['devices.id', 'devices.person_name', 'device_inventory.hostname'])
      .where('devices.id', 'in', [...ids])
      .where(withinScope(scope))
      .execute();
    for (const { id, person_name, hostname } of devices)
      names.set(id, hostname === null ? person_name : `${person_name} (${hostname})`);
    for (const table of ['accounts', 'groups', 'policies', 'scripts', 'custom_roles'] as const) {
      for (const { id, name } of await db
        .selectFrom(table)
        .select(['id', 'name'])
        .where('id', 'in', [...ids])
        .execute())
        names.set(id, name);
    }
    if (readable !== 'all') return names;
    const people = await db
      .selectFrom('persons')
      .select(['id', 'name'])
      .where('id', 'in', [...ids])
      .execute();
    for (const { id, name } of people) names.set(id, name);
    const actions = await db
      .selectFrom('actions')
      .select(['id', 'action'])
      .where('id', 'in', [...ids])
      .execute();
    for (const { id, action } of actions) names.set(id, action);
    for (const table of ['notification_rules', 'notification_channels'] as const) {
      for (const { id, name } of await db
        .selectFrom(table)
        .select(['id', 'name'])
        .where('id', 'in', [...ids])
        .execute())
        names.set(id, name);
    }
    return names;
  }

  async batches({ from, to }: Range, after: number, limit: number): Promise<StoredBatch[]> {
    const rows = await this.#database.db
      .selectFrom('activity_batches')
      .innerJoin('ledger_openings', 'ledger_openings.entry_id', 'activity_batches.ledger_entry')
      .selectAll('activity_batches')
      .select('ledger_openings.salt')
      .where('number', '>', after)
      // The range is limited by the sealing times of batches and not by the times of entries, so it has no gaps. An entry whose outcome was
      // unknown for long may be older than the others of its batch.
      .$if(from !== null, (all) => all.where('sealed_at', '>=', from))
      .$if(to !== null, (all) => all.where('number', '<=', lastBatchUntil(this.#database.db, to ?? 0)))
      .orderBy('number')
      .limit(limit)
      .execute();
    return rows.map((row) => ({
      number: row.number,
      size: row.size,
      from: row.from_at,
      to: row.to_at,
      root: row.root,
      previous: row.previous,
      sealedAt: row.sealed_at,
      hash: row.hash,
      salt: row.salt,
    }));
  }

  async entriesOf(batch: number): Promise<ActivityEntry[]> {
    const { db } = this.#database;
    const rows = await db.selectFrom('activity_entries').selectAll().where('batch', '=', batch).orderBy('id').execute();
    return withTargets(db, rows);
  }

  async unsealed({ from, to }: Range, limit: number): Promise<ActivityEntry[]> {
    const { db } = this.#database;
    const rows = await db
      .selectFrom('activity_entries')
      .selectAll()
      .where(sql<boolean>`batch is null`)
      .where('outcome', 'is not', null)
      .$if(from !== null, (all) => all.where('at', '>=', from ?? 0))
      .$if(to !== null, (all) => all.where('at', '<', to ?? 0))
      .orderBy('id')
      .limit(limit)
      .execute();
    return withTargets(db, rows);
  }

  #matching(filter: ActivityFilter, readable: Readable) {
    const { from, to, admin, device, person, kind, action, outcome, text } = filter;
    return this.#database.db
      .selectFrom('activity_entries')
      .$if(from !== null, (all) => all.where('at', '>=', from ?? 0))
      .$if(to !== null, (all) => all.where('at', '<', to ?? 0))
      .$if(admin !== null, (all) =>
        all.where(sql<boolean>`(actor = ${admin} or ${hasTarget(sql`t.kind = 'account' and t.target = ${admin}`)})`),
      )
      .$if(device !== null, (all) => all.where(hasTarget(sql`t.kind = 'device' and t.target = ${device}`)))
      .$if(person !== null, (all) =>
        all.where(
          sql<boolean>`(${hasTarget(sql`t.person_id = ${person} or t.kind = 'person' and t.target = ${person}`)}
            or actor in (select id from accounts where person_id = ${person}))`,
        ),
      )
      .$if(kind !== null, (all) => all.where('kind', '=', kind))
      .$if(action !== null, (all) => all.where(sql<boolean>`(action = ${action} or action like ${`${action}.%`})`))
      .$if(outcome !== null, (all) => all.where(outcomeIs(outcome ?? '')))
      .$if(text !== null, (all) => all.where(containsText(text ?? '', readable)))
      .$if(readable !== 'all', (all) => all.where(isReadable(readable)));
  }
}

const hasTarget = (condition: RawBuilder<unknown>): RawBuilder<boolean> =>
  sql<boolean>`id in (select t.entry_id from activity_targets t where ${condition})`;

/** An admin with a limited scope reads only changes and events of devices in the scope. Reads and sign-ins concern admins. */
function isReadable(readable: Readable): RawBuilder<boolean> {
  if (readable === 'all') return sql<boolean>`1 = 1`;
  return sql<boolean>`kind in ${LIMITED_KINDS} and ${hasTarget(
    sql`t.kind = 'device' and t.target in (select devices.id from devices where ${withinScope(readable.devices)})`,
  )}`;
}

function outcomeIs(outcome: string): RawBuilder<boolean> {
  if (outcome === 'refused')
    return sql<boolean>`outcome is not null and outcome not in (${OUTCOME_OK}, ${OUTCOME_UNKNOWN})`;
  return sql<boolean>`outcome = ${outcome}`;
}

/** A search finds kinds of commands, such as "wipe". A search for a name compares the present names of accounts, and of users of devices within the caller's scope. */
function containsText(text: string, readable: Readable): RawBuilder<boolean> {
  const like = `%${text.toLowerCase().replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
  const has = (column: string) => sql`lower(${sql.ref(column)}) like ${like} escape '\\'`;
  const ofEmail = readable === 'all' ? sql` or ${has('accounts.email')}` : sql``;
  const accounts = sql`select accounts.id from accounts where ${has('accounts.name')}${ofEmail}`;
  const scope = readable === 'all' ? null : readable.devices;
  const devices = sql`select devices.id from devices where ${has('devices.person_name')} and ${withinScope(scope)}`;
  const words = text.toLowerCase().replaceAll(' ', '-');
  const commands = COMMAND_KINDS.filter((kind) => kind.includes(words));
  const ofCommand =
    commands.length === 0 ? sql`` : sql` or t.kind = 'command-kind' and t.target in (${sql.join(commands)})`;
  const own = sql`${has('action')} or ${has('outcome')} or actor in (${accounts})
    or ${hasTarget(sql`t.target = ${text} or t.target in (${devices})${ofCommand}`)}`;
  if (readable !== 'all') return sql<boolean>`(${own})`;
  return sql<boolean>`(${own} or ${has('address')} or ${has('agent')} or ${hasTarget(sql`t.target in (${accounts})`)})`;
}

/** Newest batch that can contain an entry before `to`: the first batch that was sealed at `to` or later, otherwise the newest. */
const lastBatchUntil = (db: Db, to: number) =>
  db
    .selectFrom('activity_batches')
    .select(sql<number>`coalesce(min(case when sealed_at >= ${to} then number end), max(number))`.as('number'));

async function insertBatch(tx: Tx, { batch, hash, entry }: Sealing): Promise<void> {
  const ledgerEntry = await appendEntry(tx, entry);
  await tx
    .insertInto('activity_batches')
    .values({
      number: batch.number,
      size: batch.size,
      from_at: batch.from,
      to_at: batch.to,
      root: batch.root,
      previous: batch.previous,
      hash,
      sealed_at: batch.sealedAt,
      ledger_entry: ledgerEntry,
    })
    .execute();
}

async function withTargets(db: Db | Tx, rows: readonly Row[]): Promise<ActivityEntry[]> {
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return [];
  const targets = await db
    .selectFrom('activity_targets')
    .select(['entry_id', 'kind', 'target', 'person_id'])
    .where('entry_id', 'in', ids)
    .orderBy('entry_id')
    .orderBy('kind')
    .orderBy('target')
    .execute();
  const byEntry = Map.groupBy(targets, ({ entry_id }) => entry_id);
  return rows.map((row) => toEntry(row, (byEntry.get(row.id) ?? []).map(toTarget)));
}

/** First targets of each entry. Devices are last, because an entry with many devices must also show the policy or the job. */
async function shownTargets(
  db: Db,
  rows: readonly Row[],
  readable: Readable,
  limit: number,
): Promise<ReadonlyMap<number, ActivityTarget[]>> {
  const ids = rows.map(({ id }) => id);
  if (ids.length === 0) return new Map();
  const own =
    readable === 'all'
      ? sql`1 = 1`
      : sql`(t.kind in ('order', 'command', 'command-kind', 'script', 'policy', 'action', 'account', 'alert') or t.kind = 'device'
          and t.target in (select devices.id from devices where ${withinScope(readable.devices)}))`;
  const { rows: targets } = await sql<Schema['activity_targets']>`
    select entry_id, kind, target, person_id from (
      select t.*, row_number() over (partition by t.entry_id
          order by case when t.kind = 'device' then 1 else 0 end, t.kind, t.target) as place
      from activity_targets t where t.entry_id in (${sql.join(ids)}) and ${own}) as numbered
    where place <= ${limit} order by entry_id, place`.execute(db);
  return new Map(
    [...Map.groupBy(targets, ({ entry_id }) => Number(entry_id))].map(([id, some]) => [id, some.map(toTarget)]),
  );
}

const toTarget = ({
  kind,
  target,
  person_id,
}: Pick<Schema['activity_targets'], 'kind' | 'target' | 'person_id'>): ActivityTarget => ({
  kind,
  id: target,
  person: person_id,
});

const toEntry = (row: Row, targets: ActivityTarget[]): ActivityEntry => ({
  id: row.id,
  at: row.at,
  until: row.until_at,
  count: row.count,
  kind: row.kind,
  actor: { kind: row.actor_kind, id: row.actor },
  via: row.via,
  credential: row.credential,
  address: row.address,
  agent: row.agent,
  action: row.action,
  outcome: row.outcome ?? OUTCOME_UNKNOWN,
  targets,
  targetCount: row.target_count,
  salt: row.salt,
});
