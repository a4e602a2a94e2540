import { type RawBuilder, type SqlBool, sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import { foldedName } from '../../shared/order/person.ts';
import { type GroupId, groupIdSchema, type PersonId, personIdSchema } from '../../shared/protocol/ids.ts';
import type { Scope } from '../devices/scope.ts';
import type {
  NewPerson,
  Person,
  PersonFilter,
  PersonGroup,
  PersonQuery,
  PersonUpdate,
  PeopleStore as Port,
} from '../people/ports.ts';
import { areaOf } from './area-column.ts';
import { markFactsOf } from './changed-facts.ts';
import type { Database, Db, Tx } from './database.ts';
import { homeIn } from './device-scope.ts';
import type { Schema } from './schema.ts';

/** Number of keys in one query for people. */
const KEYS_TOGETHER = 200;

export class PeopleStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  insert(person: NewPerson): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const { id, name, folded, email, emailKey, directoryId, groups, createdAt } = person;
      await requireFree(tx, id, { emailKey, directoryId });
      await tx
        .insertInto('persons')
        .values({
          id,
          subject: `person:${id}`,
          name,
          folded,
          email,
          email_key: emailKey,
          directory_id: directoryId,
          status: 'active',
          created_at: createdAt,
        })
        .execute();
      await setGroups(tx, id, groups);
    });
  }

  async find(id: PersonId): Promise<Person | null> {
    const { db } = this.#database;
    const row = await selectPeople(db).where('persons.id', '=', id).executeTakeFirst();
    if (!row) return null;
    return personOf(row, (await groupsOf(db, [id])).get(id) ?? []);
  }

  async findAll(keys: readonly string[]): Promise<Map<string, Person>> {
    const { db } = this.#database;
    const found = new Map<string, Person>();
    for (let from = 0; from < keys.length; from += KEYS_TOGETHER) {
      const some = keys.slice(from, from + KEYS_TOGETHER);
      const rows = await selectPeople(db)
        .where(sql<SqlBool>`${CURRENT}`)
        .where(({ or, eb }) =>
          or([
            eb('persons.id', 'in', some),
            eb('persons.email_key', 'in', some),
            eb('persons.directory_id', 'in', some),
          ]),
        )
        .execute();
      const groups = await groupsOf(
        db,
        rows.map(({ id }) => id),
      );
      // The column with precedence is last, so that it replaces the others.
      for (const column of ['directory_id', 'email_key', 'id'] as const) {
        for (const row of rows) {
          const key = row[column];
          if (key !== null && some.includes(key)) found.set(key, personOf(row, groups.get(row.id) ?? []));
        }
      }
    }
    return found;
  }

  async list({ filter, scope, after, limit }: PersonQuery): Promise<{ person: Person; folded: string }[]> {
    const { db } = this.#database;
    const rows = await selectPeople(db)
      .where(sql<SqlBool>`${sql.join([CURRENT, withinPersonScope(scope), ...conditionsOf(filter)], sql` and `)}`)
      .$if(after !== null, (query) =>
        query.where(sql<SqlBool>`(persons.folded, persons.id) > (${after?.folded ?? ''}, ${after?.id ?? ''})`),
      )
      .orderBy('persons.folded')
      .orderBy('persons.id')
      .limit(limit)
      .execute();
    const groups = await groupsOf(
      db,
      rows.map(({ id }) => id),
    );
    return rows.map((row) => ({ person: personOf(row, groups.get(row.id) ?? []), folded: row.folded }));
  }

  update(id: PersonId, { name, email, directoryId, groups, status, realAt }: PersonUpdate): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      await requireFree(tx, id, { emailKey: email?.emailKey ?? null, directoryId: directoryId ?? null });
      const { numUpdatedRows } = await tx
        .updateTable('persons')
        .set({
          // The update always sets one column, because an update without columns is invalid SQL.
          id,
          ...name,
          ...(email === undefined ? {} : { email: email.email, email_key: email.emailKey }),
          ...(directoryId === undefined ? {} : { directory_id: directoryId }),
          ...(status === undefined ? {} : { status }),
        })
        .where('id', '=', id)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return false;
      if (name) await tx.updateTable('devices').set({ person_name: name.name }).where('person_id', '=', id).execute();
      if (groups) await replaceGroups(tx, id, groups);
      if (status === 'disabled') {
        await tx
          .updateTable('activation_codes')
          .set({ canceled_at: realAt })
          .where('person_id', '=', id)
          .where('used_at', 'is', null)
          .where('canceled_at', 'is', null)
          .execute();
      }
      return true;
    });
  }
}

/** Throws `not_found` for an unknown person, and `conflict` if the person is disabled or not in the group. */
export async function requireMember(tx: Tx, person: PersonId, group: GroupId): Promise<void> {
  const row = await tx.selectFrom('persons').select('status').where('id', '=', person).executeTakeFirst();
  if (!row) throw new CordonError('not_found', `There is no person ${person}. Search with GET /people.`, { person });
  if (row.status !== 'active') {
    throw new CordonError('conflict', 'The person is disabled. Enable the person first.', { person });
  }
  await requireInGroup(tx, person, group);
}

/** Throws `conflict` unless the device's group is one of its user's groups. */
export async function requireInGroup(tx: Tx, person: string, group: GroupId): Promise<void> {
  const found = await tx
    .selectFrom('person_groups')
    .select('group_id')
    .where('person_id', '=', person)
    .where('group_id', '=', group)
    .executeTakeFirst();
  if (found) return;
  const detail = 'The person does not belong to this group. Add the group to the person first.';
  throw new CordonError('conflict', detail, { person, group });
}

/**
 * Throws `conflict` with an explanation if another person has the e-mail address or directory id. The unique index would refuse the change
 * only with the database's own message.
 */
async function requireFree(
  tx: Tx,
  id: PersonId,
  { emailKey, directoryId }: { readonly emailKey: string | null; readonly directoryId: string | null },
): Promise<void> {
  for (const [column, value, words] of [
    ['email_key', emailKey, 'e-mail address'],
    ['directory_id', directoryId, 'directory id'],
  ] as const) {
    if (value === null) continue;
    const other = await tx
      .selectFrom('persons')
      .select('id')
      .where(column, '=', value)
      .where('id', '!=', id)
      .executeTakeFirst();
    if (!other) continue;
    throw new CordonError('conflict', `Another person has this ${words}. Use another one, or choose that person.`, {
      field: column === 'email_key' ? 'email' : 'directoryId',
    });
  }
}

async function setGroups(tx: Tx, person: PersonId, groups: readonly GroupId[]): Promise<void> {
  for (const group of groups) {
    const known = await tx.selectFrom('groups').select('id').where('id', '=', group).executeTakeFirst();
    if (!known) throw new CordonError('not_found', `There is no group ${group}.`, { group });
    await tx
      .insertInto('person_groups')
      .values({ person_id: person, group_id: group })
      .onConflict((conflict) => conflict.columns(['person_id', 'group_id']).doNothing())
      .execute();
  }
}

/** Marks the devices of a person as changed, because dynamic groups may use the person's groups. */
const markDevicesOf = (tx: Tx, person: PersonId): Promise<void> =>
  markFactsOf(tx, sql`select id from devices where person_id = ${person}`, 'device');

async function replaceGroups(tx: Tx, person: PersonId, groups: readonly GroupId[]): Promise<void> {
  const bound = await sql<{ group_id: string }>`
    select group_id from devices where person_id = ${person}
    union select group_id from activation_codes
      where person_id = ${person} and used_at is null and canceled_at is null`.execute(tx);
  const requested = new Set<string>(groups);
  const missing = bound.rows.find(({ group_id }) => !requested.has(group_id));
  if (missing) {
    const detail = `The person has a device or an open activation code in the group ${missing.group_id}. Move the device or cancel the code first.`;
    throw new CordonError('conflict', detail, { person, group: missing.group_id });
  }
  await tx.deleteFrom('person_groups').where('person_id', '=', person).execute();
  await setGroups(tx, person, groups);
  await markDevicesOf(tx, person);
}

function selectPeople(db: Db) {
  return db
    .selectFrom('persons')
    .selectAll('persons')
    .select(({ selectFrom }) => [
      selectFrom('devices')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .whereRef('devices.person_id', '=', 'persons.id')
        .where('devices.status', '=', 'active')
        .as('devices'),
      selectFrom('accounts')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .whereRef('accounts.person_id', '=', 'persons.id')
        .as('accounts'),
    ]);
}

type Row = Schema['persons'] & { readonly devices: number | null; readonly accounts: number | null };

function personOf(row: Row, groups: readonly PersonGroup[]): Person {
  return {
    id: personIdSchema.parse(row.id),
    name: row.name,
    email: row.email,
    directoryId: row.directory_id,
    status: row.status,
    groups,
    createdAt: row.created_at,
    devices: Number(row.devices ?? 0),
    account: Number(row.accounts ?? 0) > 0,
  };
}

async function groupsOf(db: Db, people: readonly string[]): Promise<Map<string, PersonGroup[]>> {
  if (people.length === 0) return new Map();
  const rows = await db
    .selectFrom('person_groups')
    .innerJoin('groups', 'groups.id', 'person_groups.group_id')
    .select(['person_groups.person_id', 'groups.id', 'groups.name', 'groups.home'])
    .where('person_groups.person_id', 'in', [...people])
    .orderBy('groups.name')
    .execute();
  const found = new Map<string, PersonGroup[]>();
  for (const { person_id, id, name, home } of rows) {
    const group = { id: groupIdSchema.parse(id), name, home: areaOf(home) };
    found.set(person_id, [...(found.get(person_id) ?? []), group]);
  }
  return found;
}

/** SQL form of the rule `seesPerson` (`server/people/people.ts`). */
function withinPersonScope(scope: Scope): RawBuilder<boolean> {
  if (scope === null) return sql<boolean>`1 = 1`;
  const parts = scope.map(({ group, homes }) => {
    const ofGroup = group === null ? sql`1 = 1` : sql`g.id = ${group}`;
    return homes === null ? ofGroup : sql`(${ofGroup} and ${homeIn(sql`g.home`, homes)})`;
  });
  if (parts.length === 0) return sql<boolean>`1 = 0`;
  return sql<boolean>`exists (select 1 from person_groups as pg inner join groups as g on g.id = pg.group_id
    where pg.person_id = persons.id and (${sql.join(parts, sql` or `)}))`;
}

/** SQL condition: no older record has replaced the person record. */
const CURRENT = sql`persons.same_as is null`;

function conditionsOf({ text, folded, group, status }: PersonFilter): RawBuilder<unknown>[] {
  const conditions: RawBuilder<unknown>[] = [];
  if (folded !== undefined) conditions.push(sql`persons.folded = ${folded}`);
  if (status) conditions.push(sql`persons.status = ${status}`);
  if (group) {
    conditions.push(sql`exists (select 1 from person_groups as of_group
      where of_group.person_id = persons.id and of_group.group_id = ${group})`);
  }
  if (text) {
    const pattern = `%${foldedName(text).replace(/[\\%_]/g, '\\$&')}%`;
    conditions.push(sql`(persons.folded like ${pattern} escape '\\' or persons.email_key like ${pattern} escape '\\'
      or persons.id like ${pattern} escape '\\')`);
  }
  return conditions;
}
