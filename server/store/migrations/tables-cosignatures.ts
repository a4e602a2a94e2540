import type { Table } from '../create-tables.ts';

/** Cosignatures of witnesses on the ledger's checkpoints. */
export const COSIGNATURES: Readonly<Record<string, Table>> = {
  cosignatures: {
    columns: 'size int, witness text, line text, at int',
    key: 'size, witness',
    indexes: ['witness, size'],
  },
};
