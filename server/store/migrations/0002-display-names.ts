/** Table of the display names that admins give to devices. `schema/device-list.ts` says what its columns mean. */
import type { Kysely, Migration } from 'kysely';
import { createTables } from '../create-tables.ts';
import type { DialectName } from '../dialect.ts';

export const displayNames = (dialect: DialectName): Migration => ({
  up: (db: Kysely<unknown>) =>
    createTables(db, dialect, {
      display_names: {
        columns: 'device_id text, name text',
        key: 'device_id',
        references: { device_id: 'devices(id)' },
        byKey: true,
      },
    }),
});
