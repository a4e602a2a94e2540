/** Types of the two database dialects and of an open connection. */
import type { Dialect } from 'kysely';

export type DialectName = 'sqlite' | 'postgres';

export interface OpenedDatabase {
  readonly dialect: Dialect;
  /** Path of the SQLite file; null on PostgreSQL. */
  readonly file: string | null;
  /** Ends the connections to PostgreSQL. Queries in progress fail, and unsent data is discarded. Does nothing on SQLite. */
  reset(): void;
}
