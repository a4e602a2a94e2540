/** The two databases, and the connection that each one's module opens. */
import type { Dialect } from 'kysely';

export type DialectName = 'sqlite' | 'postgres';

export interface OpenedDatabase {
  readonly dialect: Dialect;
  /** Path of the SQLite file; null on PostgreSQL. */
  readonly file: string | null;
  /** Ends the connections to PostgreSQL. Queries in progress fail, and unsent data never arrives. Does nothing on SQLite. */
  reset(): void;
}
