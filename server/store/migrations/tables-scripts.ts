import type { Table } from '../create-tables.ts';

/** Scripts with their immutable versions, and the output of their runs. */
export const SCRIPTS: Readonly<Record<string, Table>> = {
  scripts: { columns: 'id text, name text, created_at int', key: 'id', unique: ['name'] },
  script_versions: {
    columns: `script_id text, version int, purpose text, interpreter text, body text, seconds int, memory int, output int,
      payload text, digest text, author text, created_by text, created_at int, expires_at int, reviews text,
      withdrawn_at int?, withdrawn_by text?`,
    key: 'script_id, version',
    references: { script_id: 'scripts(id)' },
  },
  script_outputs: {
    columns: 'command_id text, byte_offset int, device_id text, bytes int, text text, at int',
    key: 'command_id, byte_offset',
    references: { device_id: 'devices(id)' },
    indexes: ['at'],
  },
};
