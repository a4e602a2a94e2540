import type { DatabaseSync, StatementSync } from 'node:sqlite';

export type Value = string | number | Uint8Array | null;

export class Statements {
  readonly #db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>();
  #depth = 0;
  /** True if the write-ahead log may contain deleted secrets, also from an earlier process. */
  #logMayHaveSecrets = true;

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

  each(text: string, ...values: (string | number)[]) {
    // This iteration needs its own prepared statement: if another caller ran a shared statement, the iteration would start again.
    return this.#db.prepare(text).iterate(...values);
  }

  /**
   * Moves the write-ahead log into the file and truncates the log, which still contains older pages of overwritten rows (`secure_delete`).
   * If a reader in another process prevents this, the next call tries again. `more`: data was deleted since the last call.
   */
  emptyLog(more: boolean): void {
    this.#logMayHaveSecrets ||= more;
    if (!this.#logMayHaveSecrets || this.#depth > 0) return;
    this.#logMayHaveSecrets = !this.checkpoint();
  }

  /** Returns false if a reader in another process prevents the truncation of the write-ahead log. */
  checkpoint(): boolean {
    const [result] = this.#db.prepare('pragma wal_checkpoint(truncate)').all();
    return Number(result?.busy ?? 0) === 0;
  }

  get inTransaction(): boolean {
    return this.#depth > 0;
  }

  /** A nested call joins the outer transaction. `work` is synchronous, so no other work can run in the same transaction. */
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
