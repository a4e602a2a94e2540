/**
 * The floor's store: one table, one prepared statement, and one commit for all frames of a turn of the event loop. Its SQLite settings are
 * those of the server's store.
 */
import { join } from 'node:path';
import Database from 'better-sqlite3';

interface Row {
  readonly connection: string;
  readonly body: string;
  /** Callback after the commit. */
  readonly stored: () => void;
}

export class FloorStore {
  readonly #database: Database.Database;
  readonly #commit: (rows: readonly Row[]) => void;
  #rows: Row[] = [];

  constructor(folder: string) {
    this.#database = new Database(join(folder, 'floor.db'));
    this.#database.pragma('journal_mode = WAL');
    this.#database.pragma('synchronous = FULL');
    this.#database.exec('CREATE TABLE frames (connection TEXT NOT NULL, body TEXT NOT NULL)');
    const insert = this.#database.prepare('INSERT INTO frames (connection, body) VALUES (?, ?)');
    this.#commit = this.#database.transaction((rows: readonly Row[]) => {
      for (const { connection, body } of rows) insert.run(connection, body);
    });
  }

  add(row: Row): void {
    if (this.#rows.push(row) === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const rows = this.#rows;
    this.#rows = [];
    this.#commit(rows);
    for (const { stored } of rows) stored();
  }
}
