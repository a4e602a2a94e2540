import type { Table } from '../create-tables.ts';

/** Policies with their immutable versions, and the compliance of devices. */
export const POLICIES: Readonly<Record<string, Table>> = {
  policies: {
    columns:
      'id text, name text, precedence int, current_version int?, next_version int?, next_percent int?, created_at int',
    key: 'id',
    unique: ['name'],
  },
  policy_versions: {
    columns: 'policy_id text, version int, body text, digest text, note text, created_at int, created_by text',
    key: 'policy_id, version',
    references: { policy_id: 'policies(id)' },
  },
  policy_groups: {
    columns: 'policy_id text, group_id text',
    key: 'policy_id, group_id',
    references: { policy_id: 'policies(id)', group_id: 'groups(id)' },
    indexes: ['group_id'],
  },
  device_compliance: {
    columns: `device_id text, generation int, reported_at int?, results text, state text, failing text, taken text, outgoing text,
      changed_at int, next_at int?`,
    key: 'device_id',
    references: { device_id: 'devices(id)' },
    indexes: ['state, device_id'],
    special: { device_compliance_due: '(next_at) where next_at is not null' },
  },
  compliance_events: {
    columns: 'id serial, device_id text, at int, event text, detail text',
    references: { device_id: 'devices(id)' },
    indexes: ['device_id, id', 'event, at', 'at'],
  },
};
