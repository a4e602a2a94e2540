import type { DatabaseSync, StatementSync } from 'node:sqlite';

export type Value = string | number | Uint8Array | null;

/** Prepared statements and nested transactions for one `node:sqlite` file. All devices in the file share them. */
export class Statements {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  #depth = 0;
  /** The write-ahead log may contain deleted secrets, including those of an earlier process. */
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

  /** Reads the rows of a large result one after another. */
  each(text: string, ...values: (string | number)[]) {
    // The statement is not shared: if another caller ran it during the iteration, the iteration would start again.
    return this.#db.prepare(text).iterate(...values);
  }

  /**
   * Moves the write-ahead log into the file and truncates the log. Overwritten rows (`secure_delete`) leave their older pages in the log.
   * If a reader in another process prevents this, the next call tries again. `more`: the device has deleted something since the last call.
   */
  emptyLog(more: boolean): void {
    this.#logHolds ||= more;
    if (!this.#logHolds || this.#depth > 0) return;
    this.#logHolds = !this.checkpoint();
  }

  /** Moves the write-ahead log into the file and truncates the log. Returns false if a reader in another process prevents this. */
  checkpoint(): boolean {
    const [result] = this.#db.prepare('pragma wal_checkpoint(truncate)').all();
    return Number(result?.busy ?? 0) === 0;
  }

  get inTransaction(): boolean {
    return this.#depth > 0;
  }

  /** Nested calls join the outer transaction. The work is synchronous, so no other work runs in the same transaction. */
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
