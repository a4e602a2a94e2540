/**
 * How long each kind of record is kept: one table, run every hour in small slices. What is not in it is kept: the ledger, receipts,
 * orders, certificates and who is there now; and what is a device's, while a legal hold stands on it. SECURITY.md shows the same table, and a test holds
 * it to this one.
 */
import { type RawBuilder, sql } from 'kysely';
import type { Clock } from '../../shared/time/clock.ts';
import type { Database } from './database.ts';
import { HELD_DEVICES } from './held-devices.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Rows in one statement: others write between two of them. */
const SLICE = 500;

interface Kept {
  readonly what: string;
  readonly table: string;
  /** Its columns, as SQL. */
  readonly key: string;
  /** How long, counted from `since`; or how many, the newest by key. */
  readonly days?: number;
  readonly newest?: number;
  /** SQL; a row whose answer is null stays. */
  readonly since?: string;
  /** Which of the two times `since` is in. */
  readonly time?: 'domain' | 'real';
  /** Which rows a legal hold keeps. */
  readonly held?: RawBuilder<boolean>;
}

/** Rows whose column names a device that a hold stands on. */
const ofHeldDevice = (column: string) => sql<boolean>`coalesce(${sql.ref(column)} in ${HELD_DEVICES}, false)`;
/** What a held device was is told by its group's past too. */
const OF_HELD_DEVICES_GROUP = sql<boolean>`group_id in (select group_id from device_history where device_id in ${HELD_DEVICES})`;

/**
 * `evidenceDays`: how long what a past verdict is explained from is kept. It is 32 days longer than explanations reach back, since the first of them
 * are worked out from what came before (`server/jurisdiction/past.ts`).
 */
export const retention = (evidenceDays: number): readonly Kept[] => [
  {
    what: 'evidence of where devices are',
    table: 'evidence',
    key: 'id',
    since: 'at',
    days: evidenceDays,
    time: 'domain',
    held: ofHeldDevice('device_id'),
  },
  {
    what: 'to what a device belonged, from its change',
    table: 'device_history',
    key: 'id',
    since: 'until_at',
    days: evidenceDays,
    time: 'domain',
    held: ofHeldDevice('device_id'),
  },
  {
    what: "a group's name, home and seat, from their change",
    table: 'group_history',
    key: 'id',
    since: 'until_at',
    days: evidenceDays,
    time: 'domain',
    held: OF_HELD_DEVICES_GROUP,
  },
  {
    what: 'finished commands',
    table: 'commands',
    key: 'id',
    since: 'finished_at',
    days: 400,
    time: 'real',
    held: ofHeldDevice('device_id'),
  },
  {
    what: 'alarms',
    table: 'alarms',
    key: 'id',
    since: 'at',
    days: 400,
    time: 'domain',
    held: ofHeldDevice('device_id'),
  },
  { what: 'sessions, from their end', table: 'sessions', key: 'hash', since: 'expires_at', days: 30, time: 'real' },
  { what: 'API tokens, from their end', table: 'api_tokens', key: 'id', since: 'expires_at', days: 30, time: 'real' },
  {
    what: 'invitations, from their use or end',
    table: 'invitations',
    key: 'hash',
    since: 'coalesce(used_at, expires_at)',
    days: 30,
    time: 'real',
  },
  {
    what: 'activation codes, from their use or end',
    table: 'activation_codes',
    key: 'id',
    since: 'coalesce(used_at, cancelled_at, expires_at)',
    days: 30,
    time: 'real',
    held: ofHeldDevice('id'),
  },
  // A body that waits keeps its row, whatever its age.
  {
    what: 'answers to posts',
    table: 'posts',
    key: 'id',
    since: 'body is null and at',
    days: 7,
    time: 'domain',
    held: ofHeldDevice('device_id'),
  },
  {
    what: 'who committed in which epoch of a conversation',
    table: 'conversation_epochs',
    key: 'conversation, epoch',
    since: 'at',
    days: 90,
    time: 'domain',
    held: ofHeldDevice('device_id'),
  },
  // The newest epoch stays for as long as the conversation has a member, however long nothing changes in it.
  {
    what: 'conversations in which no enrollment is active any more',
    table: 'conversations',
    key: 'conversation',
    since: `not exists (select 1 from conversation_members m join devices d on d.id = m.device_id and d.generation = m.generation
      where m.conversation = conversations.conversation and d.status = 'active') and at`,
    days: 90,
    time: 'domain',
    held: ofHeldDevice('begun_by'),
  },
  {
    what: 'members of conversations that were removed',
    table: 'conversation_members',
    key: 'conversation, device_id',
    since: `not exists (select 1 from conversations c where c.conversation = conversation_members.conversation) and cast(0 as bigint)`,
    days: 0,
    time: 'domain',
  },
  {
    what: 'attachments',
    table: 'attachments',
    key: 'id',
    since: 'at',
    days: 30,
    time: 'domain',
    held: ofHeldDevice('device_id'),
  },
  {
    what: "documents of instruments that no order's revision names",
    table: 'order_documents',
    key: 'sha256',
    since: 'named = 0 and uploaded_at',
    days: 30,
    time: 'domain',
  },
  {
    what: 'from whom an exit waits for a word, from its last look',
    table: 'exit_awaited',
    key: 'order_number, revision, device_id, generation',
    since: 'seen',
    days: 30,
    time: 'domain',
  },
  { what: 'order lists', table: 'order_lists', key: 'version', newest: 1000 },
];

/** Removes what has been kept long enough. Returns how many rows of each table went. */
export async function removeExpired(
  database: Database,
  now: { readonly domain: number; readonly real: number },
  evidenceDays: number,
): Promise<Record<string, number>> {
  const removed: Record<string, number> = {};
  for (const kept of retention(evidenceDays)) {
    const past = pastKeeping(kept, now);
    const [table, key] = [sql.table(kept.table), sql.raw(kept.key)];
    let count = 0;
    for (let gone = SLICE; gone === SLICE; ) {
      const slice = sql`delete from ${table} where (${key}) in (select ${key} from ${table} where ${past} limit ${SLICE})`;
      gone = await database.transaction(async (tx) => Number((await slice.execute(tx)).numAffectedRows ?? 0));
      count += gone;
    }
    removed[kept.table] = count;
  }
  return removed;
}

function pastKeeping(
  { table, key, days = 0, newest, since = '', time = 'real', held = sql<boolean>`false` }: Kept,
  now: { readonly domain: number; readonly real: number },
): RawBuilder<unknown> {
  if (newest === undefined) return sql`${sql.raw(since)} < ${now[time] - days * DAY} and not ${held}`;
  return sql`${sql.ref(key)} <= (select max(${sql.ref(key)}) from ${sql.table(table)}) - ${newest}`;
}

/** Every hour from the start on. Returns what stops it; it resolves when the run that is under way has ended. */
export function keepRetention(
  database: Database,
  clock: Clock,
  evidenceDays: number,
  failed: (error: unknown) => void,
): () => Promise<void> {
  let running: Promise<unknown> = Promise.resolve();
  const run = () => {
    running = removeExpired(database, { domain: clock.now(), real: Date.now() }, evidenceDays).catch(failed);
  };
  const timer = setInterval(run, HOUR).unref();
  return async () => {
    clearInterval(timer);
    await running;
  };
}
