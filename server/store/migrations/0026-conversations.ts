/** The next epoch and the members of each conversation: exactly its part of `schema.ts`. */
import type { Kysely, Migration } from 'kysely';
import { createTables, type Table } from '../create-tables.ts';
import type { DialectName } from '../database.ts';

const TABLES: Record<string, Table> = {
  conversations: {
    columns: { conversation: 'text', next_epoch: 'int', begun_by: 'text', begun_generation: 'int', at: 'int' },
    key: ['conversation'],
    indexes: [['begun_by', 'begun_generation'], ['at']],
  },
  conversation_members: {
    columns: { conversation: 'text', device_id: 'text', generation: 'int' },
    key: ['conversation', 'device_id'],
    byKey: true,
  },
};

export const conversations = (dialect: DialectName): Migration => ({
  async up(db: Kysely<unknown>) {
    await createTables(db, dialect, TABLES);
  },
});
