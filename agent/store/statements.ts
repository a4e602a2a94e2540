import type { DatabaseSync, StatementSync } from 'node:sqlite';

export type Value = string | number | Uint8Array | null;

/** Prepared statements and nested transactions on one `node:sqlite` file, shared by the devices in it. */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  #depth = 0;
  /** The write-ahead log may contain deleted secrets, also from an earlier process. */
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

  run(text: string, ...values: Value[]): number {
    return Number(this.#prepare(text).run(...values).changes);
  }

  all(text: string, ...values: Value[]) {
    return this.#prepare(text).all(...values);
  }

  /** Streams rows of a large result. */
  each(text: string, ...values: (string | number)[]) {
    // A shared statement would restart if another caller used it during the iteration.
    return this.#db.prepare(text).iterate(...values);
  }

  /**
   * Moves the log into the file and truncates the log, because overwritten rows (`secure_delete`) leave their older pages there. A reader
   * in another process delays this until the next call. `more`: the device deleted something since the last call.
   */
  emptyLog(more: boolean): void {
    this.#logHolds ||= more;
    if (!this.#logHolds || this.#depth > 0) return;
    this.#logHolds = !this.checkpoint();
  }

  /** Moves the log into the file and truncates the log. Returns false when a reader in another process prevents the move. */
  checkpoint(): boolean {
    const [result] = this.#db.prepare('pragma wal_checkpoint(truncate)').all();
    return Number(result?.busy ?? 0) === 0;
  }

  get inTransaction(): boolean {
    return this.#depth > 0;
  }

  /** Nested calls join the outer transaction. All work is synchronous, so no other work can interfere. */
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
