import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { fleet, NOW } from '../support/device-world.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { testInventories } from '../support/inventories.ts';
import { reportOf, testState } from '../support/inventory-state.ts';
import { describeOnEveryStore } from './every-store.ts';

const scopeOf = (groups: readonly GroupId[] | null) => groups?.map((group) => ({ group, homes: null })) ?? null;
const connect = (device: DeviceId, generation = 1) => ({ device, generation, address: '192.0.2.1', agent: '0.1.0' });

describeOnEveryStore('presence', (open) => {
  it('case 14: a second socket of one identity replaces the first one, ends its writes and raises an alert', async () => {
    const database = await open();
    const { devices, clock, wakes } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const first = await devices.connected(connect(device));
    expect(first).toMatchObject({ epoch: 1, replacedSession: false, reportsThrough: 0 });
    clock.jump(NOW + 10);
    const second = await devices.connected({ ...connect(device), address: '192.0.2.2' });
    expect(second).toMatchObject({ epoch: 2, replacedSession: true });
    const alerts = await devices.alerts({ scope: null });
    expect(alerts).toMatchObject([{ device, code: 'taken_over', at: NOW + 10 }]);
    await turn();
    expect(wakes).toContainEqual({ kind: 'opened', device, epoch: 2 });

    clock.jump(NOW + 20);
    await devices.recordState({ device, epoch: first.epoch }, { list: 99, reports: 99 });
    await devices.disconnected({ device, epoch: first.epoch });
    const { presence } = await devices.get(device);
    expect(presence).toMatchObject({
      connected: true,
      address: '192.0.2.2',
      changedAt: NOW + 10,
      lastSeenAt: NOW + 10,
      listVersion: 0,
      reportsThrough: 0,
    });
    await devices.disconnected({ device, epoch: second.epoch });
    expect((await devices.get(device)).presence).toMatchObject({ connected: false, changedAt: NOW + 20 });
  });

  it('case 14: exactly one of many simultaneous sockets stays connected', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const opened = await Promise.all(Array.from({ length: 20 }, () => devices.connected(connect(device))));
    expect(opened.map(({ epoch }) => epoch).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(opened.filter(({ replacedSession }) => !replacedSession)).toHaveLength(1);
    expect(await devices.alerts({ scope: null })).toMatchObject([{ code: 'taken_over', count: 19 }]);
  });

  it('raises no alert for a connection after a clean end or a restart of the server', async () => {
    const database = await open();
    const { devices, clock } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const { epoch } = await devices.connected(connect(device));
    await devices.disconnected({ device, epoch });
    expect(await devices.connected(connect(device))).toMatchObject({ replacedSession: false });
    // The session's last report, its end and the device's next session share a commit.
    const [, , again] = await Promise.all([
      devices.recordState({ device, epoch: 2 }, { reports: 3 }),
      devices.disconnected({ device, epoch: 2 }),
      devices.connected(connect(device)),
    ]);
    expect(again).toMatchObject({ epoch: 3, replacedSession: false, reportsThrough: 3 });
    clock.jump(NOW + 5);
    await devices.resetPresence();
    expect((await devices.get(device)).presence).toMatchObject({ connected: false, changedAt: NOW + 5 });
    expect(await devices.connected(connect(device))).toMatchObject({ epoch: 4, replacedSession: false });
    expect(await devices.alerts({ scope: null })).toEqual([]);
  });

  it('stores polls of a suspended device rarely, and only for its present session and enrollment', async () => {
    const database = await open();
    const { devices, clock } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const sight = (list: number, generation = 1) =>
      devices.recordContact({
        device,
        generation,
        address: '192.0.2.7',
        versions: { list, record: 1, approverSet: 1 },
      });
    const seen = async () => {
      const { presence } = await devices.get(device);
      return presence && [presence.lastSeenAt - NOW, presence.listVersion];
    };
    await sight(4);
    expect(await seen()).toBeNull();
    const { epoch } = await devices.connected(connect(device));
    clock.jump(NOW + 600_000);
    await sight(4);
    expect(await seen()).toEqual([0, 0]);
    await devices.disconnected({ device, epoch });
    await sight(4, 2);
    expect(await seen()).toEqual([0, 0]);
    await sight(4);
    expect(await seen()).toEqual([600_000, 4]);
    clock.jump(NOW + 660_000);
    await sight(4);
    expect(await seen()).toEqual([600_000, 4]);
    await sight(5);
    expect(await seen()).toEqual([660_000, 5]);
    clock.jump(NOW + 840_000);
    await sight(5);
    expect(await seen()).toEqual([840_000, 5]);
    expect(await devices.connected(connect(device))).toMatchObject({ epoch: 2, replacedSession: false });
  });

  it('stores reported versions, never lowers the last report, and starts again with a new enrollment', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const { epoch } = await devices.connected(connect(device));
    const session = { device, epoch };
    await Promise.all([
      devices.recordState(session, { list: 4, record: 3, approverSet: 2, agent: '0.2.0' }),
      devices.recordState(session, { reports: 7 }),
      devices.recordState(session),
    ]);
    await devices.recordState(session, { reports: 5, list: 3 });
    expect((await devices.get(device)).presence).toMatchObject({
      listVersion: 3,
      recordStored: 3,
      approverSetVersion: 2,
      agent: '0.2.0',
      reportsThrough: 7,
    });
    expect(await devices.connected(connect(device))).toMatchObject({ reportsThrough: 7 });
    await database.db.updateTable('devices').set({ generation: 2 }).where('id', '=', device).execute();
    await expect(devices.connected(connect(device, 1))).rejects.toMatchObject({ code: 'certificate_revoked' });
    expect(await devices.connected(connect(device, 2))).toMatchObject({ epoch: 3, reportsThrough: 0 });
    expect((await devices.get(device)).presence).toMatchObject({
      listVersion: 0,
      recordStored: 0,
      approverSetVersion: 0,
    });
  });

  it('lets only the newest session end presence, in any interleaving', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const group = await addGroup(database, 'g');
    const step = fc.oneof(
      fc.constant({ kind: 'connect' as const }),
      fc.record({ kind: fc.constant('close' as const), epoch: fc.nat({ max: 6 }) }),
      fc.record({ kind: fc.constant('seen' as const), epoch: fc.nat({ max: 6 }), list: fc.nat({ max: 9 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const device = await addDevice(database, { group });
        let epoch = 0;
        let connected = false;
        let list = 0;
        for (const one of steps) {
          if (one.kind === 'connect') {
            epoch = (await devices.connected(connect(device))).epoch;
            connected = true;
          } else if (one.kind === 'close') {
            await devices.disconnected({ device, epoch: one.epoch });
            if (one.epoch === epoch) connected = false;
          } else {
            await devices.recordState({ device, epoch: one.epoch }, { list: one.list });
            if (one.epoch === epoch && epoch > 0) list = one.list;
          }
        }
        const { presence } = await devices.get(device);
        expect(presence?.connected ?? false).toBe(connected);
        expect(presence?.listVersion ?? 0).toBe(list);
      }),
      { numRuns: 25 },
    );
  });

  it('counts repeated alerts, and keeps every grave alert among many others', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const group = await addGroup(database, 'g');
    const [noisy, other] = [await addDevice(database, { group }), await addDevice(database, { group })];
    await devices.raiseAlert({ device: noisy, code: 'taken_over', detail: 'from 192.0.2.1' });
    await Promise.all(
      Array.from({ length: 500 }, (_, n) => devices.raiseAlert({ device: noisy, code: 'same', detail: `${n}` })),
    );
    for (let n = 0; n < 300; n += 1) await devices.raiseAlert({ device: noisy, code: `code_${n}`, detail: `${n}` });
    await devices.raiseAlert({ device: other, code: 'same', detail: 'its own' });
    const all = await devices.alerts({ scope: null, limit: 200 });
    // Forty ordinary codes, one row that counts the other codes, one grave alert, and one alert of the other device.
    expect(all).toHaveLength(43);
    const of = (code: string) => all.find((one) => one.code === code && one.device === noisy);
    expect(of('same')).toMatchObject({ count: 500, isGrave: false });
    expect(of('other_alerts')).toMatchObject({ count: 261, detail: 'code_299: 299' });
    expect(of('taken_over')).toMatchObject({ count: 1, detail: 'from 192.0.2.1', isGrave: true });
    expect((await devices.alerts({ scope: null, grave: true })).map(({ code }) => code)).toEqual(['taken_over']);
    // A repeated alert is the newest again. A day after the first alert, a repetition has its own row.
    await devices.raiseAlert({ device: noisy, code: 'taken_over', detail: 'from 192.0.2.1' });
    const [newest] = await devices.alerts({ scope: null, limit: 1 });
    expect(newest).toMatchObject({ code: 'taken_over', count: 2, detail: 'from 192.0.2.1' });
    await database.db
      .updateTable('alerts')
      .set({ first_at: NOW - 2 * 86_400_000 })
      .execute();
    await devices.raiseAlert({ device: noisy, code: 'taken_over', detail: 'from 192.0.2.1' });
    expect((await devices.alerts({ scope: null, grave: true })).map(({ count }) => count)).toEqual([1, 2]);
  });

  it('keeps the details of different grave alerts of one kind, up to a limit', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const raise = (code: string, detail: string) => devices.raiseAlert({ device, code, detail });
    await Promise.all(['2026-001', '2026-667', '2026-001'].map((order) => raise('order_unverified', order)));
    for (let n = 0; n < 100; n += 1) await raise('list_forked', `list ${n}`);
    await raise('list_older', 'list 3');
    await raise('order_unverified', '2026-667');
    const all = await devices.alerts({ scope: null, limit: 200 });
    const of = (code: string) => all.filter((alert) => alert.code === code);
    expect(of('order_unverified')).toMatchObject([
      { detail: '2026-667', count: 2 },
      { detail: '2026-001', count: 2 },
    ]);
    // Thirty alerts have their own detail. All others share one row for each code.
    expect(of('list_forked')).toHaveLength(29);
    expect(of('list_forked')[0]).toMatchObject({ detail: 'Newest of several: list 99', count: 72 });
    expect(of('list_older')).toMatchObject([{ detail: 'Newest of several: list 3', count: 1 }]);
  });

  it('keeps the newest host name, and lists alerts within the scope', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const [group, other] = [await addGroup(database, 'g'), await addGroup(database, 'h')];
    const device = await addDevice(database, { group });
    const inventories = await testInventories(database);
    expect(await inventories.of(device)).toBeNull();
    const reports = ['one', 'two', 'three'].map((name) => inventories.put(device, reportOf(testState(name))));
    expect(await Promise.all(reports)).toEqual(['stored', 'stored', 'stored']);
    expect((await inventories.of(device))?.system.hostname).toBe('three');
    expect(await devices.get(device)).toMatchObject({ hostname: 'three', platform: 'linux' });

    await devices.raiseAlert({ device, code: 'list_forked', detail: 'x' });
    await devices.raiseAlert({ device: null, code: 'crl', detail: 'y' });
    const codes = async (groups: GroupId[] | null) =>
      (await devices.alerts({ scope: scopeOf(groups) })).map(({ code }) => code);
    expect(await codes(null)).toEqual(['crl', 'list_forked']);
    expect(await codes([group])).toEqual(['list_forked']);
    expect(await codes([other])).toEqual([]);
    expect(await codes([])).toEqual([]);
    const [newest] = await devices.alerts({ scope: null, limit: 1 });
    expect((await devices.alerts({ scope: null, before: newest!.id })).map(({ code }) => code)).toEqual([
      'list_forked',
    ]);
  });
});
