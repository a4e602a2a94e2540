/** Tables of version 0.2.0 for the device list. `schema/device-list.ts` says what their columns mean. */
import type { Table } from '../create-tables.ts';

export const DEVICE_LIST: Readonly<Record<string, Table>> = {
  device_facts: {
    columns: `device_id text, agent_version text?, hostname text?, os_platform text?, os_id text?, os_name text?, os_version text?,
      os_kernel text?, os_arch text?, os_booted_at int?, os_patched int?, os_needs_restart int?, pending_updates int?,
      pending_security_updates int?, hardware_manufacturer text?, hardware_model text?, hardware_serial text?, hardware_memory int?,
      hardware_cores int?, disk_encrypted int?, battery_health int?, firewall int?, secure_boot int?, users_count int?,
      users_admins int?`,
    key: 'device_id',
    references: { device_id: 'devices(id)' },
    byKey: true,
  },
  device_views: {
    columns: 'id text, account_id text, name text, shared int, body text, changed_at int',
    key: 'id',
    unique: ['account_id, name'],
    references: { account_id: 'accounts(id)' },
    special: { device_views_shared: '(id) where shared = 1' },
  },
  device_columns: {
    columns: 'account_id text, columns text',
    key: 'account_id',
    references: { account_id: 'accounts(id)' },
  },
};
