/**
 * Opens SQLite or PostgreSQL, migrates the database, and offers transactions and grouped writes (rows that share a commit). Both behave the
 * same on the two databases. Code outside `server/store` imports only the types and the functions that open the database.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Kysely, type Transaction } from 'kysely';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { CertificateCache, watchEnrollments } from './certificate-cache.ts';
import type { DialectName } from './dialect.ts';
import { guarded } from './guarded-dialect.ts';
import { migrate, readMigrationState } from './migrate.ts';
import { openPostgres } from './postgres.ts';
import type { Schema } from './schema.ts';
import { openSqlite } from './sqlite.ts';
import { isRetryable } from './store-errors.ts';
import { createWriteGroups, type WriteGroups } from './write-groups.ts';

export type Db = Kysely<Schema>;
export type Tx = Transaction<Schema>;

export type QueryListener = (kind: 'read' | 'write', milliseconds: number) => void;

export interface Database {
  /** Connection for reads, and for single writes without a ledger entry. Throws inside a transaction: use the transaction's `tx` there. */
  readonly db: Db;
  readonly dialect: DialectName;
  readonly file: string | null;
  /**
   * Runs `fn` in a serializable transaction.
   * - PostgreSQL may repeat `fn` after a serialization failure, so all effects of `fn` must go through `tx`.
   * - `fn` must await nothing except `tx`, because on SQLite the whole store waits for the transaction.
   */
  transaction<T>(fn: (tx: Tx) => Promise<T>): Promise<T>;
  readonly grouped: WriteGroups['grouped'];
  readonly certificates: CertificateCache;
  /** Calls `listener` when the server loses its lock on the store. Another server may then change the store, so caches must be emptied. */
  onReset(listener: () => void): void;
  onQuery(listener: QueryListener): void;
  /** Commits the rows that wait for a shared transaction (`grouped`), then closes the database. */
  close(): Promise<void>;
}

/** Maximum attempts for a PostgreSQL transaction that fails because of a serialization failure or a deadlock. */
const ATTEMPTS = 8;

export type DatabaseAddress = { readonly file: string } | { readonly url: string };

/** Database before its first write. The server makes further checks, and then calls `migrate`. */
export interface ConnectedDatabase {
  /** Connection to the database. Before `migrate` resolves, only read from it, and only if `empty` is false. */
  readonly database: Database;
  readonly empty: boolean;
  migrate(): Promise<void>;
  /** Empties caches and ends the connections to PostgreSQL. Queries in progress fail, and unsent data is discarded. */
  reset(): void;
}

/** Connects and migrates at once. The server uses `connectDatabase` instead, to make further checks before the first write. */
export async function openDatabase(where: DatabaseAddress): Promise<Database> {
  const { database, migrate } = await connectDatabase(where);
  await migrate();
  return database;
}

/**
 * Connects without writing. Throws `store_unavailable`, or `store_incompatible` for a database of an incompatible version of Cordon. While
 * `refusal` returns an error, each use of the store throws this error.
 */
export async function connectDatabase(
  where: DatabaseAddress,
  refusal: () => CordonError | null = () => null,
): Promise<ConnectedDatabase> {
  const name: DialectName = 'file' in where ? 'sqlite' : 'postgres';
  const opened = 'file' in where ? openSqlite(where.file) : await openPostgres(where.url);
  const scope = new AsyncLocalStorage<{ open: boolean }>();
  const queryListeners: QueryListener[] = [];
  const db = new Kysely<Schema>({
    log: ({ query, queryDurationMillis }) => {
      const kind =
        query.query.kind === 'SelectQueryNode' || query.sql.trimStart().startsWith('select') ? 'read' : 'write';
      for (const listener of queryListeners) listener(kind, queryDurationMillis);
    },
    dialect: guarded(opened.dialect, () => {
      if (scope.getStore()?.open) throw new Error('inside a transaction, use its tx');
      const refused = refusal();
      if (refused) throw refused;
    }),
  });

  const certificates = new CertificateCache();
  const resetListeners: (() => void)[] = [() => certificates.clear()];

  /** Runs `work` in a transaction whose commit is synced to disk, or without a sync on the databases that offer this. */
  function execute<T>(sync: boolean, work: (tx: Tx) => Promise<T>): Promise<T> {
    const { syncCommits } = opened;
    if (name === 'postgres') return db.transaction().setIsolationLevel('serializable').execute(work);
    if (sync || syncCommits === null) return db.transaction().execute(work);
    // The transaction holds the only connection, so that no other transaction runs without a sync meanwhile.
    return db.connection().execute(async (connection) => {
      syncCommits(false);
      try {
        return await connection.transaction().execute(work);
      } finally {
        syncCommits(true);
      }
    });
  }

  async function once<T>(fn: (tx: Tx) => Promise<T>, sync: boolean): Promise<T> {
    const changing = new Set<DeviceId>();
    let outcome: 'committed' | 'undone' | 'doubtful' = 'undone';
    const work = execute(sync, async (tx) => {
      const inside = { open: true };
      watchEnrollments(tx, (device) => {
        if (changing.has(device)) return;
        changing.add(device);
        certificates.begin(device);
      });
      try {
        const result = await scope.run(inside, () => fn(tx));
        outcome = 'doubtful';
        return result;
      } finally {
        inside.open = false;
      }
    });
    try {
      const result = await work;
      outcome = 'committed';
      return result;
    } finally {
      for (const device of changing) certificates.end(device, outcome);
    }
  }

  async function transaction<T>(fn: (tx: Tx) => Promise<T>, { sync } = { sync: true }): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(fn, sync);
      } catch (error) {
        if (!isRetryable(error)) throw error;
        if (attempt === ATTEMPTS) {
          throw new CordonError('store_unavailable', 'The database is too busy. Try again.', {}, error);
        }
        await delay(Math.random() * 5 * 2 ** attempt);
      }
    }
  }

  const groups = createWriteGroups(transaction, () => scope.getStore()?.open === true);
  const database: Database = {
    db,
    dialect: name,
    file: opened.file,
    transaction: (fn) => transaction(fn),
    grouped: groups.grouped,
    certificates,
    onReset: (listener) => void resetListeners.push(listener),
    onQuery: (listener) => void queryListeners.push(listener),
    close: async () => {
      await groups.drain();
      await db.destroy();
    },
  };
  const orClose = async <T>(work: Promise<T>, detail: string): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      await db.destroy();
      if (isCordonError(error)) throw error;
      throw new CordonError('store_unavailable', detail, {}, error);
    }
  };
  const state = await orClose(readMigrationState(db, name), 'The server cannot read the tables of the database.');
  return {
    database,
    empty: state.applied.length === 0,
    migrate: () => orClose(migrate(db, name), 'The server could not migrate the database to this version.'),
    reset: () => {
      for (const listener of resetListeners) listener();
      opened.reset();
    },
  };
}
