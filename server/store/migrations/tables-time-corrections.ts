/** Tables of time corrections, which migration 0001 creates. At most one proposal is pending. */
import type { Table } from '../create-tables.ts';

export const TIME_CORRECTIONS: Readonly<Record<string, Table>> = {
  time_corrections: {
    columns: 'version int, envelope text, published_at int, published_by text',
    key: 'version',
  },
  time_correction_proposals: {
    columns: 'digest text, payload text, signatures text, proposed_at int, proposed_by text',
    key: 'digest',
  },
};
