/** States of workspace passcodes, and shares for their reset. `schema/devices.ts` says what the columns mean. */
import type { Kysely, Migration } from 'kysely';
import { createTables, type Table } from '../create-tables.ts';
import type { DialectName } from '../dialect.ts';

const PASSCODES: Readonly<Record<string, Table>> = {
  device_passcodes: {
    columns: 'device_id text, generation int, state text',
    key: 'device_id',
    byKey: true,
  },
  passcode_shares: {
    columns: 'device_id text, share text, created_at int',
    key: 'device_id, share',
  },
};

export const passcodes = (dialect: DialectName): Migration => ({
  up: (db: Kysely<unknown>) => createTables(db, dialect, PASSCODES),
});
