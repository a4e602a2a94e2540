/** Channels from which devices update their agent. */
import type { Kysely, Migration } from 'kysely';
import { createTables, type Table } from '../create-tables.ts';
import type { DialectName } from '../dialect.ts';

const UPDATE_CHANNELS: Readonly<Record<string, Table>> = {
  update_channels: {
    columns: 'channel text, revision int, sha256 text, published_at int, published_by text',
    key: 'channel, revision',
    references: { sha256: 'packages(sha256)' },
    indexes: ['sha256'],
  },
};

export const updateChannels = (dialect: DialectName): Migration => ({
  up: (db: Kysely<unknown>) => createTables(db, dialect, UPDATE_CHANNELS),
});
