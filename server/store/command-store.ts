/** Store of the commands that admins issue. State changes follow `server/commands/lifecycle.ts`. */
import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type CommandId, type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import { REQUEST_PREFIX } from '../commands/command-id-for.ts';
import type { CommandRecord } from '../commands/command-record.ts';
import { type CommandState, DESTROYING } from '../commands/lifecycle.ts';
import type { CommandPosition, NewCommand, CommandStore as Port } from '../commands/ports.ts';
import { refusedByHold } from '../holds/holds.ts';
import { appendEntries } from './append-entries.ts';
import { roundsOf, tableOf } from './bulk.ts';
import { recordOf } from './command-rows.ts';
import type { Database, Tx } from './database.ts';
import { type MemberRow, membersById, membersOfDevice, selectMembers, storeMembers } from './job-members.ts';
import { stepJobs, toLost } from './job-progress.ts';
import type { Schema } from './schema.ts';
import { UNDER_LEGAL_HOLD } from './under-legal-hold.ts';

const EXPIRED = 'The command expired before the device reported a result.';
/** Number of devices that are read at a time in the search for a command of a job. */
const COMPARED = 2_000;

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
    if (row) return recordOf(row);
    const member = await this.#memberWithId(id);
    return member && recordOf(member);
  }

  /**
   * Returns a command of a job that has no row in `commands` yet. Compares the ids of the commands to all devices of the job, because the
   * caller does not know the device.
   */
  async #memberWithId(id: CommandId): Promise<MemberRow | null> {
    const { db } = this.#database;
    const prefix = id.slice(0, REQUEST_PREFIX);
    const jobs = await db
      .selectFrom('jobs')
      .select('id')
      .where('id', '>=', prefix)
      .where('id', '<', `${prefix}~`)
      .where('waiting', '>', 0)
      .execute();
    for (const job of jobs) {
      for (let after = ''; ; ) {
        const page = await selectMembers(
          db,
          sql`jobs j`,
          sql`j.id = ${job.id} and m.device_id > ${after}`,
          sql`order by m.device_id limit ${COMPARED}`,
        );
        const found = page.find((row) => row.id === id);
        if (found) return found;
        const last = page.at(-1);
        if (!last) break;
        after = last.device_id;
        await turn();
      }
    }
    return null;
  }

  async list(device: DeviceId, before: CommandPosition | null, limit: number): Promise<CommandRecord[]> {
    const { db } = this.#database;
    const rows = await db
      .selectFrom('commands')
      .selectAll()
      .where('device_id', '=', device)
      .$if(before !== null, (all) =>
        all.where(
          sql<boolean>`(created_at, coalesce(attempt, 1), id) < (${before?.createdAt ?? 0}, ${before?.attempt ?? 1}, ${before?.id ?? ''})`,
        ),
      )
      .orderBy('created_at', 'desc')
      .orderBy(sql`coalesce(attempt, 1)`, 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    const members = await membersOfDevice(db, device, before?.createdAt ?? null, limit);
    const isBefore = (row: Schema['commands']) => before === null || newestFirst(row, positionOf(before)) > 0;
    return [...rows, ...members.filter(isBefore)]
      .sort(newestFirst)
      .slice(0, limit)
      .map((row) => recordOf(row));
  }

  async cancel(id: CommandId, from: readonly CommandState[], at: number, detail: string): Promise<void> {
    const member = await this.#memberWithId(id);
    if (member) {
      await this.#database.transaction(async (tx) => {
        const device = deviceIdSchema.parse(member.device_id);
        const waiting = (await membersById(tx, [{ id, device }])).get(id);
        if (!waiting || !from.includes(waiting.state)) return;
        await storeMembers(tx, [{ ...waiting, state: 'canceled', finished_at: at, detail }], at);
      });
    }
    await this.#database.transaction(async (tx) => {
      const canceled = await tx
        .updateTable('commands')
        .set({ state: 'canceled', finished_at: at, detail })
        .where('id', '=', id)
        .where('state', 'in', [...from])
        .returning(['request', 'device_id'])
        .execute();
      await stepJobs(tx, canceled.map(toLost), at);
    });
  }

  async requestCancel(id: CommandId, at: number): Promise<void> {
    await this.#database.db
      .updateTable('commands')
      .set((eb) => ({ cancel_requested: eb.fn.coalesce('cancel_requested', eb.val(at)) }))
      .where('id', '=', id)
      .where('state', '=', 'stored')
      .execute();
  }

  async expire(from: readonly CommandState[], now: number): Promise<number> {
    const { db } = this.#database;
    // Jobs are ended before their commands expire. An ended job counts no results, so the commands that expire with it need no counting.
    const { rows: jobs } = await sql<{ waiting: number }>`
      update jobs set ended_at = ${now}, ended_as = 'expired', ended_detail = ${EXPIRED},
        state = case when state = 'finished' then state else 'expired' end
      where ended_at is null and expires_at <= ${now} returning waiting`.execute(db);
    const { numUpdatedRows } = await db
      .updateTable('commands')
      .set({ state: 'expired', finished_at: now, detail: EXPIRED })
      .where('finished_at', 'is', null)
      .where('expires_at', '<=', now)
      .where('state', 'in', [...from])
      .executeTakeFirst();
    return jobs.reduce((sum, { waiting }) => sum + waiting, Number(numUpdatedRows));
  }
}

const positionOf = ({ createdAt, attempt, id }: CommandPosition) => ({ created_at: createdAt, attempt, id });

function newestFirst(a: Pick<Schema['commands'], 'created_at' | 'attempt' | 'id'>, b: typeof a): number {
  const byAttempt = (b.attempt ?? 1) - (a.attempt ?? 1);
  return b.created_at - a.created_at || byAttempt || (b.id > a.id ? 1 : b.id < a.id ? -1 : 0);
}

/** Initial values of the fields of a command without a report and without a job. */
const NEW = {
  state: 'queued',
  storedAt: null,
  finishedAt: null,
  detail: null,
  displayed: null,
  job: null,
  attempt: 1,
  notBefore: null,
  cancelRequestedAt: null,
} as const;

/** Inserts commands with distinct ids. Each command belongs to its device's current enrollment. */
async function insertCommands(tx: Tx, insertions: readonly Insertion[]): Promise<void> {
  const table = tableOf(
    ['text', 'text', 'text', 'text', 'text', 'bigint', 'bigint'],
    insertions.map(({ created: { id, device, command, createdBy, createdAt, expiresAt } }) => [
      id,
      device,
      command.kind,
      JSON.stringify(command),
      createdBy,
      createdAt,
      expiresAt,
    ]),
  );
  const { rows } = await sql<{ id: string; generation: number }>`
    insert into commands (id, device_id, generation, kind, body, state, created_by, created_at, expires_at)
    select v.column1, devices.id, devices.generation, v.column3, v.column4, 'queued', v.column5, v.column6, v.column7
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
    insertion.outcome = { id, device, generation, command, ...NEW, createdBy, createdAt, expiresAt };
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
