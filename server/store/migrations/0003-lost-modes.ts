/** Table of lost mode. `schema/devices.ts` says what its columns mean. */
import type { Kysely, Migration } from 'kysely';
import { createTables } from '../create-tables.ts';
import type { DialectName } from '../dialect.ts';

export const lostModes = (dialect: DialectName): Migration => ({
  up: (db: Kysely<unknown>) =>
    createTables(db, dialect, {
      lost_modes: {
        columns: `device_id text, id text, generation int, reason text, contact text, started_at int, until_at int,
          delivered_at int?, unlocated_at int?, ended_at int?, ended_by text?`,
        key: 'device_id',
        references: { device_id: 'devices(id)' },
        special: { lost_modes_open: '(until_at) where ended_at is null' },
      },
    }),
});
