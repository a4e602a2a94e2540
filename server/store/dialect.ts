import type { Dialect } from 'kysely';

export type DialectName = 'sqlite' | 'postgres';

export interface OpenedDatabase {
  readonly dialect: Dialect;
  readonly file: string | null;
  reset(): void;
}
