/**
 * The one way to the tables: opens SQLite or PostgreSQL, brings it to this version, and gives transactions and grouped writes that
 * mean the same on both. It knows no table. Nothing outside `server/store` may import it for more than its types and `openDatabase`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { type Dialect, Kysely, type Transaction } from 'kysely';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { guarded } from './guarded-dialect.ts';
import { migrate, readMigrationState } from './migrate.ts';
import { openPostgres } from './postgres.ts';
import type { Schema } from './schema.ts';
import { openSqlite } from './sqlite.ts';
import { isRetryable } from './store-errors.ts';
import { createWriteGroups } from './write-groups.ts';

export type DialectName = 'sqlite' | 'postgres';
export type Db = Kysely<Schema>;
export type Tx = Transaction<Schema>;

export type QueryListener = (kind: 'read' | 'write', milliseconds: number) => void;

export interface Database {
  /** For reads, and for single writes that need no leaf. Inside a transaction use its `tx`: `db` throws there. */
  readonly db: Db;
  readonly dialect: DialectName;
  /** The file behind SQLite; null on PostgreSQL. */
  readonly file: string | null;
  /**
   * Serialisable on both dialects. `fn` may run more than once (PostgreSQL's serialisation failures), so it must have no effect
   * but through `tx`, and must wait for nothing but `tx`: on SQLite everybody else waits for it.
   */
  transaction<T>(fn: (tx: Tx) => Promise<T>): Promise<T>;
  /**
   * Makes a writer whose rows share one transaction with those of all other grouped writers. Its promise resolves after the
   * COMMIT is on disk. When a flush fails, its rows are tried again one by one, so that a bad row fails alone: `write` may
   * therefore run more than once for the same rows. With `patience`, in milliseconds, a row waits so long for others to share its
   * commit, unless a writer that has none commits before.
   */
  grouped<Row>(write: (tx: Tx, rows: readonly Row[]) => Promise<void>, patience?: number): (row: Row) => Promise<void>;
  /** `listener` is told the duration of every query from now on. */
  onQuery(listener: QueryListener): void;
  /** Flushes what is grouped and closes. */
  close(): Promise<void>;
}

/** How often a serialisation failure or deadlock of PostgreSQL is tried again before it is told. */
const ATTEMPTS = 8;

export interface Opened {
  readonly dialect: Dialect;
  readonly file: string | null;
}

export type DatabaseAddress = { readonly file: string } | { readonly url: string };

/** A database before its first write. The server checks it, and then calls `migrate`. */
export interface ConnectedDatabase {
  /** Until `migrate` has resolved, use it only to read, and only if `empty` is false. */
  readonly database: Database;
  /** True if the database has no tables yet. */
  readonly empty: boolean;
  /** Brings the tables to this version. */
  migrate(): Promise<void>;
}

/** Connects, and migrates. The server connects with `connectDatabase`, since it checks more before the first write. */
export async function openDatabase(where: DatabaseAddress): Promise<Database> {
  const { database, migrate } = await connectDatabase(where);
  await migrate();
  return database;
}

/**
 * Connects without a write. Throws `store_unavailable`, or `store_incompatible` if another version made the database. While `refusal`
 * returns an error, each use of the store throws it.
 */
export async function connectDatabase(
  where: DatabaseAddress,
  refusal: () => CordonError | null = () => null,
): Promise<ConnectedDatabase> {
  const name: DialectName = 'file' in where ? 'sqlite' : 'postgres';
  const opened = 'file' in where ? openSqlite(where.file) : openPostgres(where.url);
  const scope = new AsyncLocalStorage<{ open: boolean }>();
  let queried: QueryListener | null = null;
  const db = new Kysely<Schema>({
    log: ({ query, queryDurationMillis }) => {
      queried?.(
        query.query.kind === 'SelectQueryNode' || query.sql.trimStart().startsWith('select') ? 'read' : 'write',
        queryDurationMillis,
      );
    },
    dialect: guarded(opened.dialect, () => {
      if (scope.getStore()?.open) throw new Error('inside a transaction the store is reached through its tx alone');
      const refused = refusal();
      if (refused) throw refused;
    }),
  });

  async function once<T>(fn: (tx: Tx) => Promise<T>): Promise<T> {
    const builder = db.transaction();
    const serial = name === 'postgres' ? builder.setIsolationLevel('serializable') : builder;
    return serial.execute(async (tx) => {
      const inside = { open: true };
      try {
        return await scope.run(inside, () => fn(tx));
      } finally {
        inside.open = false;
      }
    });
  }

  async function transaction<T>(fn: (tx: Tx) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(fn);
      } catch (error) {
        if (!isRetryable(error)) throw error;
        if (attempt === ATTEMPTS) {
          throw new CordonError('store_unavailable', 'The database is too busy; try again.', {}, error);
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
    transaction,
    grouped: groups.grouped,
    onQuery: (listener) => {
      queried = listener;
    },
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
  const state = await orClose(readMigrationState(db, name), 'The tables of the database cannot be read.');
  return {
    database,
    empty: state.applied.length === 0,
    migrate: () => orClose(migrate(db, name), 'The database could not be brought to this version.'),
  };
}
