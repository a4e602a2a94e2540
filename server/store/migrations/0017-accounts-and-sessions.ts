/**
 * Adds what accounts and sessions need to be told apart: the address as given beside its lookup key, the accounts that saw a link of another account,
 * and two halves of each session. Two persons whose addresses are equal in canonical form become one: the newer one refers to the older one.
 * Sessions of before end, because their second half is unknown: admins sign in again.
 */
import { type Kysely, type Migration, sql } from 'kysely';
import { createTables, type Table } from '../create-tables.ts';
import type { DialectName } from '../database.ts';
import { joinEqualPersons } from '../equal-persons.ts';
import type { Schema } from '../schema.ts';

const TABLES: Record<string, Table> = {
  sessions: {
    columns: {
      id: 'text',
      hash: 'text',
      page_hash: 'text',
      account_id: 'text',
      created_at: 'int',
      authenticated_at: 'int',
      last_used_at: 'int',
      expires_at: 'int',
      address: 'text',
      user_agent: 'text',
    },
    key: ['id'],
    unique: [['hash']],
    references: [[['account_id'], 'accounts', ['id']]],
    indexes: [['account_id'], ['expires_at']],
  },
  account_links: {
    columns: { account_id: 'text', seen_by: 'text', kind: 'text', at: 'int' },
    key: ['account_id', 'seen_by', 'kind'],
    references: [
      [['account_id'], 'accounts', ['id']],
      [['seen_by'], 'accounts', ['id']],
    ],
    indexes: [['seen_by']],
  },
};

export function accountsAndSessions(dialect: DialectName): Migration {
  const text = sql.raw(dialect === 'postgres' ? 'text collate "C"' : 'text');
  return {
    up: async (db: Kysely<unknown>) => {
      await sql`drop table sessions`.execute(db);
      await createTables(db, dialect, TABLES);
      await sql`alter table accounts add column email_key ${text} not null default ''`.execute(db);
      await sql`update accounts set email_key = email`.execute(db);
      await sql`create unique index accounts_email_key_once on accounts (email_key)`.execute(db);
      await sql`alter table persons add column same_as ${text}`.execute(db);
      await sql`alter table api_tokens add column last_used_at bigint`.execute(db);
      await sql`alter table api_tokens add column last_address ${text}`.execute(db);
      await joinEqualPersons(db as Kysely<Schema>);
    },
  };
}
