/** What the delivery service of sealed messages keeps: exactly its part of `schema.ts`. */
import { type Kysely, type Migration, sql } from 'kysely';
import { createTables, type Table } from '../create-tables.ts';
import type { DialectName } from '../database.ts';

const TABLES: Record<string, Table> = {
  mailboxes: {
    columns: {
      device_id: 'text',
      generation: 'int',
      last_seq: 'int',
      taken: 'int',
      posts: 'int',
      entries: 'int',
      bytes: 'int',
      fates: 'int',
      gate: 'text',
    },
    key: ['device_id'],
    byKey: true,
  },
  posts: {
    columns: {
      id: 'serial',
      device_id: 'text',
      generation: 'int',
      post_id: 'text',
      at: 'int',
      keep: 'int',
      expires: 'int?',
      answer: 'text',
      body: 'text?',
    },
    unique: [['device_id', 'generation', 'post_id']],
  },
  mailbox_entries: {
    columns: {
      device_id: 'text',
      seq: 'int',
      post: 'int?',
      fate: 'text?',
      bytes: 'int',
      expires_at: 'int',
      held_by: 'text?',
      due: 'int',
    },
    key: ['device_id', 'seq'],
    byKey: true,
    indexes: [['expires_at']],
  },
  conversation_epochs: {
    columns: {
      conversation: 'text',
      epoch: 'int',
      device_id: 'text',
      generation: 'int',
      post_id: 'text',
      at: 'int',
    },
    key: ['conversation', 'epoch'],
    indexes: [['at']],
  },
  key_packages: {
    columns: { id: 'serial', device_id: 'text', generation: 'int', last_resort: 'int', body: 'text' },
    indexes: [['device_id', 'last_resort', 'id']],
  },
  attachments: {
    columns: { id: 'text', device_id: 'text', size: 'int', at: 'int', body: 'bytes' },
    key: ['id'],
    indexes: [['device_id', 'at', 'size'], ['at']],
  },
};

const SPECIAL = [
  sql`create index mailboxes_shut on mailboxes (device_id) where gate <> 'open'`,
  sql`create index posts_over on posts (at) where body is null`,
  sql`create index mailbox_entries_by_post on mailbox_entries (post) where post is not null`,
  sql`create index mailbox_entries_held on mailbox_entries (device_id) where held_by is not null`,
];

export function mailboxes(dialect: DialectName): Migration {
  return {
    up: async (db: Kysely<unknown>) => {
      await createTables(db, dialect, TABLES);
      for (const statement of SPECIAL) await statement.execute(db);
    },
  };
}
