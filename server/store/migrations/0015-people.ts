/**
 * Makes a person a record with an identifier. Until this version, devices, activation codes and legal holds named a person by a string.
 *
 * Each folded name becomes one person. Its identifier is the one that existing messaging certificates and conversations already carry, so
 * that conversations continue. The person belongs to every group of its devices and codes.
 */
import { createHash } from 'node:crypto';
import { type Kysely, type Migration, sql } from 'kysely';
import { createTables, type Table } from '../create-tables.ts';
import type { DialectName } from '../database.ts';

const TABLES: Record<string, Table> = {
  person_groups: {
    columns: { person_id: 'text', group_id: 'text' },
    key: ['person_id', 'group_id'],
    references: [
      [['person_id'], 'persons', ['id']],
      [['group_id'], 'groups', ['id']],
    ],
    indexes: [['group_id', 'person_id']],
  },
};

interface Named {
  readonly name: string;
  readonly group_id: string | null;
}

interface LegacyPerson {
  readonly id: string;
  readonly name: string;
  readonly groups: Set<string>;
}

export function people(dialect: DialectName): Migration {
  return {
    async up(db: Kysely<unknown>) {
      await addColumns(db, dialect);
      await createTables(db, dialect, TABLES);
      await describeAccountHolders(db);
      await convertNames(db);
      await dropNames(db);
      await createIndexes(db);
    },
  };
}

async function addColumns(db: Kysely<unknown>, dialect: DialectName): Promise<void> {
  const text = dialect === 'postgres' ? sql`text collate "C"` : sql`text`;
  const columns = [
    ['persons', sql`name ${text} not null default ''`],
    ['persons', sql`folded ${text} not null default ''`],
    ['persons', sql`email ${text}`],
    // The canonical form, which is compared. `email` keeps the spelling that an admin entered.
    ['persons', sql`email_key ${text}`],
    ['persons', sql`directory_id ${text}`],
    ['persons', sql`status ${text} not null default 'active'`],
    ['activation_codes', sql`person_id ${text} references persons (id)`],
    ['devices', sql`person_id ${text} references persons (id)`],
    ['legal_holds', sql`person_id ${text} references persons (id)`],
  ] as const;
  for (const [table, column] of columns) await sql`alter table ${sql.table(table)} add column ${column}`.execute(db);
}

/** An account holder takes name and e-mail from the oldest account. */
async function describeAccountHolders(db: Kysely<unknown>): Promise<void> {
  const { rows } = await sql<{ person_id: string; name: string; email: string; subject: string }>`
    select accounts.person_id, accounts.name, accounts.email, persons.subject from accounts inner join persons on persons.id = accounts.person_id
    order by accounts.created_at desc, accounts.id desc`.execute(db);
  for (const { person_id, name, email, subject } of rows) {
    // The subject of an e-mail address holds its canonical form.
    const key = subject.startsWith('email:') ? subject.slice('email:'.length) : null;
    await sql`update persons set name = ${name}, folded = ${foldedName(name)}, email = ${email}, email_key = ${key}
      where id = ${person_id}`.execute(db);
  }
}

async function convertNames(db: Kysely<unknown>): Promise<void> {
  const installation = await sql<{ value: string }>`select value from meta where key = 'installation'`.execute(db);
  const installationId = installation.rows[0]?.value ?? '';
  // The newest spelling is last and stays.
  const named = await sql<Named>`
    select name, group_id from (
      select user_name as name, group_id, enrolled_at as at, 2 as kind from devices
      union all select user_name, group_id, created_at, 1 from activation_codes
      union all select user_name, null, placed_at, 0 from legal_holds where user_name is not null
    ) as named order by kind, at`.execute(db);
  const people = new Map<string, LegacyPerson>();
  for (const { name, group_id } of named.rows) {
    const folded = foldedName(name);
    const groups = people.get(folded)?.groups ?? new Set<string>();
    if (group_id !== null) groups.add(group_id);
    people.set(folded, { id: legacyPersonId(installationId, folded), name, groups });
  }
  const now = Date.now();
  for (const [folded, { id, name, groups }] of people) {
    await sql`insert into persons (id, subject, created_at, name, folded)
      values (${id}, ${`person:${id}`}, ${now}, ${name}, ${folded})`.execute(db);
    for (const group of groups) {
      await sql`insert into person_groups (person_id, group_id) values (${id}, ${group})`.execute(db);
    }
    await sql`update devices set person_id = ${id} where user_folded = ${folded}`.execute(db);
    await sql`update legal_holds set person_id = ${id} where user_folded = ${folded}`.execute(db);
  }
  const codes = await sql<{ id: string; user_name: string }>`select id, user_name from activation_codes`.execute(db);
  for (const { id, user_name } of codes.rows) {
    const person = people.get(foldedName(user_name))?.id;
    await sql`update activation_codes set person_id = ${person} where id = ${id}`.execute(db);
  }
}

/** The person's identifier replaces these columns. `devices.user_name` stays: lists sort by it. */
async function dropNames(db: Kysely<unknown>): Promise<void> {
  await sql`drop index devices_by_user_folded_id`.execute(db);
  await sql`drop index legal_holds_by_user_folded_released_at`.execute(db);
  const columns = [
    ['devices', 'user_folded'],
    ['legal_holds', 'user_name'],
    ['legal_holds', 'user_folded'],
    ['activation_codes', 'user_name'],
  ] as const;
  for (const [table, column] of columns) {
    await sql`alter table ${sql.table(table)} drop column ${sql.ref(column)}`.execute(db);
  }
}

async function createIndexes(db: Kysely<unknown>): Promise<void> {
  await sql`create index persons_by_folded_id on persons (folded, id)`.execute(db);
  await sql`create unique index persons_email_key_once on persons (email_key)`.execute(db);
  await sql`create unique index persons_directory_id_once on persons (directory_id)`.execute(db);
  await sql`create index devices_by_person_id_id on devices (person_id, id)`.execute(db);
  await sql`create index activation_codes_by_person_id on activation_codes (person_id)`.execute(db);
  await sql`create index legal_holds_by_person_id_released_at on legal_holds (person_id, released_at)`.execute(db);
}

// The functions below are copies from the version before this migration: a migration must not change with the code around it.

function foldedName(name: string): string {
  return name.normalize('NFKC').trim().replaceAll(/\s+/g, ' ').toUpperCase().toLowerCase();
}

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** 80 bits of SHA-256 over the installation and the folded name, in base32. */
function legacyPersonId(installation: string, folded: string): string {
  const digest = createHash('sha256').update(`${installation}\n${folded}`).digest('hex');
  const hash = BigInt(`0x${digest.slice(0, 20)}`);
  return `per_${Array.from({ length: 16 }, (_, at) => ALPHABET[Number((hash >> BigInt(5 * at)) & 31n)]).join('')}`;
}
