/** Parts of uploads that are not complete yet, and the format of own packages. `schema/` says what the columns mean. */
import { type Kysely, type Migration, sql } from 'kysely';
import { createTables } from '../create-tables.ts';
import type { DialectName } from '../dialect.ts';

export const uploads = (dialect: DialectName): Migration => ({
  async up(db: Kysely<unknown>) {
    await createTables(db, dialect, {
      upload_parts: { columns: 'upload text, position int, body bytes', key: 'upload, position' },
    });
    const text = dialect === 'postgres' ? sql`text collate "C"` : 'text';
    await db.schema.alterTable('packages').addColumn('format', text).execute();
  },
});
