import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { LocalBus, type Wake } from '../../server/bus/bus.ts';
import { type IpDatabases, openIpDatabases } from '../../server/jurisdiction/ip-database.ts';
import { createJurisdiction } from '../../server/jurisdiction/jurisdiction.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { type AreaCode, expandAreas, parseArea, parsePlace, placeOrNull } from '../../shared/areas/area-code.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { evaluate } from '../../shared/verdict/evaluate.ts';
import { emptyLocation, locationAt, observeAll } from '../../shared/verdict/locate.ts';
import { CASES_BEGIN, factsOf, loadCases, observationsOf, rulesOf, runCase } from '../../shared/verdict/run-case.ts';
import type { Observation, OrderRule } from '../../shared/verdict/terms.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { addPlacedFleet, type PlacedDevice } from '../support/placed-fleet.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const PAKISTAN = '39.32.0.1';
const EMIRATES = '5.31.0.1';
const folder = mkdtempSync(join(tmpdir(), 'cordon-ip-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Takes a country's code for an address in it: the table of cases names areas. */
const byCode: IpDatabases = {
  list: async () => [],
  import: () => Promise.reject(new Error('not here')),
  activate: () => Promise.reject(new Error('not here')),
  rollback: () => Promise.reject(new Error('not here')),
  open: () => Promise.reject(new Error('not here')),
  uses: async () => [],
  follow: async () => undefined,
  current: () => ({ hash: '', name: '', builtAt: 0, use: 0 }),
  look: (text) => ({ country: placeOrNull(text), registered: null, represented: null }),
};

async function world(database: Database, given?: IpDatabases) {
  const clock = new DrivenClock(CASES_BEGIN);
  const bus = new LocalBus();
  const wakes: Wake[] = [];
  bus.subscribe((wake) => wakes.push(wake));
  const store = new JurisdictionStore(database);
  const ip = given ?? (await openIpDatabases({ folder, store, clock, log: { warn: () => undefined } }));
  return { clock, wakes, jurisdiction: createJurisdiction({ store, ip, clock, bus }) };
}

function rule(areas: string[], more: Partial<OrderRule> = {}): OrderRule {
  return {
    order: '2026-001',
    revision: 1,
    services: new Set(['messaging']),
    areas: expandAreas(areas.map(parseArea)),
    nexus: new Set(['present', 'network']),
    effective: 0,
    until: null,
    heldUntil: null,
    withdrawn: false,
    unknown: 'allow',
    contested: 'allow',
    stale: 'keep',
    visitors: 0,
    travellers: 'allow',
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

describeOnEveryStore('jurisdiction', (open) => {
  it('comes to the verdict of every case through the store, and its index finds every device that is denied', async () => {
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

  it('folds what was observed at one instant together, though each came and was stored by itself', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const device = await addDevice(database, { group: await addGroup(database, 'g'), home: null });
    const at = clock.now();
    clock.jump(at + HOUR);
    const observations: Observation[] = [
      { source: 'network', areas: [parsePlace('PK')], at },
      { source: 'position', areas: [parsePlace('AE')], at: at + HOUR },
      { source: 'network', areas: [parsePlace('IN')], at: at + HOUR },
    ];
    for (const each of observations) await jurisdiction.observe(device, 1, [each]);
    const { location } = (await jurisdiction.facts([device])).get(device)!;
    expect(location).toEqual(observeAll(emptyLocation(), observations));
    expect(location.counted?.areas).toEqual(['PK']);
  });

  it('finds by its index those whom an order may reach and nobody else', async () => {
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
      { source: 'network', areas: ['PK'], at },
      { source: 'position', areas: ['AE'], at, whole: true },
    ]);
    await jurisdiction.observe(border, 1, [{ source: 'position', areas: ['IN', 'PK'], at }]);
    const found = async (order: OrderRule) => (await jurisdiction.affectedBy(order)).sort();

    expect(await found(rule(['PK']))).toEqual([here, served, border].sort());
    expect(await found(rule(['PK'], { nexus: new Set(['home']) }))).toEqual([byGroup, own].sort());
    expect(await found(rule(['US'], { nexus: new Set(['home']) }))).toEqual([ca]);
    expect(await found(rule(['IS']))).toEqual([]);
    expect(await found(rule(['IS'], { unknown: 'deny' }))).toEqual([nowhere]);
    clock.jump(at + 24 * HOUR);
    expect(await found(rule(['IS'], { unknown: 'deny' }))).toEqual([nowhere, served, border].sort());
  });

  it('finds them all, page by page, in the middle of an area and of a fleet, and lets the loop turn meanwhile', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const group = await addGroup(database, 'plain');
    const ofPakistan = await addGroup(database, 'pk', 'PK');
    const now = clock.now();
    const seen = (area: string, at: number) => [{ source: 'network', areas: [area], at } as const];
    const many = (count: number, device: PlacedDevice) =>
      addPlacedFleet(
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
    const byGroup = await addPlacedFleet(
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

  it('puts what a device that was away reports in its place', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const device = await addDevice(database, { group: await addGroup(database, 'g'), home: 'GB' });
    const start = clock.now();
    await jurisdiction.observeAddress(device, 1, 'GB', false);
    clock.jump(start + 200 * HOUR);
    await jurisdiction.observeAddress(device, 1, 'PK', true);
    const reports = Array.from({ length: 30 }, (_, i) => ({
      source: 'network' as const,
      areas: ['PK'],
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

  it('keeps little of evidence that says the same again', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const start = clock.now();
    for (let step = 0; step <= 12 * 24; step += 1) {
      clock.jump(start + step * 300_000);
      await jurisdiction.observe(device, 1, [{ source: 'network', areas: ['PK'], at: clock.now() }]);
    }
    const rows = await database.db.selectFrom('evidence').selectAll().execute();
    expect(rows.length).toBeLessThan(10);
    expect(await locate(jurisdiction, device, clock.now())).toMatchObject({ areas: ['PK'] });
  });

  it('wakes a device whose verdict may differ, and only then', async () => {
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
    await jurisdiction.observe(device, 1, [{ source: 'network', areas: ['AE'], at: clock.now() }]);
    await expectWakes(3);
  });

  it('believes of a device its position and network, at no later time than now, and no unknown area', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const at = clock.now();
    await jurisdiction.observe(device, 1, [
      { source: 'statement', areas: ['FR'], at },
      { source: 'address', areas: ['FR'], at },
    ]);
    expect((await locate(jurisdiction, device, at)).certainty).toBe('unknown');
    const bad = jurisdiction.observe(device, 1, [
      { source: 'network', areas: ['PK'], at },
      { source: 'network', areas: ['*'], at },
    ]);
    await expect(bad).rejects.toMatchObject({ code: 'unknown_area' });
    expect((await locate(jurisdiction, device, at)).certainty).toBe('unknown');
    await jurisdiction.observe(device, 1, [{ source: 'network', areas: ['PK'], at: at + 1000 * HOUR }]);
    expect((await locate(jurisdiction, device, at)).areas).toEqual(['PK']);
    expect((await locate(jurisdiction, device, at + 24 * HOUR)).areas).toEqual([]);
  });

  it('case 59: a device whose clock is years ahead is where it is now, and one years behind is nowhere by that', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const group = await addGroup(database, 'g');
    const [ahead, behind] = [await addDevice(database, { group }), await addDevice(database, { group })];
    const at = clock.now();
    const YEAR = 8766 * HOUR;
    await jurisdiction.observe(ahead, 1, [{ source: 'network', areas: ['PK'], at: at + 10 * YEAR }]);
    await jurisdiction.observe(behind, 1, [{ source: 'network', areas: ['PK'], at: at - 10 * YEAR }]);
    expect((await locate(jurisdiction, ahead, at)).areas).toEqual(['PK']);
    expect((await locate(jurisdiction, behind, at)).certainty).toBe('unknown');
    // Neither hides, nor revives, what is observed once the clock is right.
    clock.jump(at + HOUR);
    for (const device of [ahead, behind]) {
      await jurisdiction.observe(device, 1, [{ source: 'network', areas: ['AE'], at: at + HOUR }]);
      await jurisdiction.observe(device, 1, [{ source: 'network', areas: ['AE'], at: at + HOUR + 1 }]);
      clock.jump(clock.now() + 20 * MINUTE);
      expect((await locate(jurisdiction, device, clock.now())).areas).toEqual(['AE']);
    }
    await jurisdiction.observe(behind, 1, [{ source: 'network', areas: ['PK'], at: at - 9 * YEAR }]);
    expect((await locate(jurisdiction, behind, clock.now())).areas).toEqual(['AE']);
  });

  it('lets an address age from the moment the server knows that it is gone', async () => {
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
    const rows = await database.db.selectFrom('device_ties').selectAll().where('tie', '=', 'connected').execute();
    expect(rows).toEqual([]);
  });

  it('says of each source what it said last, since when and until when it counts', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const start = clock.now();
    await jurisdiction.observe(device, 1, [{ source: 'network', areas: ['AE'], at: start }]);
    clock.jump(start + HOUR);
    await jurisdiction.observe(device, 1, [{ source: 'network', areas: ['AE'], at: start + HOUR }]);
    await jurisdiction.observeAddress(device, 1, 'PK', true);
    const network = { source: 'network', areas: ['AE'], since: start, at: start + HOUR, until: start + 25 * HOUR };
    const address = { source: 'address', areas: ['PK'], since: start + HOUR, at: start + HOUR, until: null };
    const sources = async () => (await jurisdiction.evidence(device)).sources;
    expect(await sources()).toEqual([
      { ...network, fresh: true },
      { ...address, fresh: true },
    ]);
    expect(await jurisdiction.whereabouts([device])).toEqual(new Map([[device, ['AE']]]));
    clock.jump(start + 26 * HOUR);
    expect(await sources()).toEqual([
      { ...network, fresh: false },
      { ...address, fresh: true },
    ]);
    expect(await jurisdiction.whereabouts([device])).toEqual(new Map([[device, ['PK']]]));
  });

  it('ends a statement when its admin takes it back', async () => {
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

  it('takes a statement of home for the home, finds the device by it, and for no evidence of where it is', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const device = await addDevice(database, { group: await addGroup(database, 'g', 'PK') });
    const at = clock.now();
    const statement = { kind: 'home', reason: 'posted', areas: [parsePlace('FR')], at, until: at + HOUR } as const;
    await new DeviceStore(database).update(device, { statement }, at);
    await jurisdiction.deviceChanged(device);
    expect((await jurisdiction.facts([device])).get(device)?.home).toBe('FR');
    expect((await locate(jurisdiction, device, at)).certainty).toBe('unknown');
    expect(await jurisdiction.affectedBy(rule(['FR'], { nexus: new Set(['home']) }))).toEqual([device]);
  });

  it('loses nothing when much is observed at once', async () => {
    const database = await open();
    const { clock, jurisdiction } = await world(database, byCode);
    const group = await addGroup(database, 'g');
    const devices = await Promise.all(Array.from({ length: 40 }, () => addDevice(database, { group })));
    const at = clock.now();
    await Promise.all(
      devices.flatMap((device) => [
        jurisdiction.observeAddress(device, 1, 'PK', true),
        jurisdiction.observe(device, 1, [{ source: 'network', areas: ['PK'], at }]),
        jurisdiction.observe(device, 1, [{ source: 'position', areas: ['PK'], at, whole: true }]),
      ]),
    );
    const facts = await jurisdiction.facts(devices);
    for (const device of devices) {
      expect(Object.keys(facts.get(device)!.location.sightings).sort()).toEqual(['address', 'network', 'position']);
    }
    expect((await jurisdiction.affectedBy(rule(['PK']))).length).toBe(40);
    expect((await jurisdiction.evidence(devices[0]!)).observations.length).toBe(3);
  });

  it('case 12: takes a special-purpose address for no evidence, whatever the database says', async () => {
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
      parsePlace('AE') satisfies AreaCode,
    ]);
    expect(jurisdiction.areasOfAddress('2400:adc0::1')).toEqual(['PK']);
  });
});
