import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { removeSoftware } from '../../server/store/software-devices.ts';
import type { InventoryState } from '../../shared/inventory/report.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { fleet, NOW, PK } from '../support/device-world.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { testInventories } from '../support/inventories.ts';
import { dpkg, reportOf, testState } from '../support/inventory-state.ts';
import { describeOnEveryStore } from './every-store.ts';

const everything = { text: null, exact: null, source: null, cursor: null, limit: 50, scope: null };
const page = { scope: null, cursor: 0, limit: 50 };
const DEBIAN = { os: { id: 'debian', version: '12' } };
const UBUNTU = { os: { id: 'ubuntu', version: '24.04' } };

describeOnEveryStore('the inventory', (open) => {
  async function world() {
    const database = await open();
    const inventories = await testInventories(database);
    const group = await addGroup(database, 'Karachi');
    const add = (user: string) => addDevice(database, { group, user });
    return { database, inventories, group, add };
  }

  it('stores a complete report, then differences, each title and version once', async () => {
    const { database, inventories, add } = await world();
    const [first, second] = [await add('Amina'), await add('Bilal')];
    const one = testState('one', [dpkg('bash', '5.2'), dpkg('libssl3', '3.0.14-1', 'openssl')], DEBIAN);
    expect(await inventories.put(first, reportOf(one))).toBe('stored');
    expect(await inventories.put(second, reportOf(one))).toBe('stored');
    expect(await inventories.put(second, reportOf(one))).toBe('unchanged');
    const two = testState('one', [dpkg('bash', '5.2'), dpkg('libssl3', '3.0.15-1', 'openssl')], DEBIAN);
    const difference = reportOf(two, one);
    expect(difference).toMatchObject({ sections: {}, software: { total: 2, added: [two.software[1]] } });
    expect(await inventories.put(first, difference)).toBe('stored');
    expect(await inventories.softwareOf(first)).toEqual(two.software);
    expect(await inventories.softwareOf(second)).toEqual(one.software);
    const titles = await database.db.selectFrom('software_titles').select('name').orderBy('name').execute();
    expect(titles.map(({ name }) => name)).toEqual(['bash', 'libssl3']);
    expect(await database.db.selectFrom('software_versions').selectAll().execute()).toHaveLength(3);
  });

  it('keeps sections that a difference does not name, and removes those that the device no longer reports', async () => {
    const { inventories, add } = await world();
    const device = await add('Amina');
    const users = [{ name: 'amina', admin: false }];
    const one = testState('one', [], { users, disks: [] });
    await inventories.put(device, reportOf(one));
    const two: InventoryState = { ...testState('two', [], { disks: [] }), missing: { users: 'off' } };
    await inventories.put(device, reportOf(two, one, 7));
    const stored = await inventories.of(device);
    expect(stored).toMatchObject({ at: 7, disks: [], missing: { users: 'off' }, system: { hostname: 'two' } });
    expect(stored).not.toHaveProperty('users');
  });

  it('asks for the complete inventory if the base, or the number of entries, does not match', async () => {
    const { inventories, add } = await world();
    const device = await add('Amina');
    const one = testState('one', [dpkg('a', '1')]);
    const two = testState('one', [dpkg('a', '1'), dpkg('b', '1')]);
    const three = testState('one', [dpkg('b', '1')]);
    expect(await inventories.put(device, reportOf(two, one))).toBe('wanted');
    expect(await inventories.softwareOf(device)).toBeNull();
    await inventories.put(device, reportOf(one));
    const report = reportOf(two, one);
    const entry = dpkg('b', '1');
    const repeated = { ...report, software: { total: 3, added: [entry, entry], removed: [] } };
    expect(await inventories.put(device, repeated)).toBe('wanted');
    const unknown = { ...report, software: { total: 0, added: [], removed: [dpkg('c', '1')] } };
    expect(await inventories.put(device, unknown)).toBe('wanted');
    expect(await inventories.softwareOf(device)).toEqual(one.software);
    expect(await inventories.put(device, reportOf(three))).toBe('stored');
    expect(await inventories.softwareOf(device)).toEqual(three.software);
    expect((await inventories.software.list({ ...everything, exact: 'a' })).items).toEqual([]);
  });

  it('refuses an incomplete first report, and a device that changes its list without end', async () => {
    const { database, inventories, add } = await world();
    const [device, other] = [await add('Amina'), await add('Bilal')];
    const { sections: _, ...rest } = reportOf(testState('one'));
    const incomplete = inventories.put(device, { ...rest, sections: {} });
    const good = inventories.put(other, reportOf(testState('two')));
    await expect(incomplete).rejects.toMatchObject({ code: 'invalid_input' });
    expect(await good).toBe('stored');
    const bounded = await testInventories(database, new DrivenClock(NOW), undefined, 100);
    const results: string[] = [];
    for (let version = 0; version < 4; version += 1) {
      const added = Array.from({ length: 30 }, (_, index) => dpkg(`p${index}`, `${version}`));
      const put = bounded.put(device, reportOf(testState('one', added)));
      results.push(await put.catch((error: { code: string }) => error.code));
    }
    expect(results).toEqual(['stored', 'stored', 'stored', 'too_large']);
    expect(await inventories.software.removeUnused()).toBe(60);
    const [title] = (await inventories.software.list({ ...everything, exact: 'p7' })).items;
    expect(title).toMatchObject({ devices: 1, versions: 1, newest: '2' });
  });

  it('finds devices by version, in the order of the package manager and within the scope', async () => {
    const { database, inventories, add } = await world();
    const versions = ['3.0.9-1', '3.0.15~rc1-1', '3.0.15-1', '3.0.16-1'];
    const devices: DeviceId[] = [];
    for (const version of versions) {
      const device = await add(`User ${version}`);
      devices.push(device);
      await inventories.put(device, reportOf(testState(version, [dpkg('openssl', version), dpkg('bash', '5.2')])));
    }
    const elsewhere = await addGroup(database, 'Lahore');
    const outside = await addDevice(database, { group: elsewhere, user: 'Zara' });
    await inventories.put(outside, reportOf(testState('z', [dpkg('openssl', '3.0.1-1'), dpkg('secret-tool', '1')])));
    const karachi = [{ group: (await fleet(database).devices.get(devices[0] as DeviceId)).group.id, homes: null }];

    const { items } = await inventories.software.list(everything);
    expect(items.map(({ name, devices: count, newest }) => [name, count, newest])).toEqual([
      ['bash', 4, '5.2'],
      ['openssl', 5, '3.0.16-1'],
      ['secret-tool', 1, '1'],
    ]);
    const limited = await inventories.software.list({ ...everything, scope: karachi });
    expect(limited.items.map(({ name, devices: count }) => [name, count])).toEqual([
      ['bash', 4],
      ['openssl', 4],
    ]);
    const [, openssl] = items;
    const id = openssl?.id ?? 0;
    const below = await inventories.software.devices(id, { below: '3.0.15' }, { ...page, scope: karachi });
    expect(below.devices.map(({ device, versions: found }) => [device, found])).toEqual([
      [devices[0], ['3.0.9-1']],
      [devices[1], ['3.0.15~rc1-1']],
    ]);
    expect(below.total).toBe(2);
    expect((await inventories.software.devices(id, { atLeast: '3.0.15' }, page)).total).toBe(2);
    expect((await inventories.software.devices(id, { above: '3.0.15-1' }, page)).total).toBe(1);
    expect((await inventories.software.devices(id, { version: '3.0.9-1' }, page)).total).toBe(1);
    const { versions: shown } = await inventories.software.show(id, null);
    expect(shown.map(({ version }) => version)).toEqual(['3.0.16-1', '3.0.15-1', '3.0.15~rc1-1', '3.0.9-1', '3.0.1-1']);

    const paged: DeviceId[] = [];
    for (let cursor: number | null = 0; cursor !== null; ) {
      const some = await inventories.software.devices(id, {}, { scope: null, cursor, limit: 2 });
      paged.push(...some.devices.map(({ device }) => device));
      cursor = some.cursor;
    }
    expect(paged).toEqual([...devices, outside]);
    const all: DeviceId[] = [];
    for await (const { device } of inventories.software.everyDevice(id, {}, karachi)) all.push(device);
    expect(all).toEqual(devices);

    const secret = (await inventories.software.list({ ...everything, text: 'SECRET' })).items[0]?.id ?? 0;
    await expect(inventories.software.show(secret, karachi)).rejects.toMatchObject({ code: 'not_found' });
    const hidden = inventories.software.devices(secret, {}, { ...page, scope: karachi });
    await expect(hidden).rejects.toMatchObject({ code: 'not_found' });
    await database.db
      .updateTable('devices')
      .set({ status: 'revoked' })
      .where('id', '=', devices[0] ?? '')
      .execute();
    expect((await inventories.software.devices(id, { below: '3.0.15' }, { ...page, scope: karachi })).total).toBe(1);
  });

  it('marks devices that an advisory affects, by distribution, source package and version', async () => {
    const { inventories, add } = await world();
    const [vulnerable, fixed, ubuntu] = [await add('Amina'), await add('Bilal'), await add('Chen')];
    await inventories.put(vulnerable, reportOf(testState('v', [dpkg('libssl3', '3.0.14-1', 'openssl')], DEBIAN)));
    await inventories.put(fixed, reportOf(testState('f', [dpkg('libssl3', '3.0.15-1', 'openssl')], DEBIAN)));
    await inventories.put(ubuntu, reportOf(testState('u', [dpkg('libssl3', '3.0.14-1', 'openssl')], UBUNTU)));
    const advisory = {
      id: 'DSA-5764-1',
      modified: '2026-09-04T00:00:00Z',
      summary: 'openssl - security update',
      aliases: ['CVE-2024-6119'],
      affected: [
        {
          package: { ecosystem: 'Debian:12', name: 'openssl' },
          ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.15-1~deb12u1' }] }],
        },
        { package: { ecosystem: 'npm', name: 'openssl' }, versions: ['1.0.0'] },
      ],
    };
    const file = Buffer.from(JSON.stringify([advisory]));
    const { advisories } = inventories;
    expect(await advisories.importFile(file)).toEqual({ read: 1, changed: 1, withdrawn: 0, skippedPackages: 1 });
    expect(await advisories.importFile(file)).toMatchObject({ changed: 0 });
    const list = { text: null, cursor: null, limit: 50, scope: null };
    expect((await advisories.list(list)).advisories).toMatchObject([{ id: 'DSA-5764-1', devices: 1 }]);
    expect((await advisories.list({ ...list, text: 'cve-2024-6119' })).advisories).toHaveLength(1);
    expect((await advisories.list({ ...list, text: 'nginx' })).advisories).toEqual([]);
    const affected = await advisories.devices('DSA-5764-1', page);
    expect(affected).toMatchObject({ total: 1, devices: [{ device: vulnerable, versions: ['libssl3 3.0.14-1'] }] });
    expect(await inventories.advisoriesOf(vulnerable)).toMatchObject([
      { advisory: { id: 'DSA-5764-1' }, packages: [{ name: 'libssl3', version: '3.0.14-1' }] },
    ]);
    expect(await inventories.advisoriesOf(fixed)).toEqual([]);
    expect(await inventories.advisoriesOf(ubuntu)).toEqual([]);

    const withdrawn = { ...advisory, withdrawn: '2026-10-01T00:00:00Z', modified: '2026-10-01T00:00:00Z' };
    expect(await advisories.importFile(Buffer.from(JSON.stringify(withdrawn)))).toMatchObject({ withdrawn: 1 });
    expect((await advisories.list(list)).advisories).toEqual([]);
    const broken = advisories.importFile(Buffer.from('[{"id":"X-1","modified":"2026-01-01T00:00:00Z"},{"id":7}]'));
    await expect(broken).rejects.toMatchObject({
      code: 'invalid_input',
      message: expect.stringContaining('Advisory 2'),
    });
  });

  it('drops sections that the organization has switched off, whatever a device reports', async () => {
    const { database, inventories, add } = await world();
    const device = await add('Amina');
    await inventories.sections.switchOff(['users', 'software'], 'acc_x');
    const state = testState('one', [dpkg('bash', '5.2')], { users: [{ name: 'amina', admin: false }], disks: [] });
    expect(await inventories.put(device, reportOf(state))).toBe('stored');
    expect(await inventories.of(device)).toMatchObject({ missing: { users: 'off', software: 'off' }, disks: [] });
    expect(await inventories.of(device)).not.toHaveProperty('users');
    expect((await inventories.software.list(everything)).items).toEqual([]);
    await expect(inventories.sections.switchOff(['system'], 'acc_x')).rejects.toMatchObject({ code: 'invalid_input' });
    expect((await testInventories(database)).sections.current().off).toEqual(['software', 'users']);
  });

  it('removes the software of a device whose data is destroyed', async () => {
    const { database, inventories, add } = await world();
    const [gone, stays] = [await add('Amina'), await add('Bilal')];
    await inventories.put(gone, reportOf(testState('one', [dpkg('bash', '5.2'), dpkg('only-here', '1')])));
    await inventories.put(stays, reportOf(testState('two', [dpkg('bash', '5.2')])));
    await database.transaction((tx) => removeSoftware(tx, database.dialect, gone));
    expect(await inventories.softwareOf(gone)).toBeNull();
    const { items } = await inventories.software.list(everything);
    expect(items.map(({ name, devices }) => [name, devices])).toEqual([['bash', 1]]);
    const { rows } = await sql<{ n: number }>`select count(*) as n from software_devices`.execute(database.db);
    expect(Number(rows[0]?.n)).toBe(1);
  });

  it('returns facts of a device for rules', async () => {
    const { inventories, add } = await world();
    const device = await add(`Amina ${PK}`);
    expect((await inventories.facts(device)).hostname).toBeNull();
    await inventories.put(
      device,
      reportOf(
        testState('one', [dpkg('bash', '5.2')], {
          ...DEBIAN,
          disks: [{ name: 'sda', size: 1, encrypted: true }],
          updates: { checkedAt: null, pending: 3, security: 0, restart: false, packages: [] },
        }),
      ),
    );
    expect(await inventories.facts(device)).toMatchObject({
      hostname: 'one',
      'os.version': '12',
      'os.patched': true,
      pendingUpdates: 3,
      'disk.encrypted': true,
      firewall: null,
      software: { bash: '5.2' },
    });
  });
});
