/** Documents by which approvers state that the server's time was wrong. None is ever removed. */
import type { Kysely, Migration } from 'kysely';
import { createTables } from '../create-tables.ts';
import type { DialectName } from '../database.ts';

export function timeCorrections(dialect: DialectName): Migration {
  return {
    up: async (db: Kysely<unknown>) =>
      createTables(db, dialect, {
        time_corrections: {
          columns: { version: 'int', envelope: 'text', published_at: 'int', published_by: 'text' },
          key: ['version'],
        },
      }),
  };
}
