/** Store of the commands that admins issue. State changes follow `server/commands/lifecycle.ts`. */
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { CommandRecord } from '../commands/command-record.ts';
import { type CommandState, DESTROYING } from '../commands/lifecycle.ts';
import type { CommandPosition, NewCommand, CommandStore as Port } from '../commands/ports.ts';
import { refusedByHold } from '../holds/holds.ts';
import { appendEntries } from './append-entries.ts';
import { roundsOf, tableOf } from './bulk.ts';
import { recordOf } from './command-rows.ts';
import type { Database, Tx } from './database.ts';
import { UNDER_LEGAL_HOLD } from './under-legal-hold.ts';

interface Insertion {
  readonly created: NewCommand;
  readonly entry: EntryDraft<'workspace.wipe'> | null;
  outcome: CommandRecord | CordonError | null;
}

export class CommandStore implements Port {
  readonly #database: Database;
  readonly #insert: (insertion: Insertion) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.#insert = database.grouped(async (tx, rows: readonly Insertion[]) => {
      for (const round of roundsOf(rows, ({ created }) => created.id)) await insertCommands(tx, round);
    });
  }

  async insert(created: NewCommand, entry: EntryDraft<'workspace.wipe'> | null): Promise<CommandRecord> {
    const insertion: Insertion = { created, entry, outcome: null };
    await this.#insert(insertion);
    if (insertion.outcome instanceof CordonError) throw insertion.outcome;
    if (!insertion.outcome) throw new Error(`the store has no result for the command ${created.id}`);
    return insertion.outcome;
  }

  async get(id: CommandId): Promise<CommandRecord | null> {
    const row = await this.#database.db.selectFrom('commands').selectAll().where('id', '=', id).executeTakeFirst();
    return row ? recordOf(row) : null;
  }

  async list(device: DeviceId, before: CommandPosition | null, limit: number): Promise<CommandRecord[]> {
    const rows = await this.#database.db
      .selectFrom('commands')
      .selectAll()
      .where('device_id', '=', device)
      .$if(before !== null, (all) =>
        all.where(sql<boolean>`(created_at, id) < (${before?.createdAt ?? 0}, ${before?.id ?? ''})`),
      )
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.map((row) => recordOf(row));
  }

  async cancel(id: CommandId, from: readonly CommandState[], at: number, detail: string): Promise<void> {
    await this.#database.db
      .updateTable('commands')
      .set({ state: 'canceled', finished_at: at, detail })
      .where('id', '=', id)
      .where('state', 'in', [...from])
      .execute();
  }

  async expire(from: readonly CommandState[], now: number): Promise<number> {
    const { numUpdatedRows } = await this.#database.db
      .updateTable('commands')
      .set({ state: 'expired', finished_at: now, detail: 'The command expired before the device reported a result.' })
      .where('finished_at', 'is', null)
      .where('expires_at', '<=', now)
      .where('state', 'in', [...from])
      .executeTakeFirst();
    return Number(numUpdatedRows);
  }
}

/** Inserts commands with distinct ids, each bound to its device's current enrollment. */
async function insertCommands(tx: Tx, insertions: readonly Insertion[]): Promise<void> {
  const table = tableOf(
    ['text', 'text', 'text', 'text', 'text', 'bigint', 'bigint', 'text'],
    insertions.map(({ created: { id, request, device, command, createdBy, createdAt, expiresAt } }) => [
      id,
      device,
      command.kind,
      JSON.stringify(command),
      createdBy,
      createdAt,
      expiresAt,
      request,
    ]),
  );
  const { rows } = await sql<{ id: string; generation: number }>`
    insert into commands (id, device_id, generation, kind, body, state, created_by, created_at, expires_at, request)
    select v.column1, devices.id, devices.generation, v.column3, v.column4, 'queued', v.column5, v.column6, v.column7,
      v.column8
    from ${table} as v cross join devices
    where devices.id = v.column2 and devices.status = 'active'
      and not (v.column3 in (${sql.join([...DESTROYING])}) and ${UNDER_LEGAL_HOLD})
    on conflict (id) do nothing
    returning id, generation`.execute(tx);
  const generations = new Map(rows.map(({ id, generation }) => [id, generation]));
  const entries: EntryDraft[] = [];
  const refused: Insertion[] = [];
  for (const insertion of insertions) {
    const { created, entry } = insertion;
    const generation = generations.get(created.id);
    if (generation === undefined) {
      refused.push(insertion);
      continue;
    }
    const { id, device, command, createdBy, createdAt, expiresAt } = created;
    const initial = { state: 'queued', storedAt: null, finishedAt: null, detail: null, displayed: null } as const;
    insertion.outcome = { id, device, generation, command, ...initial, createdBy, createdAt, expiresAt };
    if (entry) entries.push(entry);
  }
  await appendEntries(tx, entries);
  if (refused.length > 0) await explain(tx, refused);
}

/** Sets the reason why a command was not inserted: its id exists, or its device accepts no commands. */
async function explain(tx: Tx, refused: readonly Insertion[]): Promise<void> {
  const ids = refused.map(({ created }) => created.id);
  const existing = await tx.selectFrom('commands').selectAll().where('id', 'in', ids).execute();
  const commands = new Map(existing.map((row) => [row.id, row]));
  const devices = refused.map(({ created }) => created.device);
  const known = await tx.selectFrom('devices').select(['id', 'status']).where('id', 'in', devices).execute();
  const statuses = new Map(known.map(({ id, status }) => [id, status]));
  for (const insertion of refused) {
    const { id, device } = insertion.created;
    const row = commands.get(id);
    const status = statuses.get(device);
    if (row) insertion.outcome = recordOf(row);
    else if (status === undefined) {
      insertion.outcome = new CordonError('not_found', 'There is no such device.', { device });
    } else if (status === 'active') insertion.outcome = refusedByHold(device);
    else
      insertion.outcome = new CordonError('conflict', `The device is ${status}, so it cannot get commands.`, {
        device,
      });
  }
}
