/** Who may not lose what is theirs: holds on devices and on users. None is ever removed. */
import type { Kysely, Migration } from 'kysely';
import { createTables, type Table } from '../create-tables.ts';
import type { DialectName } from '../database.ts';

const TABLES: Record<string, Table> = {
  legal_holds: {
    columns: {
      id: 'text',
      device_id: 'text?',
      user_name: 'text?',
      user_folded: 'text?',
      reason: 'text',
      reference: 'text?',
      placed_at: 'int',
      placed_by: 'text',
      released_at: 'int?',
      released_by: 'text?',
      release_reason: 'text?',
      told: 'int',
    },
    key: ['id'],
    references: [[['device_id'], 'devices', ['id']]],
    // By the first two a device is found to be held, at every look at it; by the last one holds are listed.
    indexes: [
      ['device_id', 'released_at'],
      ['user_folded', 'released_at'],
      ['placed_at', 'id'],
    ],
  },
};

export function legalHolds(dialect: DialectName): Migration {
  return { up: async (db: Kysely<unknown>) => createTables(db, dialect, TABLES) };
}
