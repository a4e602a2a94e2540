/** SQL on one `node:sqlite` file: statements that are prepared once, and transactions that may be nested. Knows no table. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** Prepared once a file and shared by its devices. */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  #depth = 0;
  /** Deleted secrets may still be in the write-ahead log: also those that a process before this one deleted. */
  #logHolds = true;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  #prepare(text: string): StatementSync {
    const known = this.#prepared.get(text);
    if (known) return known;
    const prepared = this.#db.prepare(text);
    this.#prepared.set(text, prepared);
    return prepared;
  }

  run(text: string, ...values: (string | number | Uint8Array | null)[]): number {
    return Number(this.#prepare(text).run(...values).changes);
  }

  all(text: string, ...values: (string | number | Uint8Array | null)[]) {
    return this.#prepare(text).all(...values);
  }

  /** One row after another, for what is too much at once. */
  each(text: string, ...values: (string | number)[]) {
    // Not one of the shared statements: whoever asks for the same meanwhile would begin it anew.
    return this.#db.prepare(text).iterate(...values);
  }

  /**
   * Overwriting a row (`secure_delete`) leaves its older pages in the write-ahead log. This moves the log into the file and truncates it. A
   * reader in another process delays that until the next call. `more`: something was deleted since the last call.
   */
  emptyLog(more: boolean): void {
    this.#logHolds ||= more;
    if (!this.#logHolds || this.#depth > 0) return;
    const [result] = this.#db.prepare('pragma wal_checkpoint(truncate)').all();
    this.#logHolds = Number(result?.busy ?? 0) !== 0;
  }

  /** Nested calls join the outer transaction: everything in here is synchronous, so nothing else can come between. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    this.#db.exec('begin immediate');
    this.#depth = 1;
    try {
      const result = work();
      this.#db.exec('commit');
      return result;
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('rollback');
      throw error;
    } finally {
      this.#depth = 0;
    }
  }
}
