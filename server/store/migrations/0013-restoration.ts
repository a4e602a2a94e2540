/** Certificates that a restored store does not have: issued after the recovery point, as a kept ledger or a connecting device shows. */
import type { Kysely, Migration } from 'kysely';
import { createTables, type Table } from '../create-tables.ts';
import type { DialectName } from '../database.ts';

const TABLES: Record<string, Table> = {
  lost_certificates: {
    columns: {
      serial: 'text',
      fingerprint: 'text?',
      device_id: 'text?',
      generation: 'int?',
      der: 'text?',
      not_after: 'int?',
      published: 'int',
      seen_at: 'int?',
    },
    key: ['serial'],
  },
};

export function restoration(dialect: DialectName): Migration {
  return { up: (db: Kysely<unknown>) => createTables(db, dialect, TABLES) };
}
