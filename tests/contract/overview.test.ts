/** Counts of devices in any scope, compared with the devices in the list. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LocalBus } from '../../server/bus/bus.ts';
import { createDevices } from '../../server/devices/devices.ts';
import type { Device, DeviceFilter } from '../../server/devices/ports.ts';
import type { Scope } from '../../server/devices/scope.ts';
import type { Database } from '../../server/store/database.ts';
import { deviceStores } from '../../server/store/device-stores.ts';
import { OverviewStore } from '../../server/store/overview-store.ts';
import { type HomeArea, parseHomeArea } from '../../shared/areas/area-code.ts';
import { type DeviceId, newDeviceId, newGroupId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { addLocatedFleet, type LocatedDevice } from '../support/located-fleet.ts';
import { testPersonKeys } from '../support/person-keys.ts';
import { describeOnEveryStore } from './every-store.ts';

const NOW = Date.parse('2015-07-24T12:00:00.000Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LIST = 7;

function fleetOf(database: Database, start = NOW) {
  const clock = new DrivenClock(start);
  const devices = createDevices({
    ...deviceStores(database, testPersonKeys()),
    bus: new LocalBus(),
    clock,
    followers: { deviceChanged: async () => undefined },
  });
  return { devices, clock, overview: new OverviewStore(database) };
}

/** Devices with every combination of presence, location, home and status. */
function* everyKind(): Generator<LocatedDevice> {
  const seen = (areas: string[], at = NOW) => [{ source: 'network', areas, at } as const];
  const places = [
    undefined,
    seen(['PK']),
    seen(['US-CA']),
    seen(['FR', 'DE']),
    seen(['XX-kashmir']),
    seen(['PK'], NOW - 2 * DAY),
  ];
  const presences = [
    null,
    { connected: true, listVersion: LIST },
    { connected: true, listVersion: LIST - 1 },
    { connected: false, listVersion: LIST },
    { connected: false, listVersion: LIST - 3 },
  ];
  for (const place of places) {
    for (const presence of presences) {
      for (const home of [null, 'PK']) {
        for (const status of ['active', 'active', 'revoked'] as const) {
          yield { presence, home, status, ...(place && { seen: place }) };
        }
      }
    }
  }
}

describeOnEveryStore('the fleet at a glance', (open) => {
  it('counts the devices that the list shows, also by area, within any scope', async () => {
    const database = await open();
    const { devices, overview } = fleetOf(database);
    const groups = [await addGroup(database, 'none'), await addGroup(database, 'us', 'US-CA')];
    for (const group of groups) await addLocatedFleet(database, group, NOW, everyKind());
    // Every second device was last seen a month ago.
    const ids = (await database.db.selectFrom('device_presence').select('device_id').orderBy('device_id').execute())
      .filter((_, index) => index % 2 === 0)
      .map(({ device_id }) => device_id);
    await database.db
      .updateTable('device_presence')
      .set({ last_seen_at: NOW - 30 * DAY })
      .where('device_id', 'in', ids)
      .execute();

    const all = async (filter: DeviceFilter, scope: Scope): Promise<Device[]> => {
      const found: Device[] = [];
      for (let total = 1; found.length < total; ) {
        const page = await devices.list({ filter, scope, sort: 'seen', offset: found.length, limit: 200 });
        found.push(...page.items);
        total = page.total;
      }
      return found;
    };
    const part = fc.record({
      group: fc.constantFrom(null, ...groups, newGroupId()),
      homes: fc.constantFrom(null, ...[['PK'], ['US'], ['US-CA', 'FR']].map((homes) => homes.map(parseHomeArea))),
    });
    const scopes = fc.option(fc.array(part, { maxLength: 2 }));
    await fc.assert(
      fc.asyncProperty(scopes, async (scope) => {
        const active = await all({ status: 'active' }, scope);
        const [silentBefore, listVersion] = [NOW - 7 * DAY, LIST];
        const fleet = await overview.fleet({ scope, now: NOW, silentBefore, listVersion });
        const count = (which: (device: NonNullable<Device['presence']>) => boolean) =>
          active.filter(({ presence }) => presence && which(presence)).length;
        const areas = await overview.areas({ scope, now: NOW });
        const placed = new Set<string>();
        for (const { area, devices: there, connected } of areas) {
          const listed = await all({ status: 'active', area: area as HomeArea }, scope);
          for (const { id } of listed) placed.add(id);
          const online = listed.filter(({ presence }) => presence?.connected).length;
          expect([area, there, connected]).toEqual([area, listed.length, online]);
        }
        expect(fleet).toEqual({
          total: active.length,
          connected: count(({ connected }) => connected),
          everConnected: count(() => true),
          silent: count(({ connected, lastSeenAt }) => !connected && lastSeenAt < silentBefore),
          behind: count((presence) => presence.listVersion < LIST),
          behindConnected: count(({ connected, listVersion: held }) => connected && held < LIST),
          known: placed.size,
        });
        // Lists to which health issues link.
        const listed = async (filter: DeviceFilter) => (await all({ status: 'active', ...filter }, scope)).length;
        const lists = {
          everConnected: await listed({ everConnected: true }),
          neverConnected: await listed({ everConnected: false }),
          silent: await listed({ connected: false, seenBefore: silentBefore }),
          behindConnected: await listed({ connected: true, listBelow: LIST }),
          behindOffline: await listed({ connected: false, listBelow: LIST }),
          located: await listed({ located: true }),
          nowhere: await listed({ located: false }),
        };
        expect(lists).toEqual({
          everConnected: fleet.everConnected,
          neverConnected: fleet.total - fleet.everConnected,
          silent: fleet.silent,
          behindConnected: fleet.behindConnected,
          behindOffline: fleet.behind - fleet.behindConnected,
          located: fleet.known,
          nowhere: fleet.total - fleet.known,
        });
      }),
      { numRuns: 12, examples: [[null], [[]]] },
    );
    const whole = (await overview.areas({ scope: null, now: NOW })).map(({ area }) => area);
    // A subdivision counts for its country, and a disputed territory for each of its claimants.
    expect(whole.sort()).toEqual(['CN', 'DE', 'FR', 'IN', 'PK', 'US', 'XX-kashmir']);
    // A day later, the evidence of all locations has expired.
    expect(await overview.areas({ scope: null, now: NOW + DAY })).toEqual([]);
    const later = await overview.fleet({ scope: null, now: NOW + DAY, silentBefore: 0, listVersion: 0 });
    expect([later.known, later.silent, later.behind]).toEqual([0, 0, 0]);
  });

  it('counts a suspended device by the facts in its HTTPS requests', async () => {
    const database = await open();
    const { devices, clock, overview } = fleetOf(database, NOW - 8 * DAY);
    const group = await addGroup(database, 'g');
    const polls = await addDevice(database, { group });
    const [isLost, isSlow] = [await addDevice(database, { group }), await addDevice(database, { group })];
    for (const device of [polls, isLost, isSlow]) {
      const session = { device, epoch: 1 };
      await devices.connected({ device, generation: 1, address: '192.0.2.1', agent: '0.1.0' });
      await devices.recordState(session, { list: LIST - 1, record: 1, approverSet: 1 });
      await devices.disconnected(session);
    }
    const counts = async () => {
      const at = { scope: null, now: clock.now(), silentBefore: clock.now() - 7 * DAY, listVersion: LIST };
      const { silent, behind, behindConnected } = await overview.fleet(at);
      return { silent, behind, behindConnected };
    };
    clock.jump(NOW);
    expect(await counts()).toEqual({ silent: 3, behind: 3, behindConnected: 0 });
    const poll = (device: DeviceId, list: number | null) =>
      devices.recordContact({
        device,
        generation: 1,
        address: '192.0.2.9',
        versions: list === null ? null : { list, record: 2, approverSet: 1 },
      });
    await Promise.all([poll(polls, LIST), poll(isSlow, LIST - 1), poll(polls, null)]);
    expect(await counts()).toEqual({ silent: 1, behind: 2, behindConnected: 0 });
    expect((await devices.get(polls)).presence).toEqual({
      connected: false,
      changedAt: NOW - 8 * DAY,
      lastSeenAt: NOW,
      address: '192.0.2.9',
      agent: '0.1.0',
      listVersion: LIST,
      recordStored: 2,
      approverSetVersion: 1,
      reportsThrough: 0,
    });
  });

  it('counts recent alerts within the scope, and alerts about no device only for the full scope', async () => {
    const database = await open();
    const { devices, overview } = fleetOf(database);
    const [mine, theirs] = [await addGroup(database, 'mine'), await addGroup(database, 'theirs')];
    const [one] = await addLocatedFleet(database, mine, NOW, [{}]);
    const [two] = await addLocatedFleet(database, theirs, NOW, [{ home: 'PK', status: 'revoked' }]);
    for (const device of [one, one, two, null, newDeviceId()]) {
      await devices.raiseAlert({ device: device ?? null, code: 'test', detail: '' });
    }
    await database.db
      .insertInto('alerts')
      .values({ at: NOW - DAY, first_at: NOW - DAY, count: 1, device_id: one ?? null, code: 'old', detail: '' })
      .execute();
    const count = (scope: Scope, since = NOW - HOUR) => overview.alertsSince(since, scope);
    await devices.raiseAlert({ device: two ?? null, code: 'taken_over', detail: '' });
    // An alert that one device raised twice counts once.
    expect(await count(null)).toEqual({ all: 5, grave: 1 });
    expect(await count(null, NOW - DAY)).toEqual({ all: 6, grave: 1 });
    expect(await count([{ group: mine, homes: null }])).toEqual({ all: 1, grave: 0 });
    expect(await count([{ group: null, homes: [parseHomeArea('PK')] }])).toEqual({ all: 2, grave: 1 });
    expect(await count([])).toEqual({ all: 0, grave: 0 });
  });
});
