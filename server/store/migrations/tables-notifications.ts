/** Tables of version 0.2.0 for notifications. */
import type { Table } from '../create-tables.ts';

export const NOTIFICATIONS: Readonly<Record<string, Table>> = {
  notification_channels: {
    columns: 'id text, name text, sealed text, created_at int',
    key: 'id',
    unique: ['name'],
  },
  notification_rules: {
    columns: `id text, name text, condition text, group_id text?, channels text, repeat_hours int?, enabled int,
      created_at int, enabled_at int`,
    key: 'id',
    unique: ['name'],
  },
  notification_causes: {
    columns: 'rule_id text, cause text, notified_at int',
    key: 'rule_id, cause',
    references: { rule_id: 'notification_rules(id)' },
    byKey: true,
  },
  notification_deliveries: {
    columns: `number serial, id text, channel_id text, rule_id text?, test int, title text, body text, state text,
      attempts int, created_at int, next_at int?, deadline_at int, delivered_at int?, failure text?`,
    unique: ['id'],
    references: { channel_id: 'notification_channels(id)' },
    indexes: ['channel_id, number', 'created_at'],
    special: { notification_deliveries_waiting: `(next_at) where state = 'waiting'` },
  },
};
