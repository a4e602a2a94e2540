import { expect, it } from 'vitest';
import { inScope, type Scope } from '../../server/devices/scope.ts';
import { createGroupMembers } from '../../server/groups/groups.ts';
import type { Database } from '../../server/store/database.ts';
import { FactReader } from '../../server/store/fact-reader.ts';
import { GroupMemberStore } from '../../server/store/group-member-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { NotificationStore } from '../../server/store/notification-store.ts';
import { PeopleStore } from '../../server/store/people-store.ts';
import { parseEvidenceArea } from '../../shared/areas/area-code.ts';
import { type DeviceId, type GroupId, newNotificationRuleId } from '../../shared/protocol/ids.ts';
import { emptyLocation, observeAll } from '../../shared/verdict/locate.ts';
import { FR, fleet, NOW, PK } from '../support/device-world.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { testInventories } from '../support/inventories.ts';
import { reportOf, testState } from '../support/inventory-state.ts';
import { describeOnEveryStore } from './every-store.ts';

function world(database: Database) {
  const base = fleet(database);
  const bus = {
    publish: (wake: (typeof base.wakes)[number]) => void base.wakes.push(wake),
    subscribe: () => () => undefined,
  };
  const create = () =>
    createGroupMembers({
      store: new GroupMemberStore(database),
      facts: new FactReader(database),
      bus,
      clock: base.clock,
    });
  return { ...base, bus, create, groups: create() };
}

/** Stores an inventory with another host name. */
const named = async (database: Database, device: DeviceId, hostname: string) =>
  (await testInventories(database)).put(device, reportOf(testState(hostname)));

const listed = async ({ devices }: ReturnType<typeof world>, group: GroupId, scope: Scope = null) =>
  (await devices.list({ filter: { group }, scope, limit: 200, sort: 'id' })).items.map(({ id }) => id);

describeOnEveryStore('groups', (open) => {
  it('finds the members of static groups beside the primary group, and keeps scopes of both kinds apart', async () => {
    const database = await open();
    const all = world(database);
    const [office, project] = [await addGroup(database, 'Office', 'PK'), await addGroup(database, 'Project')];
    const a = await addDevice(database, { group: office, user: 'A' });
    const b = await addDevice(database, { group: office, user: 'B', home: 'FR' });
    const c = await addDevice(database, { group: project, user: 'C' });
    await all.groups.changeMembers(project, [a, b], []);
    await all.groups.changeMembers(project, [a], [b]);
    expect(await listed(all, project)).toEqual([a, c].sort());
    expect(await listed(all, office)).toEqual([a, b].sort());
    expect((await all.groups.membershipsOf(a)).map(({ name, kind }) => [name, kind])).toEqual([
      ['Office', 'primary'],
      ['Project', 'static'],
    ]);
    for (const scope of [
      [{ group: project, homes: null }],
      [{ group: office, homes: [FR] }],
      [{ group: project, homes: [PK] }],
      [{ group: null, homes: [PK] }],
    ] satisfies Scope[]) {
      const whole = (await all.devices.list({ scope: null, limit: 200, sort: 'id' })).items;
      const expected = whole.filter(({ scopeGroups, home }) => inScope(scope, { groups: scopeGroups, home }));
      const seen = (await all.devices.list({ scope, limit: 200, sort: 'id' })).items;
      expect(seen.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
    }
    await expect(all.devices.get(b, [{ group: project, homes: null }])).rejects.toMatchObject({ code: 'out_of_scope' });
  });

  it('evaluates a new expression for all devices, some at a time, and continues after a restart', async () => {
    const database = await open();
    const all = world(database);
    const office = await addGroup(database, 'Office', 'PK');
    const ids: DeviceId[] = [];
    for (let index = 0; index < 30; index += 1)
      ids.push(await addDevice(database, { group: office, user: `U${index}`, ...(index % 3 === 0 && { home: 'FR' }) }));
    const french = await all.groups.createDynamic('French', 'home == "FR"');
    const expected = ids.filter((_, index) => index % 3 === 0).sort();
    // A part of the build is done, as by a server that was killed.
    const store = new GroupMemberStore(database);
    const [group] = await store.dynamicGroups();
    if (!group) throw new Error('no group');
    const first = await store.devicesAfter('', 10, null);
    await store.apply({
      evaluated: [group],
      add: first.filter((id) => expected.includes(id)).map((device) => ({ group: french, device })),
      remove: [],
      processed: [],
      builtAfter: first.at(-1) ?? '',
    });
    expect((await all.devices.getGroup(french)).complete).toBe(false);
    await all.create().settle();
    expect((await all.devices.getGroup(french)).complete).toBe(true);
    expect(await listed(all, french)).toEqual(expected);
    // Another expression replaces all members.
    await all.devices.updateGroup(french, { expression: 'home == "PK"' });
    await all.groups.settle();
    expect(await listed(all, french)).toEqual(ids.filter((id) => !expected.includes(id)).sort());
  });

  it('ignores results of an expression that changed during the evaluation', async () => {
    const database = await open();
    const all = world(database);
    const office = await addGroup(database, 'Office', 'PK');
    const device = await addDevice(database, { group: office });
    const dynamic = await all.groups.createDynamic('D', 'home == "PK"');
    const store = new GroupMemberStore(database);
    const before = await store.dynamicGroups();
    await all.devices.updateGroup(dynamic, { expression: 'home == "FR"' });
    await store.apply({
      evaluated: before,
      add: [{ group: dynamic, device }],
      remove: [],
      processed: [],
      builtAfter: null,
    });
    expect(await listed(all, dynamic)).toEqual([]);
    expect((await all.devices.getGroup(dynamic)).complete).toBe(false);
  });

  it('follows each kind of fact, and loses no change during an evaluation', async () => {
    const database = await open();
    const all = world(database);
    const { devices, groups, clock } = all;
    const [office, other] = [await addGroup(database, 'Office', 'PK'), await addGroup(database, 'Other')];
    const device = await addDevice(database, { group: office, user: 'Ann' });
    const bystander = await addDevice(database, { group: office, user: 'Bob' });
    const expressions = {
      home: 'home == "FR"',
      group: `group == "${other}"`,
      user: `"${other}" in user.groups`,
      status: 'status == "revoked"',
      agent: 'compareVersions(agent.version, "2") >= 0',
      host: 'hostname.startsWith("ws-")',
      areas: '"EU" in areas',
      workspace: 'workspace == "locked"',
    };
    const made = new Map<string, GroupId>();
    for (const [name, text] of Object.entries(expressions)) made.set(name, await groups.createDynamic(name, text));
    await groups.settle();
    const memberOf = async (id = device) =>
      (await groups.membershipsOf(id)).flatMap(({ name, kind }) => (kind === 'dynamic' ? [name] : []));
    expect(await memberOf()).toEqual([]);

    await devices.update(device, { home: FR });
    await groups.settle();
    expect(await memberOf()).toEqual(['home']);
    await devices.update(device, { home: null });
    await devices.updateGroup(office, { home: FR });
    await groups.settle();
    expect([await memberOf(), await memberOf(bystander)]).toEqual([['home'], ['home']]);
    await devices.updateGroup(office, { home: PK });

    const { person } = await devices.get(device);
    await new PeopleStore(database).update(person, { groups: [office, other], realAt: NOW });
    await groups.settle();
    expect(await memberOf()).toEqual(['user']);
    await devices.update(device, { group: other });
    await groups.settle();
    expect(await memberOf()).toEqual(['group', 'user']);

    await devices.connected({ device, generation: 1, address: null, agent: '2.1.0' });
    await named(database, device, 'ws-7');
    await groups.settle();
    expect(await memberOf()).toEqual(['agent', 'group', 'host', 'user']);

    const places = new JurisdictionStore(database);
    const seen = { source: 'position', areas: [parseEvidenceArea('DE')], at: clock.now(), whole: true } as const;
    await places.save({
      device,
      generation: 1,
      state: observeAll(emptyLocation(), [seen]),
      unknownAt: clock.now() + 60_000,
      evidence: [],
      at: clock.now(),
      report: null,
      ofConnection: false,
    });
    await groups.settle();
    expect(await memberOf()).toContain('areas');
    // The location expires without any report of the device.
    clock.jump(clock.now() + 120_000);
    await groups.settle();
    expect(await memberOf()).not.toContain('areas');

    // A change after the reading of the facts keeps its mark.
    const store = new GroupMemberStore(database);
    await named(database, device, 'laptop');
    const marked = await store.changed(10);
    await named(database, device, 'laptop-2');
    await store.apply({ evaluated: [], add: [], remove: [], processed: marked });
    expect(await store.changed(10)).toMatchObject([{ device }]);
    await groups.settle();
    expect(await memberOf()).toEqual(['agent', 'group', 'user']);
    expect(await store.changed(10)).toEqual([]);

    await devices.revoke(device);
    await groups.settle();
    expect(await memberOf()).toContain('status');
  });

  it('counts a dynamic group for scopes and exemptions only after an owner trusts it', async () => {
    const database = await open();
    const all = world(database);
    const office = await addGroup(database, 'Office', 'PK');
    const device = await addDevice(database, { group: office });
    const dynamic = await all.groups.createDynamic('Hosts', 'hostname == "boss"');
    await named(database, device, 'boss');
    await all.groups.settle();
    expect(await listed(all, dynamic)).toEqual([device]);
    const scope: Scope = [{ group: dynamic, homes: null }];
    expect(await listed(all, dynamic, scope)).toEqual([]);
    await expect(all.devices.get(device, scope)).rejects.toMatchObject({ code: 'out_of_scope' });
    await expect(all.devices.trustedMembers(dynamic)).rejects.toMatchObject({ code: 'conflict' });
    await all.groups.setTrusted(dynamic, true);
    expect(await listed(all, dynamic, scope)).toEqual([device]);
    expect((await all.devices.get(device, scope)).id).toBe(device);
    expect(await all.devices.trustedMembers(dynamic)).toEqual([device]);
    await expect(all.devices.updateGroup(dynamic, { expression: 'true' })).rejects.toMatchObject({ code: 'conflict' });
    await all.groups.setTrusted(dynamic, false);
    expect(await listed(all, dynamic, scope)).toEqual([]);
  });

  it('refuses changes that do not fit the kind of a group, and the deletion of a group in use', async () => {
    const database = await open();
    const { groups, devices } = world(database);
    const office = await addGroup(database, 'Office', 'PK');
    const device = await addDevice(database, { group: office, user: 'Ann' });
    const dynamic = await groups.createDynamic('Hosts', 'hostname == "boss"');
    const conflict = { code: 'conflict' };
    await expect(groups.createDynamic('Hosts', 'true')).rejects.toMatchObject(conflict);
    await expect(groups.createDynamic('Bad', 'tint == 1')).rejects.toMatchObject({
      code: 'invalid_input',
      context: { field: 'expression', line: 1, column: 1 },
    });
    await expect(groups.changeMembers(dynamic, [device], [])).rejects.toMatchObject(conflict);
    await expect(devices.updateGroup(dynamic, { home: PK })).rejects.toMatchObject(conflict);
    await expect(devices.updateGroup(office, { expression: 'true' })).rejects.toMatchObject(conflict);
    await expect(groups.setTrusted(office, false)).rejects.toMatchObject(conflict);
    await new NotificationStore(database).putRule({
      id: newNotificationRuleId(),
      name: 'Offline',
      condition: { kind: 'device-offline', days: 3 },
      group: office,
      channels: [],
      repeatHours: null,
      enabled: true,
      createdAt: NOW,
      enabledAt: NOW,
    });
    await expect(devices.deleteGroup(office)).rejects.toMatchObject({
      code: 'conflict',
      context: {
        uses: [
          { kind: 'devices', count: 1, names: [device] },
          { kind: 'people', count: 1, names: ['Ann'] },
          { kind: 'notification rules', count: 1, names: ['Offline'] },
        ],
      },
    });
    await groups.settle();
    await devices.deleteGroup(dynamic);
    await groups.settle();
    for (const table of ['group_members', 'ended_groups', 'changed_facts'] as const)
      expect(await database.db.selectFrom(table).selectAll().execute()).toEqual([]);
  });
});
