/** Tables of version 0.2.0 for the activity log. */
import type { Table } from '../create-tables.ts';

export const ACTIVITY: Readonly<Record<string, Table>> = {
  activity_entries: {
    columns: `id serial, at int, until_at int?, count int, kind text, actor_kind text, actor text?, via text?,
      credential text?, address text?, agent text?, action text, outcome text?, target_count int, salt text, batch int?`,
    indexes: ['at', 'actor, id', 'action, id', 'batch'],
    special: { activity_entries_unsealed: '(id) where batch is null' },
  },
  activity_targets: {
    columns: 'entry_id int, kind text, target text, person_id text?, batch int?',
    key: 'entry_id, kind, target',
    indexes: ['target, entry_id', 'person_id, entry_id', 'batch'],
  },
  activity_batches: {
    columns: `number int, size int, from_at int, to_at int, root text, previous text, hash text, sealed_at int,
      ledger_entry int`,
    key: 'number',
    indexes: ['to_at', 'sealed_at'],
  },
};
