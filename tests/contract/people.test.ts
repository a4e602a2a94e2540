/** People on both databases: identity by record, scope by groups, and the effect of each change. */
import { expect, it } from 'vitest';
import { LocalBus } from '../../server/bus/bus.ts';
import { createPeople } from '../../server/people/people.ts';
import { CodeStore } from '../../server/store/code-store.ts';
import type { Database } from '../../server/store/database.ts';
import { GroupStore } from '../../server/store/group-store.ts';
import { PeopleStore } from '../../server/store/people-store.ts';
import type { HomeArea } from '../../shared/areas/area-code.ts';
import { type GroupId, newDeviceId, newGroupId, newPersonId, type PersonId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { addPerson } from '../support/persons.ts';
import { describeOnEveryStore } from './every-store.ts';

const only = (...groups: GroupId[]) => groups.map((group) => ({ group, homes: null }));
const homeIn = (...homes: string[]) => [{ group: null, homes: homes.map((home) => home as HomeArea) }];

function peopleOver(database: Database) {
  return createPeople({
    store: new PeopleStore(database),
    groups: new GroupStore(database),
    bus: new LocalBus(),
    clock: new DrivenClock(1_000),
  });
}

const draft = (name: string, groups: readonly GroupId[], more: { email?: string; directoryId?: string } = {}) => ({
  name,
  groups,
  email: more.email ?? null,
  directoryId: more.directoryId ?? null,
});

describeOnEveryStore('people', (open) => {
  async function world() {
    const database = await open();
    const [interns, board] = [await addGroup(database, 'interns', 'SE'), await addGroup(database, 'board', 'PK')];
    return { database, interns, board, people: peopleOver(database) };
  }

  const code = (person: PersonId, group: GroupId) => ({
    id: newDeviceId(),
    secretHash: 'h',
    mailConnector: false,
    person,
    group,
    home: null,
    seat: null,
    by: 'acc',
    createdAt: 1,
    expiresAt: Number.MAX_SAFE_INTEGER,
  });

  it('with one name remain two records', async () => {
    const { people, interns, board } = await world();
    const first = await people.create(draft('Amina Rahman', [board], { email: 'Amina@Example.org' }));
    const second = await people.create(draft('AMINA  rahman', [interns]));
    expect(second.id).not.toBe(first.id);
    const { people: found } = await people.list({
      filter: { name: ' amina RAHMAN ' },
      scope: null,
      cursor: null,
      limit: 10,
    });
    expect(new Set(found.map(({ id }) => id))).toEqual(new Set([first.id, second.id]));
    expect(await people.get(first.id)).toMatchObject({ name: 'Amina Rahman', email: 'Amina@Example.org', devices: 0 });
  });

  it('have a unique e-mail address and a unique directory id', async () => {
    const { people, interns } = await world();
    const first = await people.create(draft('A', [interns], { email: 'a@example.org', directoryId: 'd1' }));
    const second = await people.create(draft('B', [interns], { email: 'b@example.org' }));
    for (const more of [{ email: 'A@EXAMPLE.org' }, { directoryId: 'd1' }]) {
      await expect(people.create(draft('C', [interns], more))).rejects.toMatchObject({ code: 'conflict' });
      await expect(people.update(second.id, more)).rejects.toMatchObject({ code: 'conflict' });
      expect(await people.update(first.id, more)).toMatchObject({ id: first.id });
    }
    expect(await people.update(first.id, { email: null, directoryId: null })).toMatchObject({ email: null });
    expect(await people.create(draft('C', [interns], { email: 'a@example.org' }))).toMatchObject({ name: 'C' });
  });

  it('are visible with one of their groups in scope, and enrolled or changed only with all of them', async () => {
    const { people, interns, board } = await world();
    const intern = await people.create(draft('Ida', [interns]));
    const both = await people.create(draft('Amina', [interns, board]));
    const director = await people.create(draft('Dora', [board]));
    const scope = only(interns);
    const outside = { code: 'out_of_scope' };
    const list = async (given: Parameters<typeof people.list>[0]['scope'], filter = {}) =>
      (await people.list({ filter, scope: given, cursor: null, limit: 10 })).people.map(({ id }) => id);

    expect(await list(scope)).toEqual([both.id, intern.id]);
    expect(await list(scope, { group: board })).toEqual([both.id]);
    expect(await list(scope, { text: 'dora' })).toEqual([]);
    expect(await list(homeIn('PK'))).toEqual([both.id, director.id]);
    expect(await list([])).toEqual([]);
    expect(await list(only(interns, board))).toEqual([both.id, director.id, intern.id]);

    expect(await people.personInScope(intern.id, scope)).toMatchObject({ id: intern.id });
    expect(await people.get(both.id, scope)).toMatchObject({ id: both.id });
    await expect(people.personInScope(both.id, scope)).rejects.toMatchObject(outside);
    await expect(people.get(director.id, scope)).rejects.toMatchObject(outside);
    expect(await people.personInScope(both.id, only(interns, board))).toMatchObject({ id: both.id });

    await expect(people.update(both.id, { groups: [interns] }, scope)).rejects.toMatchObject(outside);
    await expect(people.update(director.id, { groups: [interns] }, scope)).rejects.toMatchObject(outside);
    await expect(people.update(intern.id, { groups: [interns, board] }, scope)).rejects.toMatchObject(outside);
    await expect(people.create(draft('X', [interns, board]), scope)).rejects.toMatchObject(outside);
    await expect(people.create(draft('X', []), scope)).rejects.toMatchObject({ code: 'invalid_input' });
    await expect(people.create(draft('X', [newGroupId()]))).rejects.toMatchObject({ code: 'not_found' });
    await expect(people.get(newPersonId())).rejects.toMatchObject({ code: 'not_found' });
    expect(await people.update(intern.id, { name: 'Ida Berg' }, scope)).toMatchObject({ name: 'Ida Berg' });
  });

  it('pass a new name to their devices, and keep a group that has a device of theirs', async () => {
    const { database, people, interns, board } = await world();
    const device = await addDevice(database, { group: interns, user: 'Ida' });
    const { id } = (await people.list({ filter: {}, scope: null, cursor: null, limit: 1 })).people[0] ?? {};
    if (!id) throw new Error('the person is missing');
    expect(await people.update(id, { name: 'Ida Berg', groups: [interns, board] })).toMatchObject({ devices: 1 });
    const row = database.db.selectFrom('devices').select('person_name').where('id', '=', device);
    expect(await row.executeTakeFirst()).toEqual({ person_name: 'Ida Berg' });
    await expect(people.update(id, { groups: [board] })).rejects.toMatchObject({ code: 'conflict' });
    expect(await people.update(id, { groups: [interns] })).toMatchObject({ groups: [{ id: interns }] });
    await expect(new GroupStore(database).deleteGroup(interns, 1)).rejects.toMatchObject({ code: 'conflict' });
    expect(await new GroupStore(database).deleteGroup(board, 1)).toBe(true);
  });

  it('get codes only in their own groups, and none when they are disabled', async () => {
    const { database, people, interns, board } = await world();
    const codes = new CodeStore(database);
    const { id } = await people.create(draft('Ida', [interns]));
    await codes.addCode(code(id, interns));
    await expect(codes.addCode(code(id, board))).rejects.toMatchObject({ code: 'conflict' });
    await expect(codes.addCode(code(newPersonId(), board))).rejects.toMatchObject({ code: 'not_found' });
    await expect(people.update(id, { groups: [board] })).rejects.toMatchObject({ code: 'conflict' });
    await people.update(id, { status: 'disabled' });
    const listed = await codes.codes({ state: null, scope: null, after: null, limit: 10, now: 0 });
    expect(listed).toMatchObject([{ person: id, user: 'Ida', canceledAt: expect.any(Number) }]);
    await expect(codes.addCode(code(id, interns))).rejects.toMatchObject({ code: 'conflict' });
    expect(await people.update(id, { status: 'active', groups: [board] })).toMatchObject({ status: 'active' });
  });

  it('are listed by name, page by page', async () => {
    const { database, people, interns } = await world();
    const names = ['b', 'A', 'é', '50%', 'a_b', 'b'];
    for (const name of names) await people.create(draft(name, [interns]));
    await database.transaction((tx) => addPerson(tx, 'C', interns));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof people.list>> = await people.list({
        filter: {},
        scope: null,
        cursor,
        limit: 2,
      });
      seen.push(...page.people.map(({ name }) => name));
      cursor = page.cursor;
    } while (cursor !== null);
    expect(seen).toEqual(['50%', 'A', 'a_b', 'b', 'b', 'C', 'é']);
    const found = async (text: string) =>
      (await people.list({ filter: { text }, scope: null, cursor: null, limit: 9 })).people.map(({ name }) => name);
    expect(await found('%')).toEqual(['50%']);
    expect(await found('A_')).toEqual(['a_b']);
    expect(await found('É')).toEqual(['é']);
    await expect(people.list({ filter: {}, scope: null, cursor: 'x', limit: 1 })).rejects.toMatchObject({
      code: 'invalid_input',
    });
  });
});
