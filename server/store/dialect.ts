import type { Dialect } from 'kysely';

export type DialectName = 'sqlite' | 'postgres';

export interface OpenedDatabase {
  readonly dialect: Dialect;
  readonly file: string | null;
  /**
   * Turns the sync of the next commits off or on; null if every commit is synced. A commit without a sync survives the end of this process,
   * and is on disk after the next synced commit. Only for use while no transaction is open.
   */
  readonly syncCommits: ((on: boolean) => void) | null;
  reset(): void;
}
