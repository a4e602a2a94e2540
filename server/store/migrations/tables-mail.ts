/** Tables of mail, which migration 0001 creates. `schema/mail.ts` has the same tables as types, and says what their columns mean. */
import type { Table } from '../create-tables.ts';

export const MAIL: Readonly<Record<string, Table>> = {
  mail_keys: {
    columns: 'device_id text, generation int, number int, payload text, signature text',
    key: 'device_id',
  },
  mail_pieces: {
    columns: 'id text, device_id text, generation int, sha256 text, size int, at int, mail int?, body bytes',
    key: 'id',
    indexes: ['mail'],
    special: { mail_pieces_unnamed: '(device_id, at, size) where mail is null' },
  },
  mails: {
    columns: 'id int, device_id text, generation int, mail_id text, at int, entries int, body text',
    key: 'id',
  },
  mail_results: {
    columns: 'device_id text, generation int, mail_id text, at int, answer text',
    key: 'device_id, generation, mail_id',
    indexes: ['at'],
  },
  mail_queues: {
    columns: `device_id text, generation int, last_seq int, offered int, acknowledged int, entries int, bytes int, events int,
      gate text`,
    key: 'device_id',
    special: { mail_queues_blocked: `(device_id) where gate <> 'open'` },
    byKey: true,
  },
  mail_returns: { columns: 'day int, mails int, bytes int', key: 'day' },
  mail_entries: {
    columns: `device_id text, seq int, mail int?, event text?, at int, bytes int, expires_at int, holding_order text?, due int`,
    key: 'device_id, seq',
    indexes: ['expires_at', 'mail'],
    special: { mail_entries_held: '(device_id) where holding_order is not null' },
  },
};
