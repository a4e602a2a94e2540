import type { Table } from '../create-tables.ts';

/** Admins who have read openings of ledger entries. */
export const OPENINGS: Readonly<Record<string, Table>> = {
  opening_readings: {
    columns: 'reader_id text, subject text, at int',
    key: 'reader_id, subject',
    indexes: ['at'],
    byKey: true,
  },
};
