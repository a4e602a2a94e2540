/**
 * People who uploaded and signed packages, beside their accounts. One person can have several accounts. A row whose account is unknown keeps
 * null, so its file must be uploaded again before a device gets it.
 */
import { type Kysely, type Migration, sql } from 'kysely';
import type { DialectName } from '../dialect.ts';

export const packagePeople = (dialect: DialectName): Migration => ({
  async up(db: Kysely<unknown>) {
    const text = sql.raw(dialect === 'postgres' ? 'text collate "C"' : 'text');
    for (const [person, account] of [
      ['uploader', 'uploaded_by'],
      ['signer', 'signed_by'],
    ] as const) {
      await sql`alter table packages add column ${sql.ref(person)} ${text}`.execute(db);
      await sql`update packages set ${sql.ref(person)} = (
        select person_id from accounts where accounts.id = ${sql.ref(`packages.${account}`)})`.execute(db);
    }
  },
});
