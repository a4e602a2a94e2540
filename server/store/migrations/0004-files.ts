/** Files for the workspaces of devices, and files that admins fetched from devices. */
import type { Kysely, Migration } from 'kysely';
import { createTables, type Table } from '../create-tables.ts';
import type { DialectName } from '../dialect.ts';

const FILES: Readonly<Record<string, Table>> = {
  files: {
    columns: 'sha256 text, name text, size int, note text, uploaded_at int, uploaded_by text',
    key: 'sha256',
    indexes: ['name, sha256'],
  },
  file_parts: {
    columns: 'sha256 text, position int, body bytes',
    key: 'sha256, position',
    references: { sha256: 'files(sha256)' },
  },
  fetched_files: {
    columns: 'command_id text, device_id text, name text, reason text, at int, size int, body bytes',
    key: 'command_id',
    indexes: ['device_id, at', 'at'],
  },
};

export const files = (dialect: DialectName): Migration => ({
  up: (db: Kysely<unknown>) => createTables(db, dialect, FILES),
});
