import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { LocalBus, type Wake } from '../../server/bus/bus.ts';
import { createDeviceChanges } from '../../server/bus/device-changes.ts';
import { observationOf } from '../../server/gateway/observation.ts';
import { type AddressLookup, openIpDatabases } from '../../server/jurisdiction/ip-database.ts';
import { createJurisdiction } from '../../server/jurisdiction/jurisdiction.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { IpDatabaseStore } from '../../server/store/ip-database-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { PastLocationStore } from '../../server/store/past-location-store.ts';
import {
  expandAreas,
  type HomeArea,
  homeAreaOrNull,
  parseEvidenceArea,
  parseHomeArea,
  parseScopeArea,
} from '../../shared/areas/area-code.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { evaluate } from '../../shared/verdict/evaluate.ts';
import { emptyLocation, locationAt, observeAll } from '../../shared/verdict/locate.ts';
import { CASES_BEGIN, factsOf, loadCases, observationsOf, rulesOf, runCase } from '../../shared/verdict/run-case.ts';
import type { Observation, OrderRule } from '../../shared/verdict/terms.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { addLocatedFleet, type LocatedDevice } from '../support/located-fleet.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const PAKISTAN = '39.32.0.1';
const EMIRATES = '5.31.0.1';
const folder = mkdtempSync(join(tmpdir(), 'cordon-ip-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An address lookup that returns the address itself as a country, because the table of cases names areas. */
const byCode: AddressLookup = {
  current: () => ({ hash: '', name: '', builtAt: 0, use: 0 }),
  lookUp: (text) => ({ country: homeAreaOrNull(text), registered: null, represented: null }),
};

async function world(database: Database, given?: AddressLookup) {
  const clock = new DrivenClock(CASES_BEGIN);
  const bus = new LocalBus();
  const wakes: Wake[] = [];
  bus.subscribe((wake) => wakes.push(wake));
  const store = new JurisdictionStore(database);
  const ip =
    given ??
    (await openIpDatabases({ folder, store: new IpDatabaseStore(database), clock, log: { warn: () => undefined } }));
  return {
    clock,
    wakes,
    jurisdiction: createJurisdiction({
      store,
      past: new PastLocationStore(database),
      ip,
      clock,
      changes: createDeviceChanges(bus),
    }),
  };
}

function rule(areas: string[], more: Partial<OrderRule> = {}): OrderRule {
  return {
    order: '2026-001',
    revision: 1,
    services: new Set(['messaging']),
    areas: expandAreas(areas.map(parseScopeArea)),
    nexus: new Set(['present', 'network']),
    effective: 0,
    until: null,
    pausedUntil: null,
    withdrawn: false,
    unknown: 'allow',
    contested: 'allow',
    stale: 'keep',
    visitors: 0,
    travelers: 'allow',
    waiting: 'hold',
    disputed: new Map(),
    ...more,
  };
}

async function locate(
  jurisdiction: { facts: ReturnType<typeof createJurisdiction>['facts'] },
  device: DeviceId,
  now: number,
) {
  return locationAt((await jurisdiction.facts([device])).get(device)!.location, now);
}

const evidence = (...codes: string[]) => codes.map(parseEvidenceArea);

describeOnEveryStore('jurisdiction', (open) => {
  it('computes the verdict of every case through the store, and finds every denied device in the index', async () => {
    const database = await open();
    const group = await addGroup(database, 'g');
    for (const given of loadCases()) {
      const device = await addDevice(database, { group, home: given.home });
      await database.db.updateTable('devices').set({ seat: given.seat }).where('id', '=', device).execute();
      const { clock, jurisdiction } = await world(database, byCode);
      for (const observation of observationsOf(given).sort((a, b) => a.at - b.at)) {
        const { source, at, areas, until, connected = false } = observation;
        clock.jump(at);
        if (source === 'statement') {
          const statement = JSON.stringify({ kind: 'presence', reason: 'case', areas, at, until });
          await database.db.updateTable('devices').set({ statement }).where('id', '=', device).execute();
          await jurisdiction.deviceChanged(device);
        } else if (source === 'address') {
          for (const area of areas) await jurisdiction.observeAddress(device, 1, area, connected);
        } else await jurisdiction.observe(device, 1, [observation]);
      }
      clock.jump(Math.max(given.now, clock.now()));
      const place = (await jurisdiction.facts([device])).get(device)!;
      expect(place.home).toBe(given.home);
      expect(place.seat).toBe(given.seat);
      expect(runCase(given, place.location), given.name).toEqual([]);

      const known = { ...factsOf(given), ...place, exemptions: [], listExpires: null };
      for (const order of rulesOf(given)) {
        const { services } = evaluate([order], known, given.now);
        if (Object.values(services).every(({ allowed }) => allowed)) continue;
        expect(await jurisdiction.affectedBy(order), given.name).toContain(device);
      }
    }
  });

  it('combines observations of one instant, also if each was stored separately', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const device = await addDevice(database, { group: await addGroup(database, 'g'), home: null });
    const at = clock.now();
    clock.jump(at + HOUR);
    const observations: Observation[] = [
      { source: 'network', areas: [parseHomeArea('PK')], at },
      { source: 'position', areas: [parseHomeArea('AE')], at: at + HOUR },
      { source: 'network', areas: [parseHomeArea('IN')], at: at + HOUR },
    ];
    for (const each of observations) await jurisdiction.observe(device, 1, [each]);
    const { location } = (await jurisdiction.facts([device])).get(device)!;
    expect(location).toEqual(observeAll(emptyLocation(), observations));
    expect(location.counted?.areas).toEqual(['PK']);
  });

  it('finds exactly the devices that an order may affect', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const group = await addGroup(database, 'plain');
    const ofPakistan = await addGroup(database, 'pk', 'PK');
    const add = (home: string | null, of = group) => addDevice(database, { group: of, home });
    const [here, served, border, nowhere, ended, byGroup, own, elsewhere, ca] = [
      await add('GB'),
      await add('GB'),
      await add('GB'),
      await add('GB'),
      await add('PK'),
      await add(null, ofPakistan),
      await add('PK'),
      await add('FR', ofPakistan),
      await add('US-CA'),
    ];
    await database.db.updateTable('devices').set({ status: 'revoked' }).where('id', '=', ended).execute();
    const at = clock.now();
    await jurisdiction.observeAddress(here, 1, 'PK', true);
    for (const device of [byGroup, own, elsewhere, ca]) await jurisdiction.observeAddress(device, 1, 'CA', true);
    await jurisdiction.observe(served, 1, [
      { source: 'network', areas: evidence('PK'), at },
      { source: 'position', areas: evidence('AE'), at, whole: true },
    ]);
    await jurisdiction.observe(border, 1, [{ source: 'position', areas: evidence('IN', 'PK'), at }]);
    const found = async (order: OrderRule) => (await jurisdiction.affectedBy(order)).sort();

    expect(await found(rule(['PK']))).toEqual([here, served, border].sort());
    expect(await found(rule(['PK'], { nexus: new Set(['home']) }))).toEqual([byGroup, own].sort());
    expect(await found(rule(['US'], { nexus: new Set(['home']) }))).toEqual([ca]);
    expect(await found(rule(['IS']))).toEqual([]);
    expect(await found(rule(['IS'], { unknown: 'deny' }))).toEqual([nowhere]);
    clock.jump(at + 24 * HOUR);
    expect(await found(rule(['IS'], { unknown: 'deny' }))).toEqual([nowhere, served, border].sort());
  });

  it('finds all affected devices in pages, and lets other tasks run between pages', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const group = await addGroup(database, 'plain');
    const ofPakistan = await addGroup(database, 'pk', 'PK');
    const now = clock.now();
    const seen = (area: string, at: number) => [{ source: 'network', areas: [area], at } as const];
    const many = (count: number, device: LocatedDevice) =>
      addLocatedFleet(
        database,
        group,
        now,
        Array.from({ length: count }, () => device),
      );
    const away = await many(100, { home: 'AE', seen: seen('AE', now) });
    const here = await many(4_500, { home: 'PK', seen: seen('PK', now) });
    const near = await many(100, { home: 'IN', seen: seen('IN', now) });
    const lapsed = await many(2_100, { seen: seen('AE', now - 25 * HOUR) });
    const silent = await many(2_100, {});
    const ended = await many(50, { home: 'PK', status: 'revoked', seen: seen('PK', now) });
    const byGroup = await addLocatedFleet(
      database,
      ofPakistan,
      now,
      Array.from({ length: 2_100 }, () => ({ seen: seen('AE', now) })),
    );
    const [stated] = await many(1, { seen: seen('AE', now) });
    await database.db
      .updateTable('devices')
      .set({ stated_home: 'PK' })
      .where('id', '=', stated ?? '')
      .execute();
    let turns = 0;
    const found = async (order: OrderRule) => {
      let looking = true;
      const count = () => {
        turns += 1;
        if (looking) setImmediate(count);
      };
      turns = -1;
      count();
      const devices = await jurisdiction.affectedBy(order);
      looking = false;
      expect(new Set(devices).size).toBe(devices.length);
      return devices.sort();
    };
    expect(await found(rule(['AE', 'PK', 'IN']))).toEqual(
      [...away, ...here, ...near, ...lapsed, ...byGroup, stated].sort(),
    );
    expect(turns).toBeGreaterThan(2);
    expect(await found(rule(['PK'], { nexus: new Set(['home']) }))).toEqual([...here, ...byGroup, stated].sort());
    expect(await found(rule(['IS'], { unknown: 'deny' }))).toEqual([...lapsed, ...silent].sort());
    expect(await found(rule(['PK']))).not.toContain(ended[0]);
  });

  it('adds late reports of an offline device at their own times', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const device = await addDevice(database, { group: await addGroup(database, 'g'), home: 'GB' });
    const start = clock.now();
    await jurisdiction.observeAddress(device, 1, 'GB', false);
    clock.jump(start + 200 * HOUR);
    await jurisdiction.observeAddress(device, 1, 'PK', true);
    const reports = Array.from({ length: 30 }, (_, i) => ({
      source: 'network' as const,
      areas: evidence('PK'),
      at: start + (40 + i * 5) * HOUR,
    }));
    await jurisdiction.observe(device, 1, reports);
    const place = (await jurisdiction.facts([device])).get(device)!;
    expect(place.location.counted).toMatchObject({ areas: ['PK'], arrival: start + 40 * HOUR });
    const verdict = evaluate(
      [rule(['PK'], { visitors: 100 * HOUR })],
      { ...place, exemptions: [], listExpires: null },
      clock.now(),
    );
    expect(verdict.services.messaging.allowed).toBe(false);
  });

  it('stores only samples of unchanged evidence', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const start = clock.now();
    for (let step = 0; step <= 12 * 24; step += 1) {
      clock.jump(start + step * 300_000);
      await jurisdiction.observe(device, 1, [{ source: 'network', areas: evidence('PK'), at: clock.now() }]);
    }
    const rows = await database.db.selectFrom('evidence').selectAll().execute();
    expect(rows.length).toBeLessThan(10);
    expect(await locate(jurisdiction, device, clock.now())).toMatchObject({ areas: ['PK'] });
  });

  it('wakes a device only when its verdict may differ', async () => {
    const database = await open();
    const { clock, wakes, jurisdiction } = await world(database, byCode);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const expectWakes = async (count: number) => {
      await turn();
      expect(wakes.length).toBe(count);
    };
    await jurisdiction.observeAddress(device, 1, 'PK', true);
    await expectWakes(1);
    clock.jump(clock.now() + HOUR);
    await jurisdiction.observeAddress(device, 1, 'PK', true);
    await expectWakes(1);
    await jurisdiction.observeAddress(device, 1, 'PK', false);
    await expectWakes(2);
    await jurisdiction.observe(device, 1, [{ source: 'network', areas: evidence('AE'), at: clock.now() }]);
    await expectWakes(3);
  });

  it('accepts only positions and networks from a device, without future times and unknown areas', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const at = clock.now();
    await jurisdiction.observe(device, 1, [
      { source: 'statement', areas: evidence('FR'), at },
      { source: 'address', areas: evidence('FR'), at },
    ]);
    expect((await locate(jurisdiction, device, at)).certainty).toBe('unknown');
    expect(() => observationOf({ source: 'network', areas: ['PK', '*'], at })).toThrow(
      expect.objectContaining({ code: 'unknown_area' }),
    );
    await jurisdiction.observe(device, 1, [{ source: 'network', areas: evidence('PK'), at: at + 1000 * HOUR }]);
    expect((await locate(jurisdiction, device, at)).areas).toEqual(['PK']);
    expect((await locate(jurisdiction, device, at + 24 * HOUR)).areas).toEqual([]);
  });

  it('case 59: uses the present time for evidence of a fast clock, and no evidence of a slow clock', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const group = await addGroup(database, 'g');
    const [ahead, behind] = [await addDevice(database, { group }), await addDevice(database, { group })];
    const at = clock.now();
    const YEAR = 8766 * HOUR;
    await jurisdiction.observe(ahead, 1, [{ source: 'network', areas: evidence('PK'), at: at + 10 * YEAR }]);
    await jurisdiction.observe(behind, 1, [{ source: 'network', areas: evidence('PK'), at: at - 10 * YEAR }]);
    expect((await locate(jurisdiction, ahead, at)).areas).toEqual(['PK']);
    expect((await locate(jurisdiction, behind, at)).certainty).toBe('unknown');
    // Evidence with a correct time remains valid as before, whatever the wrong times are.
    clock.jump(at + HOUR);
    for (const device of [ahead, behind]) {
      await jurisdiction.observe(device, 1, [{ source: 'network', areas: evidence('AE'), at: at + HOUR }]);
      await jurisdiction.observe(device, 1, [{ source: 'network', areas: evidence('AE'), at: at + HOUR + 1 }]);
      clock.jump(clock.now() + 20 * MINUTE);
      expect((await locate(jurisdiction, device, clock.now())).areas).toEqual(['AE']);
    }
    await jurisdiction.observe(behind, 1, [{ source: 'network', areas: evidence('PK'), at: at - 9 * YEAR }]);
    expect((await locate(jurisdiction, behind, clock.now())).areas).toEqual(['AE']);
  });

  it('lets address evidence expire from the end of the connection', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    await jurisdiction.observeAddress(device, 1, 'PK', true);
    clock.jump(clock.now() + 500 * HOUR);
    expect((await locate(jurisdiction, device, clock.now())).areas).toEqual(['PK']);
    await jurisdiction.disconnectAll();
    expect((await locate(jurisdiction, device, clock.now() + 24 * HOUR - 1)).areas).toEqual(['PK']);
    expect((await locate(jurisdiction, device, clock.now() + 24 * HOUR)).areas).toEqual([]);
    await jurisdiction.disconnectAll();
    const rows = await database.db.selectFrom('device_nexus').selectAll().where('nexus', '=', 'connected').execute();
    expect(rows).toEqual([]);
  });

  it('keeps a connection that starts while connections of an earlier server end', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const group = await addGroup(database, 'g');
    const [ended, live] = [await addDevice(database, { group }), await addDevice(database, { group })];
    for (const device of [ended, live]) await jurisdiction.observeAddress(device, 1, 'PK', true);
    clock.jump(clock.now() + HOUR);
    const work = jurisdiction.disconnectAll();
    await Promise.all([work, jurisdiction.observeAddress(live, 1, 'PK', true)]);
    const later = clock.now() + 24 * HOUR;
    expect((await locate(jurisdiction, live, later)).areas).toEqual(['PK']);
    expect((await locate(jurisdiction, ended, later)).areas).toEqual([]);
  });

  it('shows the newest observation of each source, with its start and expiry', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const start = clock.now();
    await jurisdiction.observe(device, 1, [{ source: 'network', areas: evidence('AE'), at: start }]);
    clock.jump(start + HOUR);
    await jurisdiction.observe(device, 1, [{ source: 'network', areas: evidence('AE'), at: start + HOUR }]);
    await jurisdiction.observeAddress(device, 1, 'PK', true);
    const network = { source: 'network', areas: ['AE'], since: start, at: start + HOUR, until: start + 25 * HOUR };
    const address = { source: 'address', areas: ['PK'], since: start + HOUR, at: start + HOUR, until: null };
    const sources = async () => (await jurisdiction.evidence(device)).sources;
    expect(await sources()).toEqual([
      { ...network, fresh: true },
      { ...address, fresh: true },
    ]);
    expect(await jurisdiction.locations([device])).toEqual(new Map([[device, ['AE']]]));
    clock.jump(start + 26 * HOUR);
    expect(await sources()).toEqual([
      { ...network, fresh: false },
      { ...address, fresh: true },
    ]);
    expect(await jurisdiction.locations([device])).toEqual(new Map([[device, ['PK']]]));
  });

  it('ends a statement when an admin withdraws it', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const say = async (statement: string | null) => {
      await database.db.updateTable('devices').set({ statement }).where('id', '=', device).execute();
      await jurisdiction.deviceChanged(device);
    };
    const at = clock.now();
    await say(JSON.stringify({ kind: 'presence', reason: 'seen', areas: ['PK'], at, until: at + 99 * HOUR }));
    expect(await locate(jurisdiction, device, at)).toMatchObject({ areas: ['PK'], source: 'statement' });
    expect((await jurisdiction.evidence(device)).observations).toMatchObject([{ source: 'statement', detail: 'seen' }]);
    clock.jump(at + HOUR);
    await say(null);
    expect((await locate(jurisdiction, device, clock.now())).certainty).toBe('unknown');
  });

  it('uses a statement of home as the home, and not as evidence of presence', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const device = await addDevice(database, { group: await addGroup(database, 'g', 'PK') });
    const at = clock.now();
    const statement = { kind: 'home', reason: 'posted', areas: [parseHomeArea('FR')], at, until: at + HOUR } as const;
    await new DeviceStore(database).update(device, { statement }, at);
    await jurisdiction.deviceChanged(device);
    expect((await jurisdiction.facts([device])).get(device)?.home).toBe('FR');
    expect((await locate(jurisdiction, device, at)).certainty).toBe('unknown');
    expect(await jurisdiction.affectedBy(rule(['FR'], { nexus: new Set(['home']) }))).toEqual([device]);
  });

  it('loses no observation when many arrive at once', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const group = await addGroup(database, 'g');
    const devices = await Promise.all(Array.from({ length: 40 }, () => addDevice(database, { group })));
    const at = clock.now();
    await Promise.all(
      devices.flatMap((device) => [
        jurisdiction.observeAddress(device, 1, 'PK', true),
        jurisdiction.observe(device, 1, [{ source: 'network', areas: evidence('PK'), at }]),
        jurisdiction.observe(device, 1, [{ source: 'position', areas: evidence('PK'), at, whole: true }]),
      ]),
    );
    const facts = await jurisdiction.facts(devices);
    for (const device of devices) {
      expect(Object.keys(facts.get(device)!.location.sightings).sort()).toEqual(['address', 'network', 'position']);
    }
    expect((await jurisdiction.affectedBy(rule(['PK']))).length).toBe(40);
    expect((await jurisdiction.evidence(devices[0]!)).observations.length).toBe(3);
  });

  it('case 12: ignores special-purpose addresses, although the database contains them', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    expect(await jurisdiction.observeAddress(device, 1, PAKISTAN, true)).toEqual(['PK']);
    for (const address of [
      '192.168.1.1',
      '100.64.0.1',
      '127.0.0.1',
      '203.0.113.9',
      '::1',
      '::ffff:10.0.0.1',
      'nonsense',
    ]) {
      expect(await jurisdiction.observeAddress(device, 1, address, true), address).toEqual([]);
    }
    expect(await locate(jurisdiction, device, clock.now() + 23 * HOUR)).toMatchObject({ areas: ['PK'] });
    expect((await locate(jurisdiction, device, clock.now() + 24 * HOUR)).certainty).toBe('unknown');
    expect(await jurisdiction.observeAddress(device, 1, `::ffff:${EMIRATES}`, true)).toEqual([
      parseHomeArea('AE') satisfies HomeArea,
    ]);
    expect(jurisdiction.areasOfAddress('2400:adc0::1')).toEqual(['PK']);
  });
});
