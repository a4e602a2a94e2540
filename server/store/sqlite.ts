/** Opens the SQLite file: one connection, write-ahead log, every commit synced to disk. */
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { SqliteDialect, type SqliteStatement } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { Opened } from './database.ts';

/** Kysely prepares at every query; SQLite's own parse costs more than most of our reads. */
const STATEMENTS = 500;
/** Longer texts are multi-row inserts, whose number of rows rarely repeats. */
const LONGEST_KEPT = 2_000;

export function openSqlite(path: string): Opened {
  const file = resolve(path);
  const connection = connect(file);
  const statements = new Map<string, SqliteStatement>();
  const prepare = (sql: string): SqliteStatement => {
    const kept = statements.get(sql);
    if (kept) return kept;
    const statement = connection.prepare<unknown[]>(hidingValues(sql));
    if (sql.length <= LONGEST_KEPT) {
      if (statements.size >= STATEMENTS) statements.clear();
      statements.set(sql, statement);
    }
    return statement;
  };
  return { dialect: new SqliteDialect({ database: { prepare, close: () => connection.close() } }), file };
}

/**
 * SQLite is built with STAT4 here and looks at a query's values to plan it, so it plans a join anew each time they change: 30 µs instead of
 * 5. Every plan of ours is right for all values; behind a subquery the planner cannot see them.
 */
function hidingValues(sql: string): string {
  return sql.startsWith('select') ? sql.replace(/([=<>]) \?/g, '$1 (select ?)') : sql;
}

function connect(file: string): BetterSqlite3.Database {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // SQLite gives its log and index files the mode of the database file, so it is set before they exist.
    closeSync(openSync(file, 'a', 0o600));
    chmodSync(file, 0o600);
    const connection = new BetterSqlite3(file);
    connection.pragma('journal_mode = WAL');
    connection.pragma('synchronous = FULL');
    connection.pragma('foreign_keys = ON');
    connection.pragma('busy_timeout = 5000');
    // What would take a statement of many rows back if it failed half-way is else written to a file of its own.
    connection.pragma('temp_store = MEMORY');
    // In pages, 16 MB: four times as many as without, since a page that changes often is carried over once for all its changes.
    connection.pragma('wal_autocheckpoint = 4000');
    return connection;
  } catch (error) {
    throw new CordonError('store_unavailable', `The database ${file} cannot be opened.`, { file }, error);
  }
}
