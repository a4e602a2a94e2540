/** People by name, for tests: one record for each name. The product never finds a person by a name alone. */
import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { insertOf, tableOf } from '../../server/store/bulk.ts';
import type { Tx } from '../../server/store/database.ts';
import { foldedName } from '../../shared/order/person.ts';
import { base32, type PersonId, personIdSchema } from '../../shared/protocol/ids.ts';

/** Id that `addPerson` gives to a person with this name. */
export function personCalled(name: string): PersonId {
  const digest = createHash('sha256').update(foldedName(name)).digest();
  return personIdSchema.parse(`per_${base32(digest.subarray(0, 10))}`);
}

/** Adds the rows of many people, each with its group. */
export async function addPeople(tx: Tx, people: readonly (readonly [name: string, group: string])[]): Promise<void> {
  const rows = people.map(([name]) => {
    const id = personCalled(name);
    return [id, `person:${id}`, name, foldedName(name), 'active', 1];
  });
  const columns = {
    id: 'text',
    subject: 'text',
    name: 'text',
    folded: 'text',
    status: 'text',
    created_at: 'bigint',
  } as const;
  // Without a named constraint: two transactions that add one person at once can also collide at `subject`.
  await sql`${insertOf('persons', columns, rows)} on conflict do nothing`.execute(tx);
  const groups = people.map(([name, group]) => [personCalled(name), group]);
  // Groups that do not exist are skipped: the function under test reports them.
  await sql`insert into person_groups (person_id, group_id)
    select v.column1, v.column2 from ${tableOf(['text', 'text'], groups)} as v
    where v.column2 in (select id from groups) on conflict (person_id, group_id) do nothing`.execute(tx);
}

/** Adds the row of one person, unless it exists. */
export async function addPerson(tx: Tx, name: string, group: string): Promise<PersonId> {
  await addPeople(tx, [[name, group]]);
  return personCalled(name);
}
