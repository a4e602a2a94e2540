/** The queue of commands. Every change of state is conditional on the state before (`server/commands/lifecycle.ts`). */
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import { type Command, commandSchema } from '../../shared/protocol/frames.ts';
import { type CommandId, commandIdSchema, type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type {
  CommandStore as CommandPort,
  CommandPosition,
  CommandRecord,
  CommandWord,
  NewCommand,
} from '../commands/commands.ts';
import { type CommandState, movedBy, step } from '../commands/lifecycle.ts';
import { roundsOf, tableOf } from './bulk.ts';
import type { Database, Tx } from './database.ts';
import { appendLeaf } from './leaves.ts';
import type { Schema } from './schema.ts';

type Answer = Awaited<ReturnType<CommandPort['word']>>;
interface Spoken {
  readonly word: CommandWord;
  answer: Answer;
}

export class CommandStore implements CommandPort {
  readonly #database: Database;
  readonly #speak: (spoken: Spoken) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.#speak = database.grouped(async (tx, rows: readonly Spoken[]) => {
      for (const round of roundsOf(rows, ({ word }) => word.id)) await storeWords(tx, round);
    });
  }

  insert(made: NewCommand, leaf: LeafDraft<'workspace.wipe'> | null): Promise<CommandRecord> {
    return this.#database.transaction(async (tx) => {
      const existing = await tx.selectFrom('commands').selectAll().where('id', '=', made.id).executeTakeFirst();
      if (existing) return recordOf(existing);
      const device = await tx
        .selectFrom('devices')
        .select(['status', 'generation'])
        .where('id', '=', made.device)
        .executeTakeFirst();
      if (!device) throw new CordonError('not_found', 'There is no such device.', { device: made.device });
      if (device.status !== 'active') {
        throw new CordonError('conflict', `The device is ${device.status}: it takes no commands.`, {
          device: made.device,
        });
      }
      const row: Schema['commands'] = {
        id: made.id,
        device_id: made.device,
        generation: device.generation,
        kind: made.command.kind,
        body: JSON.stringify(made.command),
        state: 'queued',
        created_by: made.createdBy,
        created_at: made.createdAt,
        expires_at: made.expiresAt,
        stored_at: null,
        finished_at: null,
        detail: null,
      };
      await tx.insertInto('commands').values(row).execute();
      if (leaf) await appendLeaf(tx, leaf);
      return recordOf(row);
    });
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
    return rows.map(recordOf);
  }

  async pending(device: DeviceId, generation: number, now: number): Promise<CommandRecord[]> {
    const rows = await this.#database.db
      .selectFrom('commands')
      .selectAll()
      .where('device_id', '=', device)
      .where('generation', '=', generation)
      .where('state', '=', 'queued')
      .where('expires_at', '>', now)
      .orderBy('created_at')
      .orderBy('id')
      .execute();
    return rows.map(recordOf);
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

/** For the store's verbs that end a device, inside their transaction. */
export async function cancelCommandsOf(tx: Tx, device: DeviceId, at: number, detail: string): Promise<void> {
  await tx
    .updateTable('commands')
    .set({ state: 'cancelled', finished_at: at, detail })
    .where('device_id', '=', device)
    .where('state', 'in', movedBy('ended'))
    .execute();
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

function recordOf(row: Schema['commands']): CommandRecord {
  return {
    id: commandIdSchema.parse(row.id),
    device: deviceIdSchema.parse(row.device_id),
    generation: row.generation,
    command: commandSchema.parse(JSON.parse(row.body)),
    state: row.state,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    storedAt: row.stored_at,
    finishedAt: row.finished_at,
    detail: row.detail,
  };
}
