/** Who may be a member of a conversation: one messaging key for each enrolment, and who has signed its certificate. */
import { type Kysely, type Migration, sql } from 'kysely';
import { createTables, type Table } from '../create-tables.ts';
import type { DialectName } from '../database.ts';

const TABLES: Record<string, Table> = {
  messaging_keys: {
    columns: {
      device_id: 'text',
      generation: 'int',
      person: 'text',
      name: 'text',
      folded: 'text',
      signature_key: 'text',
      payload: 'text',
      digest: 'text',
      certified_at: 'int',
      waiting: 'int',
    },
    key: ['device_id', 'generation'],
    unique: [['digest']],
    references: [[['device_id'], 'devices', ['id']]],
    indexes: [
      ['person', 'device_id'],
      // Whoever countersigns all of them anew pages through them.
      ['certified_at', 'device_id'],
      // A search goes by the folded name and groups by it, in the order of this index.
      ['folded', 'person', 'device_id', 'generation', 'waiting'],
    ],
  },
  messaging_signatures: {
    columns: {
      device_id: 'text',
      generation: 'int',
      keyid: 'text',
      role: 'text',
      signature: 'text',
      leaf_id: 'int',
      signed_at: 'int',
    },
    key: ['device_id', 'generation', 'keyid'],
    references: [
      [['device_id', 'generation'], 'messaging_keys', ['device_id', 'generation']],
      [['leaf_id'], 'ledger_leaves', ['id']],
    ],
  },
};

/** Few wait, and they are counted at every look at the overview. */
const WAITING = sql`create index messaging_keys_waiting on messaging_keys (certified_at, device_id) where waiting = 1`;

export function messagingKeys(dialect: DialectName): Migration {
  return {
    up: async (db: Kysely<unknown>) => {
      await createTables(db, dialect, TABLES);
      await WAITING.execute(db);
    },
  };
}
