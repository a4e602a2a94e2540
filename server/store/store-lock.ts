/**
 * Exclusive lock of the one server that uses a store. Each server caches connections, presence and verdicts, so two servers on one store
 * would miss each other's changes.
 * - SQLite: an exclusive transaction on the file `cordon.lock` beside the database.
 * - PostgreSQL: an advisory lock of one session.
 *
 * Both locks end with the process, also after kill -9.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import BetterSqlite3 from 'better-sqlite3';
import type { Client } from 'pg';
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import type { DatabaseAddress } from './database.ts';
import { SCHEMA_KEY, SESSION_NAME, trackConnections } from './postgres-sessions.ts';
import { asStoreError } from './store-errors.ts';

export interface StoreLock {
  /**
   * Error that every use of the store must throw; null while the lock is valid. Always null on SQLite, where the lock lasts as long as the
   * process.
   */
  refusal(): CordonError | null;
  release(): Promise<void>;
}

const holderSchema = z.object({ pid: z.int(), host: z.string(), since: z.string() });
type Holder = z.infer<typeof holderSchema>;

/** Events of the lock. They occur only on PostgreSQL, where the lock's session may end while the server runs. */
export interface LockEvents {
  /** The lock's session ended. Another server may use the store soon, so work in progress must no longer reach the store. */
  readonly onLost: () => void;
  /** Another process has acquired the lock, so this server must stop. Occurs at most once. */
  readonly onTakenOver: (error: CordonError) => void;
}

export function lockStore(address: DatabaseAddress, events: LockEvents): Promise<StoreLock> {
  return 'file' in address ? lockFile(address.file) : lockPostgres(address.url, events);
}

const lockedBy = (holder: Holder | null): CordonError => {
  const name = holder
    ? `process ${holder.pid} on host ${holder.host}, since ${holder.since}`
    : 'another process with an unknown name';
  const detail = `Another Cordon server uses this database: ${name}. Nothing was changed. Stop that server first, or give this server a database of its own.`;
  return new CordonError('store_locked', detail, { ...holder });
};

async function lockFile(database: string): Promise<StoreLock> {
  const file = join(dirname(resolve(database)), 'cordon.lock');
  const names = `${file}.json`;
  let connection: BetterSqlite3.Database | null = null;
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    connection = new BetterSqlite3(file, { timeout: 0 });
    chmodSync(file, 0o600);
    connection.exec('begin exclusive');
  } catch (error) {
    connection?.close();
    if (error instanceof BetterSqlite3.SqliteError && error.code.startsWith('SQLITE_BUSY')) {
      throw lockedBy(readHolder(names));
    }
    throw new CordonError('store_unavailable', `The server cannot open the lock file ${file}.`, { file }, error);
  }
  const locked = connection;
  const holder: Holder = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  writeFileSync(names, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  return {
    refusal: () => null,
    release: async () => {
      // The file with the server's name is removed before the lock ends. Afterward, it may belong to another server.
      rmSync(names, { force: true });
      locked.close();
    },
  };
}

function readHolder(file: string): Holder | null {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // The process with the lock may not have written its name yet, or the file may be unreadable. The name serves only for messages.
    return null;
  }
}

/** First key of the advisory lock: the letters "CRDN". */
const LOCK_CLASS = 0x4352444e;
/** Maximum milliseconds for which a starting server waits until the session of a killed server ends. */
const START_WITHIN = 3_000;
const RETRY_EVERY = 500;
const BEAT_EVERY = 5_000;
const ANSWER_WITHIN = 5_000;
/**
 * PostgreSQL ends the session of an unreachable host after 25 seconds: by keepalives on an idle connection, and by the user timeout on a
 * connection with unacknowledged data. With PostgreSQL's defaults, this would take minutes or hours.
 */
const KEEPALIVES =
  'set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3; set tcp_user_timeout = 25000';
const END_WITHIN = 5_000;

interface Session {
  readonly client: Client;
  /** The process id of the PostgreSQL backend may later belong to another session, so the start time is compared too. */
  readonly backend: { readonly pid: number; readonly started: string };
  reset(): void;
}

async function lockPostgres(url: string, { onLost, onTakenOver }: LockEvents): Promise<StoreLock> {
  const started = Date.now();
  let session: Session | null = await acquireSession(url);
  for (; session === null; session = await acquireSession(url)) {
    if (Date.now() - started > START_WITHIN) throw lockedBy(await holderOf(url));
    await delay(RETRY_EVERY);
  }
  let released = false;
  let refusal: CordonError | null = null;
  let beat: NodeJS.Timeout | undefined;

  const watch = (acquired: Session) => {
    const { client } = acquired;
    session = acquired;
    refusal = null;
    let over = false;
    const lost = () => {
      if (over || released) return;
      over = true;
      clearInterval(beat);
      session = null;
      refusal = new CordonError(
        'store_unavailable',
        'The server has lost its lock on the database, and acquires it again. Try again in a moment.',
      );
      acquired.reset();
      onLost();
      void regain(acquired);
    };
    client.on('end', lost);
    client.on('error', lost);
    beat = setInterval(() => void client.query('select 1').catch(lost), BEAT_EVERY);
    beat.unref();
  };

  /** If the database is unreachable, no other server can use it either, so this server waits. */
  const regain = async (before: Session) => {
    while (!released) {
      try {
        // PostgreSQL may still consider the lost connection open. Its lock would then exclude this server, so its session is ended.
        await endSession(url, before);
        const acquired = await acquireSession(url);
        if (acquired && released) return void (await acquired.client.end());
        if (acquired) return watch(acquired);
        const error = lockedBy(await holderOf(url));
        refusal = error;
        return onTakenOver(error);
      } catch {
        // The database is unreachable, or another session still has the lock. The next attempt may succeed.
        await delay(RETRY_EVERY, undefined, { ref: false });
      }
    }
  };

  watch(session);
  return {
    refusal: () => refusal,
    release: async () => {
      released = true;
      clearInterval(beat);
      await session?.client.end().catch(ignore);
    },
  };
}

const ignore = (): void => undefined;

async function connectTo(url: string): Promise<Omit<Session, 'backend'>> {
  const { default: pg } = await import('pg');
  const { open, reset } = trackConnections();
  const client = new pg.Client({
    connectionString: url,
    stream: open,
    // Name of the session, at most 63 bytes. A second server reads the name in `pg_stat_activity`.
    application_name: `cordon ${process.pid} ${hostname()}`.slice(0, 63),
    connectionTimeoutMillis: 10_000,
    query_timeout: ANSWER_WITHIN,
    keepAlive: true,
  });
  // The error event is ignored, because the caller of the query also gets the error.
  client.on('error', ignore);
  try {
    await client.connect();
    return { client, reset };
  } catch (error) {
    reset();
    throw asStoreError(error);
  }
}

/**
 * Acquires the lock in a session. Returns null if another session has the lock. Resolves when no session of an earlier lock holder can
 * change the store any more.
 */
async function acquireSession(url: string): Promise<Session | null> {
  const { client, reset } = await connectTo(url);
  try {
    await client.query(KEEPALIVES);
    const { rows } = await client.query(
      `select pg_try_advisory_lock($1, ${SCHEMA_KEY}) as acquired, pid, backend_start::text as started
       from pg_stat_activity where pid = pg_backend_pid()`,
      [LOCK_CLASS],
    );
    const [{ acquired, pid, started }] = rows;
    if (acquired === true) {
      await endOldSessions(client);
      return { client, reset, backend: { pid, started } };
    }
  } catch (error) {
    reset();
    throw asStoreError(error);
  }
  await client.end();
  return null;
}

/**
 * Ends the sessions of the earlier lock holder. A server that lost its network or was suspended may have an open transaction, and could
 * commit it after this server has read the store.
 */
async function endOldSessions(client: Client): Promise<void> {
  const old = `from pg_stat_activity where datname = current_database() and usename = current_user and application_name = ${SESSION_NAME}`;
  const begun = Date.now();
  for (let rows = await remaining(); rows > 0; rows = await remaining()) {
    if (Date.now() - begun > END_WITHIN) {
      throw new CordonError(
        'store_unavailable',
        'Sessions of an earlier server on this database do not end. End them in PostgreSQL, or start again later.',
      );
    }
    await delay(RETRY_EVERY / 10);
  }
  async function remaining(): Promise<number> {
    return (await client.query(`select pg_terminate_backend(pid) ${old}`)).rowCount ?? 0;
  }
}

async function endSession(url: string, { backend }: Session): Promise<void> {
  const { client, reset } = await connectTo(url);
  try {
    const begun = Date.now();
    const still = 'from pg_stat_activity where pid = $1 and backend_start::text = $2';
    const ended = () => client.query(`select pg_terminate_backend(pid) ${still}`, [backend.pid, backend.started]);
    while ((await ended()).rowCount && Date.now() - begun < END_WITHIN) await delay(RETRY_EVERY / 10);
    await client.end();
  } catch (error) {
    reset();
    throw asStoreError(error);
  }
}

async function holderOf(url: string): Promise<Holder | null> {
  const { client } = await connectTo(url);
  try {
    const { rows } = await client.query(
      `select a.application_name as name, a.backend_start as since
       from pg_locks l join pg_stat_activity a on a.pid = l.pid
       where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.classid = $1 and l.objid = ${SCHEMA_KEY}
         and l.database = (select oid from pg_database where datname = current_database())`,
      [LOCK_CLASS],
    );
    const [, pid, host] = /^cordon (\d+) (.+)$/.exec(rows[0]?.name ?? '') ?? [];
    if (pid === undefined || host === undefined) return null;
    return { pid: Number(pid), host, since: new Date(rows[0].since).toISOString() };
  } finally {
    await client.end().catch(ignore);
  }
}
