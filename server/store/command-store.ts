/** The queue of commands. Every change of state is conditional on the state before (`server/commands/lifecycle.ts`). */
import { type RawBuilder, sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import { type Command, commandSchema } from '../../shared/protocol/frames.ts';
import { type CommandId, commandIdSchema, type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import { REQUEST_PREFIX } from '../commands/command-id-for.ts';
import type {
  CommandStore as CommandPort,
  CommandPosition,
  CommandRecord,
  CommandScope,
  CommandWord,
  NewCommand,
  RequestProgress,
} from '../commands/commands.ts';
import { COMMAND_STATES, type CommandState, DESTROYING, movedBy, step } from '../commands/lifecycle.ts';
import { refusedByHold } from '../holds/holds.ts';
import { roundsOf, tableOf } from './bulk.ts';
import type { Database, Db, Tx } from './database.ts';
import { withinScope } from './device-scope.ts';
import { groupedReads } from './grouped-reads.ts';
import { UNDER_HOLD } from './held-devices.ts';
import { keyedQuery } from './keyed-query.ts';
import { appendLeaves } from './leaves.ts';
import type { Schema } from './schema.ts';

type Answer = Awaited<ReturnType<CommandPort['word']>>;
interface Spoken {
  readonly word: CommandWord;
  answer: Answer;
}

/** Null throughout when there is nothing to count. */
interface Counted extends Record<CommandState, number | string | null> {
  readonly body: string | null;
  readonly created_by: string | null;
  readonly created_at: number | string | null;
  readonly expires_at: number | string | null;
}

interface Insertion {
  readonly made: NewCommand;
  readonly leaf: LeafDraft<'workspace.wipe'> | null;
  outcome: CommandRecord | CordonError | null;
}

export class CommandStore implements CommandPort {
  readonly #database: Database;
  readonly #speak: (spoken: Spoken) => Promise<void>;
  readonly #insert: (insertion: Insertion) => Promise<void>;
  readonly #selectQueued: ReturnType<typeof queuedIn>;
  readonly #queued = groupedReads((devices: readonly DeviceId[]) => this.#readQueued(devices));

  constructor(database: Database) {
    this.#database = database;
    this.#selectQueued = queuedIn(database.db);
    this.#insert = database.grouped(async (tx, rows: readonly Insertion[]) => {
      for (const round of roundsOf(rows, ({ made }) => made.id)) await insertCommands(tx, round);
    });
    this.#speak = database.grouped(async (tx, rows: readonly Spoken[]) => {
      for (const round of roundsOf(rows, ({ word }) => word.id)) await storeWords(tx, round);
    });
  }

  async insert(made: NewCommand, leaf: LeafDraft<'workspace.wipe'> | null): Promise<CommandRecord> {
    const insertion: Insertion = { made, leaf, outcome: null };
    await this.#insert(insertion);
    if (insertion.outcome instanceof CordonError) throw insertion.outcome;
    if (!insertion.outcome) throw new Error(`the store says nothing of the command ${made.id}`);
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

  async progress(request: CommandId, scope: CommandScope, most: number): Promise<RequestProgress | null> {
    // The request's commands begin as it does (`commandIdFor`): they are one stretch of the primary key, and need no index of their own.
    const from = request.slice(0, REQUEST_PREFIX);
    const ofRequest = sql`c.id >= ${from} and c.id < ${`${from}~`} and c.request = ${request}`;
    const ofScope = sql`cross join devices where ${ofRequest} and devices.id = c.device_id and ${withinScope(scope)}`;
    // Counted in one pass: grouping would sort a hundred thousand rows first.
    const states = COMMAND_STATES.map(
      (state) => sql`sum(case when c.state = ${state} then 1 else 0 end) as ${sql.ref(state)}`,
    );
    const { rows } = await sql<Counted>`
      select min(c.body) as body, min(c.created_by) as created_by, min(c.created_at) as created_at,
        max(c.expires_at) as expires_at, ${sql.join(states)}
      from commands c ${scope === null ? sql`where ${ofRequest}` : ofScope}`.execute(this.#database.db);
    const [counted] = rows;
    if (!counted?.body || counted.created_by === null) return null;
    const counts = {
      queued: Number(counted.queued),
      stored: Number(counted.stored),
      done: Number(counted.done),
      failed: Number(counted.failed),
      expired: Number(counted.expired),
      cancelled: Number(counted.cancelled),
    };
    const ended = counts.failed + counts.expired + counts.cancelled > 0;
    const failures = ended
      ? await sql<Pick<Schema['commands'], 'device_id' | 'state' | 'detail'> & { user_name: string }>`
          select c.device_id, devices.user_name, c.state, c.detail from commands c ${ofScope}
          and c.state in ('failed', 'expired', 'cancelled') order by c.id limit ${most}`.execute(this.#database.db)
      : { rows: [] };
    return {
      command: parseCommand(counted.body),
      createdBy: counted.created_by,
      createdAt: Number(counted.created_at),
      expiresAt: Number(counted.expires_at),
      counts,
      failures: failures.rows.map(({ device_id, user_name, state, detail }) => ({
        device: deviceIdSchema.parse(device_id),
        user: user_name,
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
    // A command that was issued to many is parsed once.
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
      .set({ state: 'cancelled', finished_at: at, detail })
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
      .set({ state: 'expired', finished_at: now, detail: 'The device was not heard of in time.' })
      .where('finished_at', 'is', null)
      .where('expires_at', '<=', now)
      .where('state', 'in', [...from])
      .executeTakeFirst();
    return Number(numUpdatedRows);
  }
}

/** For the store's verbs that end an enrolment, inside their transaction. */
export async function cancelCommandsOf(tx: Tx, device: DeviceId, at: number, detail: string): Promise<void> {
  await tx
    .updateTable('commands')
    .set({ state: 'cancelled', finished_at: at, detail })
    .where('device_id', '=', device)
    .where('state', 'in', movedBy('ended'))
    .execute();
}

/** For a hold that is placed: what waits and would destroy something never goes out. `of`: a condition on `devices`. */
export async function callBackDestruction(tx: Tx, of: RawBuilder<unknown>, at: number): Promise<void> {
  await sql`update commands set state = 'cancelled', finished_at = ${at}, detail = 'A legal hold was placed.'
    where state in (${sql.join(movedBy('cancel'))}) and kind in (${sql.join([...DESTROYING])})
      and device_id in (select id from devices where ${of})`.execute(tx);
}

/** No id stands twice in `insertions`. Each is bound to the generation that its device has inside this transaction. */
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
  const leaves: LeafDraft[] = [];
  const left: Insertion[] = [];
  for (const insertion of insertions) {
    const { made, leaf } = insertion;
    const generation = generations.get(made.id);
    if (generation === undefined) {
      left.push(insertion);
      continue;
    }
    const { id, device, command, createdBy, createdAt, expiresAt } = made;
    const fresh = { state: 'queued', storedAt: null, finishedAt: null, detail: null } as const;
    insertion.outcome = { id, device, generation, command, ...fresh, createdBy, createdAt, expiresAt };
    if (leaf) leaves.push(leaf);
  }
  await appendLeaves(tx, leaves);
  if (left.length > 0) await explain(tx, left);
}

/** Why these were not inserted: they were before, or their device takes no commands. */
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
    else insertion.outcome = new CordonError('conflict', `The device is ${status}: it takes no commands.`, { device });
  }
}

/** No id stands twice in `spoken`. */
async function storeWords(tx: Tx, spoken: readonly Spoken[]): Promise<void> {
  const ids = spoken.map(({ word }) => word.id);
  const found = await tx
    .selectFrom('commands')
    .select(['id', 'device_id', 'generation', 'state', 'kind'])
    .where('id', 'in', ids)
    .execute();
  const known = new Map(found.map((row) => [row.id, row]));
  const moves: (string | number | null)[][] = [];
  for (const one of spoken) {
    const { word } = one;
    const row = known.get(word.id);
    one.answer = null;
    if (!row || row.device_id !== word.device || row.generation !== word.generation) continue;
    const next = step(row.state, word.event);
    const moved = next !== row.state && next !== 'refuse';
    one.answer = { kind: kindOf(row.kind), moved };
    if (moved) moves.push([word.id, next, word.at, next === 'stored' ? null : word.at, word.detail]);
  }
  if (moves.length === 0) return;
  const table = tableOf(['text', 'text', 'bigint', 'bigint', 'text'], moves);
  await sql`update commands set
      state = v.column2,
      stored_at = coalesce(stored_at, v.column3),
      finished_at = v.column4,
      detail = v.column5
    from ${table} as v where id = v.column1`.execute(tx);
}

function kindOf(kind: string): Command['kind'] {
  return (
    commandSchema.options.map((option) => option.shape.kind.value).find((value) => value === kind) ?? unknownKind(kind)
  );
}

function unknownKind(kind: string): never {
  throw new Error(`the store holds a command of the unknown kind ${kind}`);
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
  };
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
