import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DeviceFilter, DeviceSort } from '../../server/devices/ports.ts';
import { inScope } from '../../server/devices/scope.ts';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import { type DeviceId, type GroupId, newDeviceId } from '../../shared/protocol/ids.ts';
import { FR, fleet, NOW, PK } from '../support/device-world.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { testInventories } from '../support/inventories.ts';
import { reportOf, testState } from '../support/inventory-state.ts';
import { describeOnEveryStore } from './every-store.ts';

const scopeOf = (groups: readonly GroupId[] | null) => groups?.map((group) => ({ group, homes: null })) ?? null;
const connect = (device: DeviceId, generation = 1) => ({ device, generation, address: '192.0.2.1', agent: '0.1.0' });

const parsePlaces = (texts: readonly string[]) => texts.map(parseHomeArea);

describeOnEveryStore('the list of devices', (open) => {
  const SORTS = ['id', 'user', 'enrolled', 'seen'] as const satisfies DeviceSort[];

  it('lists every device once, in order, for every sort and page size', async () => {
    const database = await open();
    const { devices, clock } = fleet(database);
    const group = await addGroup(database, 'g');
    for (let index = 0; index < 23; index += 1) {
      const device = await addDevice(database, { group, user: `User ${index % 5}`, enrolledAt: index % 4 });
      clock.jump(NOW + Math.floor(index / 3));
      if (index % 2) await devices.connected(connect(device));
    }
    const key = (sort: (typeof SORTS)[number], device: Awaited<ReturnType<typeof devices.get>>) =>
      ({ id: 0, user: device.user, enrolled: device.enrolledAt, seen: device.presence?.lastSeenAt ?? 0 })[sort];
    for (const sort of SORTS) {
      for (const descending of [false, true]) {
        const all = [];
        let cursor: string | null = null;
        do {
          const page: Awaited<ReturnType<typeof devices.list>> = await devices.list({
            scope: null,
            sort,
            descending,
            cursor,
            limit: 7,
          });
          all.push(...page.items);
          cursor = page.cursor;
        } while (cursor);
        expect(new Set(all.map(({ id }) => id)).size).toBe(23);
        // A page by offset shows the same devices.
        for (const offset of [0, 1, 10, 11, 12, 16, 20, 22, 23, 40]) {
          const page = await devices.list({ scope: null, sort, descending, offset, limit: 7 });
          expect(page.items.map(({ id }) => id)).toEqual(all.slice(offset, offset + 7).map(({ id }) => id));
          expect([page.total, page.cursor === null]).toEqual([23, offset + 7 >= 23]);
          if (page.cursor === null) continue;
          const next = await devices.list({ scope: null, sort, descending, cursor: page.cursor, limit: 1 });
          expect([next.total, next.items[0]?.id]).toEqual([23, all[offset + 7]?.id]);
        }
        const sorted = [...all].sort((a, b) => {
          const [x, y] = [key(sort, a), key(sort, b)];
          const ascending = x < y ? -1 : x > y ? 1 : a.id < b.id ? -1 : 1;
          return descending ? -ascending : ascending;
        });
        expect(all.map(({ id }) => id)).toEqual(sorted.map(({ id }) => id));
      }
    }
  });

  it('finds devices by text, group, status, area and connection, and treats wildcards as plain text', async () => {
    const database = await open();
    const { devices, clock } = fleet(database);
    const [here, there] = [await addGroup(database, 'here'), await addGroup(database, 'there')];
    const ann = await addDevice(database, { group: here, user: 'Ann 100%' });
    const bob = await addDevice(database, { group: there, user: 'Bob_' });
    const cyd = await addDevice(database, { group: there, user: 'Cyd' });
    await devices.connected(connect(ann));
    await (await testInventories(database)).put(bob, reportOf(testState('WORKBENCH-7')));
    await devices.revoke(cyd);
    await database.db
      .insertInto('device_nexus')
      .values([
        { device_id: ann, nexus: 'seen', area: 'PK' },
        { device_id: ann, nexus: 'present', area: 'DE' },
        { device_id: bob, nexus: 'present', area: 'PK' },
        { device_id: bob, nexus: 'present', area: 'FR' },
      ])
      .execute();
    await database.db
      .insertInto('locations')
      .values([
        { device_id: ann, areas: 'DE', unknown_at: NOW + 1 },
        { device_id: bob, areas: 'FR PK', unknown_at: null },
      ])
      .execute();
    const found = async (filter: DeviceFilter, groups: GroupId[] | null = null) => {
      const scope = scopeOf(groups);
      const { items, total } = await devices.list({ filter, scope });
      expect(total).toBe(items.length);
      // A command to many devices includes only the active devices.
      const active = items.filter(({ status }) => status === 'active').map(({ id }) => id);
      const { status, ...rest } = filter;
      if (status === undefined) expect([...(await devices.select(rest, scope))].sort()).toEqual(active.sort());
      return items.map(({ user }) => user);
    };
    expect(await found({})).toEqual(['Ann 100%', 'Bob_', 'Cyd']);
    expect(await found({ text: 'aNN 1' })).toEqual(['Ann 100%']);
    expect(await found({ text: '%' })).toEqual(['Ann 100%']);
    expect(await found({ text: '_' })).toEqual(['Bob_']);
    expect(await found({ text: 'ob_' })).toEqual(['Bob_']);
    expect(await found({ text: 'bench' })).toEqual(['Bob_']);
    expect(await found({ text: cyd.slice(0, 18) })).toEqual(['Cyd']);
    expect(await found({ text: cyd.slice(4, 18) })).toEqual(['Cyd']);
    expect(await found({ text: '7 bob' })).toEqual(['Bob_']);
    expect(await found({ text: '7 ann' })).toEqual([]);
    expect(await found({ text: "' or 1=1 --" })).toEqual([]);
    expect(await found({ group: there })).toEqual(['Bob_', 'Cyd']);
    expect(await found({ status: 'revoked' })).toEqual(['Cyd']);
    expect(await found({ area: PK })).toEqual(['Bob_']);
    expect(await found({ area: FR })).toEqual(['Bob_']);
    expect(await found({ area: parseHomeArea('DE') })).toEqual(['Ann 100%']);
    expect(await found({ area: PK, text: 'bench', connected: false, group: there })).toEqual(['Bob_']);
    expect(await found({ connected: true })).toEqual(['Ann 100%']);
    expect(await found({ connected: false, group: there, status: 'active' })).toEqual(['Bob_']);
    expect(await found({}, [here])).toEqual(['Ann 100%']);
    expect(await found({ group: there }, [here])).toEqual([]);
    expect(await found({}, [])).toEqual([]);
    // The device's last evidence has expired, so its location is unknown.
    clock.jump(NOW + 1);
    expect(await found({ area: parseHomeArea('DE') })).toEqual([]);
    await expect(devices.get(bob, scopeOf([here]))).rejects.toMatchObject({ code: 'out_of_scope' });
    await expect(devices.get(newDeviceId())).rejects.toMatchObject({ code: 'not_found' });
  });

  it('compares network addresses only where the reader may see locations, and finds compliance states', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const [here, there] = [await addGroup(database, 'here'), await addGroup(database, 'there')];
    const ann = await addDevice(database, { group: here, user: 'Ann' });
    const bob = await addDevice(database, { group: there, user: 'Bob' });
    for (const device of [ann, bob]) await devices.connected(connect(device));
    const found = async (filter: DeviceFilter, addresses?: GroupId[] | null) => {
      const seen = addresses === undefined ? {} : { addresses: scopeOf(addresses) };
      return (await devices.list({ filter, scope: null, ...seen })).items.map(({ user }) => user);
    };
    expect(await found({ text: '192.0.2.1' })).toEqual([]);
    expect(await found({ text: '192.0.2.1' }, null)).toEqual(['Ann', 'Bob']);
    expect(await found({ text: '192.0 bob' }, null)).toEqual(['Bob']);
    expect(await found({ text: '192.0.2' }, [here])).toEqual(['Ann']);
    const state = { reported_at: null, results: '[]', failing: '{}', taken: '{}', outgoing: '[]', next_at: null };
    await database.db
      .insertInto('device_compliance')
      .values([{ ...state, device_id: ann, generation: 1, state: 'in-grace', changed_at: 1 }])
      .execute();
    expect(await found({ compliance: 'in-grace' })).toEqual(['Ann']);
    expect(await found({ compliance: 'no-policy' })).toEqual(['Bob']);
  });

  it('case 50: lists exactly the devices that the scope of groups and home areas allows', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const groups = [await addGroup(database, 'none'), await addGroup(database, 'us', 'US-CA')];
    const homes = [null, 'PK', 'US', 'US-NY', 'FR', 'ES', 'ES-CT', 'ES-B', 'ES-M'];
    for (const group of groups) for (const home of homes) await addDevice(database, { group, home });
    const stated = await addDevice(database, { group: groups[0]!, home: 'PK' });
    await devices.update(stated, { statement: { kind: 'home', reason: 'posted', areas: [FR], until: NOW + 1 } });
    for (const { id } of (await devices.list({ scope: null, limit: 200 })).items) {
      await devices.raiseAlert({ device: id, code: 'test', detail: '' });
    }
    const part = fc.record({
      group: fc.constantFrom(null, ...groups),
      homes: fc.constantFrom(
        null,
        ...[['PK'], ['US'], ['US-NY'], ['FR', 'DE'], ['US-CA', 'PK'], ['ES-CT'], ['ES'], ['ES-B', 'ES-MD']].map(
          parsePlaces,
        ),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 3 }), async (scope) => {
        const all = (await devices.list({ scope: null, limit: 200 })).items;
        const seen = all
          .filter(({ scopeGroups, home }) => inScope(scope, { groups: scopeGroups, home }))
          .map(({ id }) => id);
        const { items, total } = await devices.list({ scope, limit: 200 });
        expect([items.map(({ id }) => id), total]).toEqual([seen, seen.length]);
        const alerted = (await devices.alerts({ scope, limit: 200 })).map(({ device }) => device);
        expect(alerted.sort()).toEqual([...seen].sort());
      }),
      { numRuns: 25 },
    );
  });

  it('refuses a forged cursor, and a cursor of another sort', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const group = await addGroup(database, 'g');
    for (const user of ['a', 'b']) await addDevice(database, { group, user });
    const { cursor } = await devices.list({ scope: null, limit: 1 });
    const forged = Buffer.from('{"sort":"user","descending":false,"value":1,"id":"x"}').toString('base64url');
    for (const bad of ['x', '!', forged]) {
      await expect(devices.list({ scope: null, cursor: bad })).rejects.toMatchObject({ code: 'invalid_input' });
    }
    await expect(devices.list({ scope: null, cursor, sort: 'seen' })).rejects.toMatchObject({ code: 'invalid_input' });
    expect((await devices.list({ scope: null, cursor })).items.map(({ user }) => user)).toEqual(['b']);
  });
});
