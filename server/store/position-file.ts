/**
 * SQLite file with the positions of devices in lost mode, apart from the store, also with a store on PostgreSQL (ADR 77). No backup contains
 * the file. `secure_delete` overwrites deleted rows, and a truncated write-ahead log keeps none.
 */
import { chmodSync, closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import type { LostModeId } from '../../shared/protocol/ids.ts';
import type { PositionFile as Port, SealedPosition } from '../lost-mode/ports.ts';

const rowSchema = z.strictObject({ at: z.int(), sealed: z.string() });

export class PositionFile implements Port {
  readonly #connection: BetterSqlite3.Database;

  /** `path`: `:memory:` for tests. */
  constructor(path: string) {
    this.#connection = connect(path);
  }

  open(modes: readonly LostModeId[]): void {
    this.#connection
      .prepare('insert into modes (mode) select value from json_each(?) where true on conflict do nothing')
      .run(JSON.stringify(modes));
  }

  add(mode: LostModeId, { at, sealed }: SealedPosition, most: number): void {
    const insert = this.#connection.prepare(
      `insert into positions (mode, at, sealed) select mode, ?, ? from modes where mode = ?
        on conflict (mode, at) do update set sealed = excluded.sealed`,
    );
    const trim = this.#connection.prepare(
      `delete from positions where mode = ? and at not in
        (select at from positions where mode = ? order by at desc limit ?)`,
    );
    this.#connection.transaction(() => {
      insert.run(at, sealed, mode);
      trim.run(mode, mode, most);
    })();
  }

  list(mode: LostModeId): readonly SealedPosition[] {
    return this.#connection
      .prepare('select at, sealed from positions where mode = ? order by at desc')
      .all(mode)
      .map((row) => rowSchema.parse(row));
  }

  keepOnly(modes: readonly LostModeId[]): void {
    this.#remove('mode not in (select value from json_each(?))', JSON.stringify(modes));
  }

  destroy(modes: readonly LostModeId[]): void {
    this.#remove('mode in (select value from json_each(?))', JSON.stringify(modes));
  }

  close(): void {
    this.#connection.close();
  }

  #remove(condition: string, value: string): void {
    const { changes } = this.#connection.transaction(() => {
      this.#connection.prepare(`delete from positions where ${condition}`).run(value);
      return this.#connection.prepare(`delete from modes where ${condition}`).run(value);
    })();
    // The write-ahead log still contains the deleted rows. The checkpoint empties the log.
    if (changes > 0) this.#connection.pragma('wal_checkpoint(TRUNCATE)');
  }
}

function connect(path: string): BetterSqlite3.Database {
  try {
    if (path !== ':memory:') {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      closeSync(openSync(path, 'a', 0o600));
      chmodSync(path, 0o600);
    }
    const connection = new BetterSqlite3(path);
    connection.pragma('journal_mode = WAL');
    connection.pragma('synchronous = FULL');
    connection.pragma('secure_delete = ON');
    connection.exec(`create table if not exists modes (mode text primary key) without rowid;
      create table if not exists positions (mode text not null, at integer not null, sealed text not null,
        primary key (mode, at)) without rowid`);
    return connection;
  } catch (error) {
    throw new CordonError(
      'store_unavailable',
      `The server cannot open the file of positions ${path}.`,
      { path },
      error,
    );
  }
}
