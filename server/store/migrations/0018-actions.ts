/** Destructive actions: pending ones that need a second person, and the count of devices that one person destroyed alone. */
import { type Kysely, type Migration, sql } from 'kysely';
import { createTables, type Table } from '../create-tables.ts';
import type { DialectName } from '../database.ts';

const TABLES: Record<string, Table> = {
  actions: {
    columns: {
      id: 'text',
      action: 'text',
      route: 'text',
      /** Canonical JSON of what the proposer asked for; `hash` fixes it. */
      content: 'text',
      hash: 'text',
      device_count: 'int',
      account_id: 'text',
      person_id: 'text',
      proposed_at: 'int',
      expires_at: 'int',
      status: 'text',
      decided_at: 'int?',
      decided_by: 'text?',
      reason: 'text?',
      outcome: 'text?',
    },
    key: ['id'],
    references: [[['account_id'], 'accounts', ['id']]],
    indexes: [
      ['proposed_at', 'id'],
      ['person_id', 'status'],
    ],
  },
  devices_acted_on: {
    columns: { person_id: 'text', device_id: 'text', action: 'text', account_id: 'text', at: 'int' },
    key: ['person_id', 'device_id'],
    indexes: [['at']],
  },
};

export function actions(dialect: DialectName): Migration {
  return {
    up: async (db: Kysely<unknown>) => {
      await createTables(db, dialect, TABLES);
      const integer = sql.raw(dialect === 'postgres' ? 'bigint' : 'integer');
      await sql`alter table api_tokens add column destructive ${integer} not null default 0`.execute(db);
    },
  };
}
