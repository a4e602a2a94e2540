/** Store of commands. An update of a command's state requires the previous state (`server/commands/lifecycle.ts`). */
import { type RawBuilder, sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { createBatcher } from '../../shared/loops/batcher.ts';
import { type Command, commandSchema, displayedOnSchema } from '../../shared/protocol/frames.ts';
import { type CommandId, commandIdSchema, type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import { REQUEST_PREFIX } from '../commands/command-id-for.ts';
import type { CommandRecord, Displayed } from '../commands/command-record.ts';
import type {
  CommandStore as CommandPort,
  CommandPosition,
  CommandScope,
  CommandWord,
  DisplayReport,
  NewCommand,
  RequestProgress,
} from '../commands/commands.ts';
import { COMMAND_STATES, type CommandState, DESTROYING, movedBy, step } from '../commands/lifecycle.ts';
import { workspaceEventOf } from '../devices/workspace.ts';
import { refusedByHold } from '../holds/holds.ts';
import { appendEntries } from './append-entries.ts';
import { roundsOf, tableOf } from './bulk.ts';
import type { Database, Db, Tx } from './database.ts';
import { withinScope } from './device-scope.ts';
import { UNDER_HOLD } from './held-devices.ts';
import { keyedQuery } from './keyed-query.ts';
import type { Schema } from './schema.ts';
import { storeWorkspaceReports, type WorkspaceReport } from './workspace-rows.ts';

type Answer = Awaited<ReturnType<CommandPort['word']>>;
interface Spoken {
  readonly word: CommandWord;
  answer: Answer;
}

/** Counts of a request's commands by state. All fields are null if no command matches. */
interface Counted extends Record<CommandState, number | string | null> {
  readonly body: string | null;
  readonly created_by: string | null;
  readonly created_at: number | string | null;
  readonly expires_at: number | string | null;
  readonly displayed: number | string;
}

interface Displaying {
  readonly report: DisplayReport;
  found: boolean;
}

interface Insertion {
  readonly made: NewCommand;
  readonly entry: EntryDraft<'workspace.wipe'> | null;
  outcome: CommandRecord | CordonError | null;
}

export class CommandStore implements CommandPort {
  readonly #database: Database;
  readonly #speak: (spoken: Spoken) => Promise<void>;
  readonly #display: (displays: Displaying) => Promise<void>;
  readonly #insert: (insertion: Insertion) => Promise<void>;
  readonly #selectQueued: ReturnType<typeof queuedIn>;
  readonly #queued = createBatcher((devices: readonly DeviceId[]) => this.#readQueued(devices));

  constructor(database: Database) {
    this.#database = database;
    this.#selectQueued = queuedIn(database.db);
    this.#insert = database.grouped(async (tx, rows: readonly Insertion[]) => {
      for (const round of roundsOf(rows, ({ made }) => made.id)) await insertCommands(tx, round);
    });
    this.#display = database.grouped(async (tx, rows: readonly Displaying[]) => {
      for (const round of roundsOf(rows, ({ report }) => report.id)) await storeDisplays(tx, round);
    });
    this.#speak = database.grouped(async (tx, rows: readonly Spoken[]) => {
      for (const round of roundsOf(rows, ({ word }) => word.id)) await storeWords(tx, round);
    });
  }

  async insert(made: NewCommand, entry: EntryDraft<'workspace.wipe'> | null): Promise<CommandRecord> {
    const insertion: Insertion = { made, entry, outcome: null };
    await this.#insert(insertion);
    if (insertion.outcome instanceof CordonError) throw insertion.outcome;
    if (!insertion.outcome) throw new Error(`the store has no result for the command ${made.id}`);
    return insertion.outcome;
  }

  async displayed(report: DisplayReport): Promise<boolean> {
    const displaying: Displaying = { report, found: false };
    await this.#display(displaying);
    return displaying.found;
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

  async requests(cursor: string | null, most: number): ReturnType<CommandPort['requests']> {
    const { db } = this.#database;
    const ids: CommandId[] = [];
    for (let before = cursor ?? '~'; ; ) {
      const newest = await db
        .selectFrom('commands')
        .select('id')
        .where('request', 'is not', null)
        .where('id', '<', before)
        .orderBy('id', 'desc')
        .limit(1)
        .executeTakeFirst();
      if (!newest) return { ids, next: null };
      // Commands of the requests in the same 15 minutes, which are one range of the primary key.
      before = newest.id.slice(0, REQUEST_PREFIX);
      const rows = await db
        .selectFrom('commands')
        .select('request')
        .where('id', '>=', before)
        .where('id', '<', `${before}~`)
        .where('request', 'is not', null)
        .groupBy('request')
        .orderBy((eb) => eb.fn.min('created_at'), 'desc')
        .execute();
      for (const { request } of rows) ids.push(commandIdSchema.parse(request));
      if (ids.length >= most) return { ids, next: before };
    }
  }

  async progress(request: CommandId, scope: CommandScope, most: number): Promise<RequestProgress | null> {
    // Commands of one request have ids with the request's prefix (`commandIdFor`). They are one range of the primary key and need no other
    // index.
    const from = request.slice(0, REQUEST_PREFIX);
    const ofRequest = sql`c.id >= ${from} and c.id < ${`${from}~`} and c.request = ${request}`;
    const ofScope = sql`cross join devices where ${ofRequest} and devices.id = c.device_id and ${withinScope(scope)}`;
    // Counts all states in one pass over the rows. Grouping would first sort 100,000 rows.
    const states = COMMAND_STATES.map(
      (state) => sql`sum(case when c.state = ${state} then 1 else 0 end) as ${sql.ref(state)}`,
    );
    const { rows } = await sql<Counted>`
      select min(c.body) as body, min(c.created_by) as created_by, min(c.created_at) as created_at,
        max(c.expires_at) as expires_at, count(c.displayed_at) as displayed, ${sql.join(states)}
      from commands c ${scope === null ? sql`where ${ofRequest}` : ofScope}`.execute(this.#database.db);
    const [counted] = rows;
    if (!counted?.body || counted.created_by === null) return null;
    const counts = {
      queued: Number(counted.queued),
      stored: Number(counted.stored),
      done: Number(counted.done),
      failed: Number(counted.failed),
      expired: Number(counted.expired),
      canceled: Number(counted.canceled),
    };
    const ended = counts.failed + counts.expired + counts.canceled > 0;
    const failures = ended
      ? await sql<Pick<Schema['commands'], 'device_id' | 'state' | 'detail'> & { person_name: string }>`
          select c.device_id, devices.person_name, c.state, c.detail from commands c ${ofScope}
          and c.state in ('failed', 'expired', 'canceled') order by c.id limit ${most}`.execute(this.#database.db)
      : { rows: [] };
    return {
      command: parseCommand(counted.body),
      createdBy: counted.created_by,
      createdAt: Number(counted.created_at),
      expiresAt: Number(counted.expires_at),
      counts,
      displayed: Number(counted.displayed),
      failures: failures.rows.map(({ device_id, person_name, state, detail }) => ({
        device: deviceIdSchema.parse(device_id),
        user: person_name,
        state,
        detail,
      })),
    };
  }

  async pending(device: DeviceId, generation: number, now: number): Promise<CommandRecord[]> {
    const queued = (await this.#queued(device)) ?? [];
    return queued.filter((command) => command.generation === generation && command.expiresAt > now);
  }

  async #readQueued(devices: readonly DeviceId[]): Promise<Map<DeviceId, CommandRecord[]>> {
    const rows = await this.#selectQueued(devices);
    // Cache of parsed bodies: a broadcast has the same body for all devices.
    const parsed = new Map<string, Command>();
    const commandOf = (body: string): Command => {
      const known = parsed.get(body) ?? parseCommand(body);
      parsed.set(body, known);
      return known;
    };
    return Map.groupBy(
      rows.map((row) => recordOf(row, commandOf)),
      ({ device }) => device,
    );
  }

  async cancel(id: CommandId, from: readonly CommandState[], at: number, detail: string): Promise<void> {
    await this.#database.db
      .updateTable('commands')
      .set({ state: 'canceled', finished_at: at, detail })
      .where('id', '=', id)
      .where('state', 'in', [...from])
      .execute();
  }

  async word(word: CommandWord): Promise<Answer> {
    const spoken: Spoken = { word, answer: null };
    await this.#speak(spoken);
    return spoken.answer;
  }

  async lapse(from: readonly CommandState[], now: number): Promise<number> {
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

/** Cancels the open commands of a device. Call this function inside the transaction that ends the enrollment. */
export async function cancelCommandsOf(tx: Tx, device: DeviceId, at: number, detail: string): Promise<void> {
  await tx
    .updateTable('commands')
    .set({ state: 'canceled', finished_at: at, detail })
    .where('device_id', '=', device)
    .where('state', 'in', movedBy('ended'))
    .execute();
}

/** Cancels waiting destructive commands when an admin places a legal hold. `of`: a condition on `devices`. */
export async function callBackDestruction(tx: Tx, of: RawBuilder<unknown>, at: number): Promise<void> {
  await sql`update commands set state = 'canceled', finished_at = ${at}, detail = 'A legal hold was placed.'
    where state in (${sql.join(movedBy('cancel'))}) and kind in (${sql.join([...DESTROYING])})
      and device_id in (select id from devices where ${of})`.execute(tx);
}

/** Inserts commands with distinct ids. Each command is bound to its device's generation at the time of the transaction. */
async function insertCommands(tx: Tx, insertions: readonly Insertion[]): Promise<void> {
  const table = tableOf(
    ['text', 'text', 'text', 'text', 'text', 'bigint', 'bigint', 'text'],
    insertions.map(({ made: { id, request, device, command, createdBy, createdAt, expiresAt } }) => [
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
      and not (v.column3 in (${sql.join([...DESTROYING])}) and ${UNDER_HOLD})
    on conflict (id) do nothing
    returning id, generation`.execute(tx);
  const generations = new Map(rows.map(({ id, generation }) => [id, generation]));
  const entries: EntryDraft[] = [];
  const left: Insertion[] = [];
  for (const insertion of insertions) {
    const { made, entry } = insertion;
    const generation = generations.get(made.id);
    if (generation === undefined) {
      left.push(insertion);
      continue;
    }
    const { id, device, command, createdBy, createdAt, expiresAt } = made;
    const fresh = { state: 'queued', storedAt: null, finishedAt: null, detail: null, displayed: null } as const;
    insertion.outcome = { id, device, generation, command, ...fresh, createdBy, createdAt, expiresAt };
    if (entry) entries.push(entry);
  }
  await appendEntries(tx, entries);
  if (left.length > 0) await explain(tx, left);
}

/** Sets the reason why each command was not inserted: the command exists, or its device accepts no commands. */
async function explain(tx: Tx, left: readonly Insertion[]): Promise<void> {
  const ids = left.map(({ made }) => made.id);
  const existing = await tx.selectFrom('commands').selectAll().where('id', 'in', ids).execute();
  const commands = new Map(existing.map((row) => [row.id, row]));
  const devices = left.map(({ made }) => made.device);
  const known = await tx.selectFrom('devices').select(['id', 'status']).where('id', 'in', devices).execute();
  const statuses = new Map(known.map(({ id, status }) => [id, status]));
  for (const insertion of left) {
    const { id, device } = insertion.made;
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

/** Applies the reports of devices. Each command id occurs once in `spoken`. */
async function storeWords(tx: Tx, spoken: readonly Spoken[]): Promise<void> {
  const ids = spoken.map(({ word }) => word.id);
  const found = await tx
    .selectFrom('commands')
    .select(['id', 'device_id', 'generation', 'state', 'kind'])
    .where('id', 'in', ids)
    .execute();
  const known = new Map(found.map((row) => [row.id, row]));
  const moves: (string | number | null)[][] = [];
  const reports: WorkspaceReport[] = [];
  for (const one of spoken) {
    const { word } = one;
    const row = known.get(word.id);
    one.answer = null;
    if (!row || row.device_id !== word.device || row.generation !== word.generation) continue;
    const next = step(row.state, word.event);
    const moved = next !== row.state && next !== 'refuse';
    const kind = kindOf(row.kind);
    one.answer = { kind, moved };
    if (!moved) continue;
    moves.push([word.id, next, word.at, next === 'stored' ? null : word.at, word.detail]);
    const event = next === 'done' ? workspaceEventOf(kind) : null;
    if (event) reports.push({ device: word.device, generation: word.generation, event, at: word.domainAt });
  }
  if (moves.length === 0) return;
  const table = tableOf(['text', 'text', 'bigint', 'bigint', 'text'], moves);
  await sql`update commands set
      state = v.column2,
      stored_at = coalesce(stored_at, v.column3),
      finished_at = v.column4,
      detail = v.column5
    from ${table} as v where id = v.column1`.execute(tx);
  await storeWorkspaceReports(tx, reports);
}

/** Stores display reports. Each command id occurs once in `displays`. Only the first report about a command counts. */
async function storeDisplays(tx: Tx, displays: readonly Displaying[]): Promise<void> {
  const reports = displays.map(({ report: { id, device, generation, at, on } }) => [id, device, generation, at, on]);
  const table = tableOf(['text', 'text', 'bigint', 'bigint', 'text'], reports);
  const { rows } = await sql<{ id: string }>`update commands set
      displayed_at = coalesce(displayed_at, case when v.column4 < created_at then created_at else v.column4 end),
      displayed_on = coalesce(displayed_on, v.column5)
    from ${table} as v
    where id = v.column1 and device_id = v.column2 and generation = v.column3 and kind = 'message'
    returning id`.execute(tx);
  const found = new Set(rows.map(({ id }) => id));
  for (const each of displays) each.found = found.has(each.report.id);
}

function kindOf(kind: string): Command['kind'] {
  return (
    commandSchema.options.map((option) => option.shape.kind.value).find((value) => value === kind) ?? unknownKind(kind)
  );
}

function unknownKind(kind: string): never {
  throw new Error(`the store has a command of the unknown kind ${kind}`);
}

const parseCommand = (body: string): Command => commandSchema.parse(JSON.parse(body));

function recordOf(row: Schema['commands'], commandOf = parseCommand): CommandRecord {
  return {
    id: commandIdSchema.parse(row.id),
    device: deviceIdSchema.parse(row.device_id),
    generation: row.generation,
    command: commandOf(row.body),
    state: row.state,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    storedAt: row.stored_at,
    finishedAt: row.finished_at,
    detail: row.detail,
    displayed: displayedOf(row),
  };
}

function displayedOf({ displayed_at: at, displayed_on: on }: Schema['commands']): Displayed | null {
  return at === null ? null : { at, on: displayedOnSchema.parse(on) };
}

const queuedIn = (db: Db) =>
  keyedQuery(db, (devices) =>
    db
      .selectFrom('commands')
      .selectAll()
      .where('device_id', 'in', devices)
      .where('state', '=', 'queued')
      .orderBy('created_at')
      .orderBy('id'),
  );
