/**
 * Tables of messages, which migration 0001 creates. `schema/messages.ts` has the same tables as types, and says what their columns mean.
 */
import type { Table } from '../create-tables.ts';

export const MESSAGES: Readonly<Record<string, Table>> = {
  messaging_keys: {
    columns: `device_id text, generation int, person_id text, name text, folded text, signature_key text,
      payload text, digest text, certified_at int, unverified int`,
    key: 'device_id, generation',
    unique: ['digest'],
    references: { device_id: 'devices(id)' },
    indexes: [
      'person_id, device_id',
      // Pages of all keys, for a new organization key that signs them again.
      'certified_at, device_id',
    ],
    special: {
      // A search finds the folded name and groups by it, in the order of this index.
      messaging_keys_by_name: '(folded, person_id, device_id, generation, unverified)',
      messaging_keys_unverified: '(certified_at, device_id) where unverified = 1',
    },
  },
  messaging_signatures: {
    columns: 'device_id text, generation int, keyid text, role text, signature text, entry_id int',
    key: 'device_id, generation, keyid',
    references: {
      'device_id, generation': 'messaging_keys(device_id, generation)',
      entry_id: 'ledger_entries(id)',
    },
  },
  key_packages: {
    columns: 'id serial, device_id text, generation int, last_resort int, body text',
    indexes: ['device_id, last_resort, id'],
  },
  conversations: {
    columns: 'conversation text, next_epoch int, started_by text, started_generation int, at int',
    key: 'conversation',
    indexes: ['started_by, started_generation', 'at'],
  },
  conversation_members: {
    columns: 'conversation text, device_id text, generation int',
    key: 'conversation, device_id',
    byKey: true,
  },
  conversation_epochs: {
    columns: 'conversation text, epoch int, device_id text, generation int, post_id text, at int',
    key: 'conversation, epoch',
    indexes: ['at'],
  },
  posts: {
    columns: `id int, device_id text, generation int, post_id text, at int, keep int, expires_at int?, entries int,
      body text`,
    key: 'id',
  },
  post_results: {
    columns: 'id serial, digest int, device_id text, generation int, post_id text, at int, answer text, post int?',
    indexes: ['digest', 'at'],
  },
  mailboxes: {
    columns: `device_id text, generation int, last_seq int, acknowledged int, posts int, entries int, bytes int,
      delivery_reports int, gate text`,
    key: 'device_id',
    special: { mailboxes_blocked: `(device_id) where gate <> 'open'` },
    byKey: true,
  },
  mailbox_entries: {
    columns: `device_id text, seq int, post int?, delivery_report text?, bytes int, expires_at int, holding_order text?,
      due int`,
    key: 'device_id, seq',
    indexes: ['expires_at'],
    special: { mailbox_entries_held: '(device_id) where holding_order is not null' },
    byKey: true,
  },
  attachments: {
    columns: 'id text, device_id text, size int, at int, body bytes',
    key: 'id',
    indexes: ['device_id, at, size', 'at'],
  },
};
