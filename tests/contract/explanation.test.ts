/** Explanations of past verdicts, compared with the verdicts that the server gave at those times. */
import { afterEach, expect, it } from 'vitest';
import { createDevices, type Devices } from '../../server/devices/devices.ts';
import type { AddressLookup } from '../../server/jurisdiction/ip-database.ts';
import { createJurisdiction, type Jurisdiction } from '../../server/jurisdiction/jurisdiction.ts';
import { BEFOREHAND_DAYS } from '../../server/jurisdiction/past-location.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { deviceStores } from '../../server/store/device-stores.ts';
import { GroupStore } from '../../server/store/group-store.ts';
import { HoldStore } from '../../server/store/hold-store.ts';
import { IpDatabaseStore } from '../../server/store/ip-database-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { PastLocationStore } from '../../server/store/past-location-store.ts';
import { removeExpired } from '../../server/store/retention.ts';
import type { Explanation } from '../../shared/api/explanation.ts';
import { type HomeArea, homeAreaOrNull, parseHomeArea } from '../../shared/areas/area-code.ts';
import { type DeviceId, newLegalHoldId } from '../../shared/protocol/ids.ts';
import { locationAt } from '../../shared/verdict/locate.ts';
import type { Location, Verdict } from '../../shared/verdict/terms.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { type OrderWorld, openOrderWorld, PROPOSAL } from '../support/order-world.ts';
import { testPersonKeys } from '../support/person-keys.ts';
import { addPerson, personCalled } from '../support/persons.ts';
import { NOW } from '../support/signed-documents.ts';
import { describeOnEveryStore } from './every-store.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ORDER = '2015-001';
const [PK, GB, AE, DE] = ['PK', 'GB', 'AE', 'DE'].map(parseHomeArea) as [HomeArea, HomeArea, HomeArea, HomeArea];

/** Number of the IP database in use. */
let using = 0;

/** Treats a country code as an address in that country. */
const byCode: AddressLookup = {
  current: () => ({ hash: '', name: '', builtAt: 0, use: using }),
  lookUp: (text) => ({ country: homeAreaOrNull(text), registered: null, represented: null }),
};

interface Moment {
  readonly at: number;
  readonly verdict: Verdict;
  readonly location: Location;
  readonly home: HomeArea | null;
}

describeOnEveryStore('explanation of a past verdict', (openStore) => {
  let database: Database;
  let world: OrderWorld;
  let devices: Devices;
  let jurisdiction: Jurisdiction;
  const witnessed = new Map<DeviceId, Moment[]>();
  afterEach(async () => world.stop());

  async function begin(): Promise<void> {
    witnessed.clear();
    database = await openStore();
    const store = new DeviceStore(database);
    const groups = new GroupStore(database);
    world = await openOrderWorld(database, ({ clock, bus, changes }) => {
      jurisdiction = createJurisdiction({
        store: new JurisdictionStore(database),
        past: new PastLocationStore(database),
        ip: byCode,
        clock,
        changes,
      });
      changes.follow(jurisdiction);
      devices = createDevices({
        ...deviceStores(database, testPersonKeys()),
        bus,
        clock,
        followers: changes,
      });
      return {
        fleet: { personalia: (device) => store.get(device), devicesOf: (of) => groups.devicesOf(of) },
        jurisdiction,
      };
    });
    const { ada, ben, cyd } = world.people;
    await world.approverSet([ada, ben, cyd], [ada, ben]);
  }

  /** Records the server's verdict for the device, with time before and after it. */
  async function look(device: DeviceId, after = 0): Promise<Moment> {
    world.clock.jump(world.clock.now() + after);
    const at = world.clock.now();
    world.changes.devicesMoved([device]);
    const verdict = await world.orders.effect.verdict(device);
    const place = (await jurisdiction.facts([device])).get(device)!;
    const moment = { at, verdict, location: locationAt(place.location, at), home: place.home };
    witnessed.set(device, [...(witnessed.get(device) ?? []), moment]);
    world.clock.jump(at + 1);
    return moment;
  }

  /** Explanations of all recorded times, computed now. */
  async function afterward(device: DeviceId): Promise<Explanation[]> {
    const explained: Explanation[] = [];
    for (const { at, verdict, location, home } of witnessed.get(device) ?? []) {
      const told = await world.orders.evidence.explain(device, at);
      expect(told.services, new Date(at).toISOString()).toEqual(verdict.services);
      expect(told.location).toEqual(location);
      expect(told.home).toBe(home);
      explained.push(told);
    }
    return explained;
  }

  const there = async (device: DeviceId, area: HomeArea, whole = true) =>
    jurisdiction.observe(device, 1, [{ source: 'position', areas: [area], at: world.clock.now(), whole }]);

  async function adopt(revision: number): Promise<void> {
    for (const person of [world.people.ada, world.people.ben]) await world.sign(ORDER, revision, person);
  }

  const effective = (at: number) => new Date(at).toISOString().slice(0, 16);
  const propose = (terms: object) =>
    world.orders.drafting.propose(world.people.proposer.id, {
      ...PROPOSAL,
      zone: 'UTC',
      effective: effective(NOW + DAY),
      unknown: 'deny',
      ...terms,
    });
  const orderOf = ({ orders }: Explanation) => orders.map(({ state, denies, reasons }) => [state, denies, ...reasons]);

  it('covers a visit, its grace period, the withdrawal and a restart', async () => {
    await begin();
    const device = await addDevice(database, { group: await addGroup(database, 'g', 'GB') });
    await there(device, GB);
    await look(device);
    await propose({ visitors: 'P2D' });
    await adopt(1);
    await look(device, HOUR);
    world.clock.jump(NOW + 2 * DAY);
    await there(device, PK);
    const grace = await look(device, HOUR);
    for (let hours = 0; hours < 72; hours += 1) {
      world.clock.jump(world.clock.now() + HOUR);
      await there(device, PK);
      if (hours % 7 === 0) await look(device);
    }
    await world.reopen();
    await look(device);
    await world.orders.drafting.proposeAction(world.people.proposer.id, ORDER, { action: 'withdraw' });
    await adopt(2);
    await look(device, MINUTE);
    await look(device, 30 * HOUR);

    const told = await afterward(device);
    expect(told.slice(0, 3).map(orderOf)).toEqual([[], [], [['active', false, 'present', 'visitor_grace']]]);
    expect(grace.verdict.services.mail.allowed).toBe(true);
    expect(told[2]?.orders[0]).toMatchObject({ arrival: NOW + 2 * DAY, revision: 1, effective: NOW + DAY });
    expect(told.at(-3)).toMatchObject({ services: { mail: { denials: [{ order: ORDER, reasons: ['present'] }] } } });
    expect(told.slice(-3).map(orderOf)).toEqual([
      [['active', true, 'present']],
      [['withdrawn', false, 'present']],
      [['withdrawn', false, 'unknown']],
    ]);
    expect(told.at(-1)?.location.certainty).toBe('unknown');
  });

  it('covers a traveler and the source of the home area: device, group or location statement', async () => {
    await begin();
    const [group, other] = [await addGroup(database, 'g', 'PK'), await addGroup(database, 'h', 'DE')];
    const device = await addDevice(database, { group });
    await propose({ nexus: ['home'], travelers: 'allow' });
    await adopt(1);
    world.clock.jump(NOW + 2 * DAY);
    await there(device, PK);
    await look(device);
    await there(device, AE);
    await look(device, MINUTE);
    const { now } = world.clock;
    const word = { kind: 'home', areas: [GB], reason: 'posted', until: now.call(world.clock) + HOUR } as const;
    await devices.update(device, { statement: word });
    await look(device, MINUTE);
    world.clock.jump(now.call(world.clock) + 2 * HOUR);
    const stop = await devices.startStatementExpiry((error) => expect.fail(String(error)));
    stop();
    await look(device);
    await devices.updateGroup(group, { home: GB, name: 'moved' });
    await look(device, MINUTE);
    await database.transaction((tx) => addPerson(tx, 'Samantha', other));
    await devices.update(device, { group: other });
    await look(device, MINUTE);
    await devices.update(device, { home: PK });
    await there(device, PK);
    await look(device, MINUTE);
    await devices.revoke(device);
    world.clock.jump(now.call(world.clock) + HOUR);

    const told = await afterward(device);
    expect(told.map((each) => [each.home, each.homeBy, each.group.name, ...orderOf(each).flat().slice(1)])).toEqual([
      ['PK', 'group', 'g', true, 'home'],
      ['PK', 'group', 'g', false, 'traveler'],
      ['GB', 'statement', 'g'],
      ['PK', 'group', 'g', false, 'traveler'],
      ['GB', 'group', 'moved'],
      ['DE', 'group', 'h'],
      ['PK', 'device', 'h', true, 'home'],
    ]);
    const ended = await world.orders.evidence.explain(device, now.call(world.clock));
    expect(ended).toMatchObject({ status: 'revoked', home: 'PK' });
  });

  it('covers a removed exemption, an expired location statement, and a pause', async () => {
    await begin();
    const device = await addDevice(database, { group: await addGroup(database, 'g', 'GB') });
    await propose({ exempt: [{ device }] });
    await adopt(1);
    world.clock.jump(NOW + 2 * DAY);
    const until = world.clock.now() + 3 * HOUR;
    await devices.update(device, { statement: { kind: 'presence', areas: [PK], reason: 'seen there', until } });
    await look(device);
    await world.orders.drafting.proposeAction(world.people.proposer.id, ORDER, { action: 'revise', exempt: [] });
    await adopt(2);
    await look(device, HOUR);
    await world.orders.drafting.proposeAction(world.people.proposer.id, ORDER, { action: 'pause' });
    await world.sign(ORDER, 3, world.people.cyd);
    await look(device, HOUR);
    await look(device, 2 * HOUR);
    await look(device, 73 * HOUR);
    const told = await afterward(device);
    expect(told.map(orderOf)).toEqual([
      [['active', false, 'present', 'exempt']],
      [['active', true, 'present']],
      [['paused', false, 'present']],
      [['paused', false, 'unknown']],
      [['active', true, 'unknown']],
    ]);
    expect(told[1]?.sources).toMatchObject([{ source: 'statement', detail: 'seen there', until, fresh: true }]);
    expect(told[3]?.sources).toMatchObject([{ source: 'statement', fresh: false }]);
  });

  it('covers a two-person pause, also after one approver signed again with a newer key', async () => {
    await begin();
    const { proposer, ada, ben, cyd } = world.people;
    const device = await addDevice(database, { group: await addGroup(database, 'g', 'GB') });
    await propose({});
    await adopt(1);
    await world.orders.drafting.proposeAction(proposer.id, ORDER, { action: 'pause' });
    await adopt(2);
    world.clock.jump(NOW + 4 * DAY);
    await there(device, PK);
    await look(device, HOUR);
    const [newer, other] = [await world.addKey(ada.id), await world.addKey(ben.id)];
    const [first, second] = [
      { id: ada.id, key: newer },
      { id: ben.id, key: other },
    ];
    await world.approverSet([first, second, cyd], [ada, ben, first, second]);
    await world.sign(ORDER, 2, first);
    await look(device, HOUR);
    await world.sign(ORDER, 2, second);
    await look(device, HOUR);
    const told = await afterward(device);
    expect(told.map(orderOf)).toEqual(told.map(() => [['paused', false, 'present']]));
  });

  it('includes evidence that arrived late, and marks it as late', async () => {
    await begin();
    const device = await addDevice(database, { group: await addGroup(database, 'g', 'GB') });
    const at = world.clock.now();
    world.clock.jump(at + 3 * DAY);
    await jurisdiction.observe(device, 1, [
      { source: 'network', areas: [PK], at },
      { source: 'network', areas: [PK], at: at + HOUR },
    ]);
    const told = await world.orders.evidence.explain(device, at + 2 * HOUR);
    expect(told.location.areas).toEqual(['PK']);
    expect(told.observations.map(({ at: when, receivedAt }) => [when - at, receivedAt - at])).toEqual([
      [HOUR, 3 * DAY],
      [0, 3 * DAY],
    ]);
  });

  it('gives the verdict of the time for random reports and little retained evidence', async () => {
    await begin();
    const device = await addDevice(database, { group: await addGroup(database, 'g', 'GB') });
    await propose({ visitors: 'P3D', nexus: ['present', 'network'], contested: 'deny' });
    await adopt(1);
    // A pseudorandom sequence that is equal in each run.
    let seed = 7;
    const draw = (under: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % under;
    };
    const areas = [PK, PK, PK, AE, GB];
    let area: HomeArea = PK;
    let connected = false;
    for (let step = 0; step < 260; step += 1) {
      world.clock.jump(world.clock.now() + (draw(12) === 0 ? 30 * HOUR : (1 + draw(80)) * MINUTE));
      if (draw(15) === 0) area = areas[draw(areas.length)] ?? PK;
      const source = draw(3) === 0 ? 'network' : 'position';
      if (draw(10) === 0) {
        connected = !connected;
        await jurisdiction.observeAddress(device, 1, area, connected);
      } else if (draw(8) > 0) {
        const at = world.clock.now();
        await jurisdiction.observe(device, 1, [{ source, areas: draw(9) === 0 ? [AE, PK] : [area], at }]);
      }
      await look(device);
    }
    const kept = await database.db.selectFrom('evidence').select('id').execute();
    expect(kept.length).toBeLessThan(230);
    await afterward(device);
  });

  it('rejects times before the retained history, in the future, and before the enrollment', async () => {
    await begin();
    const group = await addGroup(database, 'g', 'GB');
    const enrolledAt = world.clock.now();
    const device = await addDevice(database, { group, enrolledAt });
    await there(device, DE);
    world.clock.jump(enrolledAt + 500 * DAY);
    const code = (at: number) =>
      world.orders.evidence.explain(device, at).then(
        () => null,
        ({ code }) => code,
      );
    const now = world.clock.now();
    expect(await code(now - 400 * DAY - 1)).toBe('beyond_retention');
    expect(await code(now - 400 * DAY)).toBeNull();
    expect(await code(now + 1)).toBe('invalid_input');
    expect(await world.orders.evidence.explain(device, now)).toMatchObject({ evidenceFrom: enrolledAt });
    const young = await addDevice(database, { group, enrolledAt: now - DAY });
    await expect(world.orders.evidence.explain(young, now - 2 * DAY)).rejects.toMatchObject({ code: 'not_found' });
    expect(await world.orders.evidence.explain(young, now)).toMatchObject({
      evidenceFrom: null,
      location: { areas: [] },
    });
  });

  it('names the IP database that located an address, also after later databases', async () => {
    await begin();
    const store = new IpDatabaseStore(database);
    const named = (digit: string) => ({ hash: digit.repeat(64), name: `${digit}.mmdb`, builtAt: NOW - DAY });
    const take = async (digit: string) => {
      await store.addIpDatabase({ ...named(digit), importedAt: NOW, importedBy: null, size: 1 });
      const entry = { kind: 'ip-database.activated', at: NOW, subject: null, public: named(digit) } as const;
      using = (await store.activateIpDatabase(named(digit).hash, null, entry))?.id ?? 0;
    };
    const device = await addDevice(database, { group: await addGroup(database, 'g', 'GB') });
    const moments: number[] = [];
    for (const [digit, area] of [
      ['a', 'GB'],
      ['b', 'PK'],
      ['a', 'GB'],
    ] as const) {
      await take(digit);
      await jurisdiction.observeAddress(device, 1, area, true);
      moments.push((await look(device, HOUR)).at);
    }
    // The unobserved end of a connection locates nothing.
    await jurisdiction.disconnectAll();
    moments.push((await look(device, HOUR)).at);
    using = 0;
    const told = await Promise.all(moments.map((at) => world.orders.evidence.explain(device, at)));
    expect(told.map(({ sources }) => sources.map(({ database: by }) => by))).toEqual(
      [...'abaa'].map((digit) => [named(digit)]),
    );
    expect(told.at(-1)?.observations.map(({ areas, database: by }) => [...areas, by?.name])).toEqual([
      ['GB', undefined],
      ['GB', 'a.mmdb'],
      ['PK', 'b.mmdb'],
      ['GB', 'a.mmdb'],
    ]);
    const { observations } = await jurisdiction.evidence(device);
    expect(observations[1]?.database).toEqual(named('a'));
  });

  it('reaches back under a legal hold to the evidence retained when the hold was placed', async () => {
    await begin();
    const group = await addGroup(database, 'g', 'GB');
    const enrolledAt = world.clock.now();
    const [held, free] = [
      await addDevice(database, { group, enrolledAt, user: 'Amina' }),
      await addDevice(database, { group, enrolledAt, user: 'Bilal' }),
    ];
    for (const device of [held, free]) await there(device, DE);
    world.clock.jump(enrolledAt + 100 * DAY);
    const hold = { id: newLegalHoldId(), reason: 'r', reference: null, placedBy: 'acc', realAt: 1 };
    const on = { kind: 'person', person: personCalled('Amina') } as const;
    const [placedAt, entry] = [world.clock.now(), { at: 1, subject: null, public: {} }];
    await new HoldStore(database).place({ ...hold, on, placedAt }, { kind: 'legal-hold.placed', ...entry });
    world.clock.jump(enrolledAt + 900 * DAY);
    await removeExpired(database, { domain: world.clock.now(), real: Date.now() }, 400 + BEFOREHAND_DAYS);
    expect(await world.orders.evidence.explain(held, enrolledAt + 1)).toMatchObject({
      group: { name: 'g' },
      home: 'GB',
      location: { areas: ['DE'] },
    });
    await expect(world.orders.evidence.explain(free, enrolledAt + 1)).rejects.toMatchObject({
      code: 'beyond_retention',
    });
    await expect(world.orders.evidence.explain(held, placedAt - 401 * DAY)).rejects.toMatchObject({
      code: 'beyond_retention',
    });
  });
});
