import type { Table } from '../create-tables.ts';

/** Packages of the organization, with their files. */
export const PACKAGES: Readonly<Record<string, Table>> = {
  packages: {
    columns: `sha256 text, name text, version text, architecture text, size int, note text, uploaded_at int, uploaded_by text,
      envelope text?, signed_by text?`,
    key: 'sha256',
    indexes: ['name, uploaded_at'],
  },
  package_chunks: {
    columns: 'sha256 text, position int, body bytes',
    key: 'sha256, position',
    references: { sha256: 'packages(sha256)' },
  },
};
