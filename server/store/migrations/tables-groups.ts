/** Tables of version 0.2.0 for the members of groups. The table `groups` itself is in `0001-tables.ts`. */
import type { Table } from '../create-tables.ts';

export const GROUPS: Readonly<Record<string, Table>> = {
  group_members: {
    columns: 'group_id text, device_id text',
    key: 'group_id, device_id',
    indexes: ['device_id'],
    byKey: true,
  },
  ended_groups: { columns: 'group_id text', key: 'group_id' },
  changed_facts: { columns: 'device_id text, sources int, version int', key: 'device_id', byKey: true },
};
