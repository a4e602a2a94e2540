/**
 * The exclusive lock of the one server that uses a store. Each server keeps connections, presence and verdicts in memory, so two servers
 * on one store would miss each other's changes.
 *
 * SQLite: an exclusive transaction on the file `cordon.lock` beside the database. PostgreSQL: an advisory lock of one session. Both end
 * with the process, also after kill -9.
 */
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import BetterSqlite3 from 'better-sqlite3';
import pg from 'pg';
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import type { DatabaseAddress } from './database.ts';
import { asStoreError } from './store-errors.ts';

export interface StoreLock {
  /** Why the store must not be used now, or null. PostgreSQL only: its session may end while the server runs. */
  refusal(): CordonError | null;
  release(): Promise<void>;
}

const holderSchema = z.object({ pid: z.int(), host: z.string(), since: z.string() });
type Holder = z.infer<typeof holderSchema>;

/**
 * Throws `store_locked` if another process holds the lock. `onLost` is called at most once, when the lock is lost and another process
 * has taken it: this server must stop.
 */
export function lockStore(address: DatabaseAddress, onLost: (error: CordonError) => void): Promise<StoreLock> {
  return 'file' in address ? lockFile(address.file) : lockPostgres(address.url, onLost);
}

const lockedBy = (holder: Holder | null): CordonError => {
  const who = holder
    ? `process ${holder.pid} on host ${holder.host}, since ${holder.since}`
    : 'another process, which has not given its name';
  const detail = `Another Cordon server uses this database: ${who}. Nothing was changed. Stop that server first, or give this server a database of its own.`;
  return new CordonError('store_locked', detail, { ...holder });
};

// --- SQLite ---------------------------------------------------------------------------------------------------------

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
    throw new CordonError('store_unavailable', `The lock file ${file} cannot be opened.`, { file }, error);
  }
  const held = connection;
  const holder: Holder = { pid: process.pid, host: hostname(), since: new Date().toISOString() };
  writeFileSync(names, `${JSON.stringify(holder)}\n`, { mode: 0o600 });
  return {
    refusal: () => null,
    release: async () => {
      // The name first: after the lock has ended, the file may be another server's.
      rmSync(names, { force: true });
      held.close();
    },
  };
}

function readHolder(file: string): Holder | null {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    // The holder has not written it yet, or it is unreadable. The lock alone decides.
    return null;
  }
}

// --- PostgreSQL -----------------------------------------------------------------------------------------------------

/** "CRDN". The second key is the schema, so that two schemas of one database are two stores. */
const LOCK_CLASS = 0x4352444e;
const SCHEMA_KEY = 'current_schema()::regnamespace::oid::int4';
/** The session of a server that has just been killed may live on for a moment. */
const START_WITHIN = 3_000;
const RETRY_EVERY = 500;
const BEAT_EVERY = 5_000;
const ANSWER_WITHIN = 5_000;
/** PostgreSQL ends the session of a host that has disappeared after 25 seconds instead of two hours. */
const KEEPALIVES = 'set tcp_keepalives_idle = 10; set tcp_keepalives_interval = 5; set tcp_keepalives_count = 3';

async function lockPostgres(url: string, onLost: (error: CordonError) => void): Promise<StoreLock> {
  const started = Date.now();
  let session: pg.Client | null = await takeSession(url);
  for (; session === null; session = await takeSession(url)) {
    if (Date.now() - started > START_WITHIN) throw lockedBy(await holderOf(url));
    await delay(RETRY_EVERY);
  }
  let released = false;
  let refusal: CordonError | null = null;
  let beat: NodeJS.Timeout | undefined;

  const watch = (client: pg.Client) => {
    session = client;
    refusal = null;
    let over = false;
    const lost = () => {
      if (over || released) return;
      over = true;
      clearInterval(beat);
      session = null;
      refusal = new CordonError(
        'store_unavailable',
        'The server has lost its lock on the database and takes it again. Try again in a moment.',
      );
      client.end().catch(ignore);
      void regain();
    };
    client.on('end', lost);
    client.on('error', lost);
    beat = setInterval(() => void client.query('select 1').catch(lost), BEAT_EVERY);
    beat.unref();
  };

  /** A database that cannot be reached takes no other server either, so this one waits. */
  const regain = async () => {
    while (!released) {
      try {
        const client = await takeSession(url);
        if (client && released) return void (await client.end());
        if (client) return watch(client);
        const error = lockedBy(await holderOf(url));
        refusal = error;
        return onLost(error);
      } catch {
        // Not reachable, or not yet: the reason does not matter, the next try may succeed.
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
      await session?.end().catch(ignore);
    },
  };
}

const ignore = (): void => undefined;

async function connectTo(url: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: url,
    // At most 63 bytes; a second server reads it in `pg_stat_activity`.
    application_name: `cordon ${process.pid} ${hostname()}`.slice(0, 63),
    connectionTimeoutMillis: 10_000,
    query_timeout: ANSWER_WITHIN,
    keepAlive: true,
  });
  // Errors of a query reach the caller of that query as well.
  client.on('error', ignore);
  try {
    await client.connect();
    return client;
  } catch (error) {
    throw asStoreError(error);
  }
}

/** Null if another session holds the lock. */
async function takeSession(url: string): Promise<pg.Client | null> {
  const client = await connectTo(url);
  try {
    await client.query(KEEPALIVES);
    const { rows } = await client.query(`select pg_try_advisory_lock($1, ${SCHEMA_KEY}) as taken`, [LOCK_CLASS]);
    if (rows[0].taken === true) return client;
  } catch (error) {
    await client.end().catch(ignore);
    throw asStoreError(error);
  }
  await client.end();
  return null;
}

async function holderOf(url: string): Promise<Holder | null> {
  const client = await connectTo(url);
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
