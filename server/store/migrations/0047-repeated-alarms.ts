/** Alarms count their repetitions. Rows that are there already happened once. */
import { type Kysely, type Migration, sql } from 'kysely';
import type { DialectName } from '../database.ts';

export const repeatedAlarms = (dialect: DialectName): Migration => ({
  async up(db: Kysely<unknown>) {
    const int = dialect === 'postgres' ? sql`bigint` : sql`integer`;
    await sql`alter table alarms add column first_at ${int} not null default 0`.execute(db);
    await sql`alter table alarms add column count ${int} not null default 1`.execute(db);
    await sql`update alarms set first_at = at`.execute(db);
  },
});
