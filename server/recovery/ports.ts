/** The ports of backup and restore, and the shapes that go through them. */

/** A value of a table's column, the same on SQLite and PostgreSQL. */
export type Value = string | number | null | Buffer;

/** Consecutive rows of one table. */
export interface TableRows {
  readonly table: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Value[])[];
}

/** What the manifest says about the store, read in the same snapshot as the rows. */
export interface StoreFacts {
  readonly dialect: 'sqlite' | 'postgres';
  /** The names of the migrations that were applied, in order. */
  readonly migrations: readonly string[];
  readonly installation: string;
  readonly ledger: { readonly size: number; readonly checkpoint: string | null };
  /** 0 when there is none yet. */
  readonly versions: { readonly list: number; readonly crl: number; readonly approvers: number };
}

export interface SnapshotReader {
  readonly facts: StoreFacts;
  /** Every table, referenced tables first, in bounded groups of rows. */
  tables(): AsyncIterable<TableRows>;
}

export interface SnapshotStore {
  /** Calls `read` with a consistent snapshot of the whole store. Other work continues and does not change the snapshot. */
  snapshot<T>(read: (reader: SnapshotReader) => Promise<T>): Promise<T>;
}
