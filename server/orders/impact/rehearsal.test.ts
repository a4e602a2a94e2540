import { setImmediate as turn } from 'node:timers/promises';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import {
  expandAreas,
  type HomeArea,
  parseEvidenceArea,
  parseHomeArea,
  parseScopeArea,
} from '../../../shared/areas/area-code.ts';
import { compileRule } from '../../../shared/order/rules.ts';
import { type DeviceId, newDeviceId } from '../../../shared/protocol/ids.ts';
import { DrivenClock } from '../../../shared/time/driven-clock.ts';
import { emptyLocation, observe, observeAll } from '../../../shared/verdict/locate.ts';
import { type EvidenceSource, NEXUS, type Observation, type OrderRule } from '../../../shared/verdict/terms.ts';
import { NOW, revisionDocument } from '../../../tests/support/signed-documents.ts';
import { createCache } from '../cache.ts';
import { activeAt, changeOf, impactOn } from './device-impact.ts';
import { changesOf, countsByArea, countsOf, sizeOf, waitingOf } from './impact-counts.ts';
import {
  createRehearsal,
  type DeviceState,
  NOTHING_WAITS,
  nameKey,
  type Rehearsal,
  type RehearsalRequest,
  type Waits,
} from './rehearsal.ts';

const pk = parseHomeArea('PK');
const requestOf = (more: Partial<RehearsalRequest> = {}): RehearsalRequest => ({
  rule: compileRule({ revision: revisionDocument(), permanentPause: false }),
  exemptions: [],
  listed: 2,
  number: '2015-001',
  baseline: null,
  at: 'now',
  selection: 'all',
  names: new Set(),
  ...more,
});

describe('a rehearsal', () => {
  let fleet: Map<DeviceId, DeviceState>;
  let dues: Map<DeviceId, Waits & { readonly delivered: boolean }>;
  let rehearsal: Rehearsal;
  let clock: DrivenClock;
  let batches: number[];
  let under: number;
  let most: number;

  const add = (count: number, more: Partial<DeviceState> = {}) => {
    const location = observe(emptyLocation(), { source: 'address', areas: [pk], at: NOW, connected: true });
    for (let index = 0; index < count; index += 1) {
      const facts = { home: pk, seat: null, location };
      fleet.set(newDeviceId(), { facts, user: 'Samantha', connected: true, listVersion: 2, ...more });
    }
    return [...fleet.keys()].slice(-count);
  };

  beforeEach(() => {
    fleet = new Map();
    dues = new Map();
    batches = [];
    under = 0;
    most = 0;
    clock = new DrivenClock(NOW);
    const read = async (devices: readonly DeviceId[]) => {
      batches.push(devices.length);
      under += 1;
      most = Math.max(most, under);
      await turn();
      under -= 1;
      return new Map([...fleet].filter(([device]) => devices.includes(device)));
    };
    rehearsal = createRehearsal({
      clock,
      jurisdiction: { affectedBy: async () => [...fleet.keys()] },
      deviceStates: {
        states: read,
        statesWithWaits: async (devices, order) => {
          const found = [...(await read(devices))].map(([device, one]) => {
            const { delivered = false, ...waits } = dues.get(device) ?? {};
            return [
              device,
              { ...one, waits: { ...NOTHING_WAITS, ...waits }, delivered: order !== null && delivered },
            ] as const;
          });
          return new Map(found);
        },
        activeDevices: async () => fleet.size,
      },
    });
  });

  it('evaluates a fleet in slices, one rehearsal at a time, without blocking the event loop', async () => {
    add(1_000);
    let turns = 0;
    let looking = true;
    const count = () => {
      turns += 1;
      if (looking) setImmediate(count);
    };
    count();
    const [one, other] = await Promise.all([
      rehearsal.rehearseAnew(requestOf()),
      rehearsal.rehearseAnew(requestOf({ listed: 3 })),
    ]);
    looking = false;
    expect([sizeOf(one.sets), sizeOf(other.sets)]).toEqual([1_000, 1_000]);
    expect(Math.max(...batches)).toBeLessThanOrEqual(256);
    expect(most).toBe(1);
    expect(turns).toBeGreaterThanOrEqual(batches.length);
  });

  it('groups and counts devices with equal impact', async () => {
    add(3);
    add(2, { connected: false });
    add(4, { connected: false, listVersion: 1 });
    const { sets, fleet: all, ofApprovers } = await rehearsal.rehearse(requestOf());
    expect(sets.map(({ devices }) => devices.length)).toEqual([3, 2, 4]);
    expect(countsOf(sets)).toMatchObject({ denied: 9, offline_current: 2, offline_behind: 4, traveling: 0 });
    expect([all, ofApprovers]).toEqual([9, 0]);
  });

  it('gives each device of a mixed fleet the same result as its own evaluation', async () => {
    const day = 86_400_000;
    const places = (...codes: string[]) => codes.map(parseEvidenceArea);
    const at = (source: EvidenceSource, codes: readonly string[], more: Partial<Observation> = {}): Observation => ({
      source,
      areas: places(...codes),
      at: NOW - 3_600_000,
      ...more,
    });
    const position = at('position', ['IN'], { whole: true });
    const seen: Observation[][] = [
      [],
      [at('address', ['PK'], { connected: true })],
      [at('address', ['PK'], { connected: true, at: NOW - 8 * day })],
      [at('network', ['PK'], { at: NOW - 2 * day })],
      [at('network', ['PK'])],
      [at('network', ['AE'])],
      [position],
      [position, at('network', ['PK'])],
      [position, at('network', ['IN', 'PK'])],
      [at('position', ['IN', 'PK'])],
      [at('position', ['XX-kashmir'])],
    ];
    const own = { user: 'Samantha', connected: true, listVersion: 2 };
    const homes = [pk, parseHomeArea('GB'), null];
    for (const location of seen.map((each) => observeAll(emptyLocation(), each)))
      for (const home of homes)
        for (const seat of [pk, null])
          for (const more of [{}, { connected: false }, { connected: false, listVersion: 1 }])
            for (const delivered of [true, false]) {
              const [device] = add(1, { ...own, ...more, facts: { home, seat, location } });
              if (device) dues.set(device, { ...NOTHING_WAITS, delivered });
            }
    const [one, two] = [...fleet.keys()].slice(-300);
    const exemption = { salt: '', commitment: '', reason: null };
    const exemptions = [{ ...exemption, device: one!, until: null }];
    const earlier = [{ ...exemption, device: two!, until: NOW + day }];
    const { rule } = requestOf();
    const all: Partial<OrderRule> = { nexus: new Set(NEXUS), unknown: 'deny', contested: 'deny' };
    const kinds: Partial<OrderRule>[] = [{}, { visitors: 7 * day }, all, { ...all, visitors: 7 * day }];
    for (const kind of kinds.map((terms) => ({ ...rule, ...terms })))
      for (const before of [null, { ...rule, visitors: day }, { ...rule, areas: new Set([parseHomeArea('IN')]) }]) {
        const baseline = before && { rule: before, exemptions: earlier };
        const whole = await rehearsal.rehearseAnew(requestOf({ rule: kind, exemptions, baseline }));
        const inFleet = new Map(whole.sets.flatMap(({ devices, ...alike }) => devices.map((each) => [each, alike])));
        for (const [device, { facts, connected, listVersion }] of fleet) {
          const known = {
            facts,
            connected,
            hasCurrentList: listVersion >= 2,
            delivered: dues.get(device)?.delivered === true,
          };
          const [exempt, exemptBefore] = [exemptions, earlier].map((some) =>
            some.filter((each) => each.device === device),
          );
          const moments = { now: NOW, at: NOW };
          const impact = impactOn(activeAt(kind, NOW), { ...known, exemptions: exempt! }, moments);
          const was = before && impactOn(activeAt(before, NOW), { ...known, exemptions: exemptBefore! }, moments);
          const change = before && was && changeOf({ rule: before, impact: was }, { rule: kind, impact });
          const alone = { ...impact, home: facts.home, connected, change };
          expect(inFleet.get(device)).toEqual(impact.classes.length > 0 || change ? alone : undefined);
        }
      }
  });

  it('sums the pending data of denied devices, and counts undelivered devices', async () => {
    const [one, two] = add(3);
    const [other] = add(1, { facts: { home: pk, seat: null, location: emptyLocation() } });
    if (!one || !two || !other) throw new Error('no devices');
    dues.set(one, { messages: 3, bytes: 700, commands: 0, delivered: true });
    dues.set(two, { messages: 0, bytes: 0, commands: 2, delivered: false });
    dues.set(other, { messages: 9, bytes: 9, commands: 9, delivered: false });
    const { sets, waits } = await rehearsal.rehearseAnew(requestOf());
    expect(waitingOf(waits)).toEqual({ devices: 2, messages: 3, bytes: 700, commands: 2 });
    expect([...waits.keys()]).toEqual([one, two]);
    expect(countsOf(sets)).toMatchObject({ denied: 3, unknown: 1, undelivered: 2 });
    expect(
      sets.filter(({ classes }) => classes.includes('undelivered')).flatMap(({ devices }) => devices),
    ).not.toContain(one);
    // No device can have received a draft.
    expect(countsOf((await rehearsal.rehearseAnew(requestOf({ number: null }))).sets)).toMatchObject({
      undelivered: 3,
    });
  });

  it('compares two revisions at their own times, and keeps devices that are no longer affected', async () => {
    const [gb, ae] = [parseHomeArea('GB'), parseHomeArea('AE')];
    const at = (area: HomeArea, since = NOW) =>
      observe(emptyLocation(), { source: 'address', areas: [area], at: since, connected: true });
    const fromAbroad = (area: HomeArea) => ({ facts: { home: gb, seat: null, location: at(area) } });
    const [resident] = add(1);
    const [visitor] = add(1, fromAbroad(pk));
    const [emirati] = add(1, fromAbroad(ae));
    const [exempt] = add(1);
    add(1, fromAbroad(gb));
    if (!resident || !visitor || !emirati || !exempt) throw new Error('no devices');
    const { rule } = requestOf();
    const before = { ...rule, visitors: 86_400_000, effective: NOW, areas: expandAreas([pk, ae].map(parseScopeArea)) };
    const after = { ...rule, visitors: 86_400_000, effective: NOW + 2 * 86_400_000 };
    const until = NOW + 86_400_000;
    const exemptions = [{ device: exempt, salt: '', commitment: '', reason: null, until }];
    const changes = async (first: OrderRule, second: OrderRule, when: RehearsalRequest['at']) => {
      const baseline = { rule: first, exemptions };
      const { sets } = await rehearsal.rehearse(requestOf({ rule: second, exemptions, baseline, at: when }));
      const changeKinds = sets.flatMap(({ devices, change }) =>
        devices.map((device) => [device, change?.kind] as const),
      );
      return { counts: changesOf(sets), told: new Map(changeKinds) };
    };
    // Two days later the visitor's grace and the exemption are over.
    const later = await changes(before, after, 'effective');
    expect(later.told).toEqual(
      new Map([
        [resident, undefined],
        [visitor, 'newly_affected'],
        [exempt, 'newly_affected'],
        [emirati, 'changed'],
      ]),
    );
    expect(later.counts).toEqual({ newly_affected: 2, no_longer_affected: 0, changed: 1 });
    const now = await changes({ ...before, visitors: 0 }, { ...after, visitors: 0 }, 'now');
    expect(now.told.get(emirati)).toBe('no_longer_affected');
    expect(now.counts).toEqual({ newly_affected: 0, no_longer_affected: 1, changed: 0 });
    expect((await changes(after, { ...after, withdrawn: true }, 'effective')).counts).toEqual({
      newly_affected: 0,
      no_longer_affected: 3,
      changed: 0,
    });
  });

  it('counts devices by area', async () => {
    add(2);
    const location = observe(emptyLocation(), { source: 'position', areas: [pk, parseHomeArea('IN')], at: NOW });
    add(3, { facts: { home: null, seat: null, location } });
    add(1, { facts: { home: pk, seat: null, location: emptyLocation() } });
    const { sets } = await rehearsal.rehearse(requestOf());
    expect(countsByArea(sets)).toEqual([
      { area: 'IN', devices: 3, denied: 0 },
      { area: 'PK', devices: 5, denied: 2 },
    ]);
  });

  it("finds an approver's device by name or e-mail in any spelling", async () => {
    add(2, { user: 'Ayesha Khan' });
    add(1, { user: ' AYESHA@Example.org ' });
    add(1, { user: 'Ｂｅｎ' });
    add(1, { user: 'Ayesha' });
    const names = new Set(['ayesha khan', 'Ayesha@example.org', 'BEN'].map(nameKey));
    expect((await rehearsal.rehearse(requestOf({ names }))).ofApprovers).toBe(4);
  });

  it('caches the result of equal requests, and computes each other request anew', async () => {
    add(1);
    const before = requestOf();
    const [first] = await Promise.all([rehearsal.rehearse(before), rehearsal.rehearse(requestOf())]);
    expect(batches).toHaveLength(1);
    const { rule } = before;
    const titled = compileRule({
      revision: revisionDocument({ order: '2015-002', revision: 5 }),
      permanentPause: false,
    });
    expect(await rehearsal.rehearse(requestOf({ rule: titled }))).toBe(first);
    const device = newDeviceId();
    const others: Partial<RehearsalRequest>[] = [
      { at: 'effective' },
      { listed: null },
      { number: '2015-002' },
      { baseline: { rule: { ...rule, visitors: 1 }, exemptions: [] } },
      { baseline: { rule: { ...rule, withdrawn: true }, exemptions: [] } },
      { rule: { ...rule, withdrawn: true } },
      { selection: 'denied' },
      { names: new Set(['x']) },
      { exemptions: [{ device, salt: '', commitment: '', reason: null, until: null }] },
      { exemptions: [{ device, salt: '', commitment: '', reason: null, until: 1 }] },
      { rule: { ...rule, unknown: 'deny' } },
      { rule: { ...rule, visitors: 1 } },
      { rule: { ...rule, nexus: new Set(['home']) } },
      { rule: { ...rule, services: new Set(['mail']) } },
      { rule: { ...rule, disputed: new Map([['kashmir', pk]]) } },
    ];
    for (const other of others) expect(await rehearsal.rehearse(requestOf(other))).not.toBe(first);
    expect(await rehearsal.rehearseAnew(requestOf())).not.toBe(first);
    clock.jump(NOW + 3_600_000);
    expect((await rehearsal.rehearse(requestOf())).at).toBe(NOW + 3_600_000);
  });
});

describe('cache of responses', () => {
  it('computes a response once for simultaneous requests, and again after its lifetime', async () => {
    let made = 0;
    const make = async () => {
      await turn();
      made += 1;
      return made;
    };
    const cache = createCache<number>({ lasting: 60_000, most: 2 });
    expect(await Promise.all([cache.get('a', make), cache.get('a', make)])).toEqual([1, 1]);
    expect(await cache.get('a', make)).toBe(1);
    // The cache keeps two responses and discards the oldest.
    expect([await cache.get('b', make), await cache.get('c', make), await cache.get('a', make)]).toEqual([2, 3, 4]);
  });

  it('keeps a response longer if its computation took longer', async () => {
    const now = vi.spyOn(performance, 'now');
    try {
      let made = 0;
      const at = (ms: number) => now.mockReturnValue(ms);
      const cache = createCache<number>({ lasting: 100, most: 2 });
      const read = (duration: number) =>
        cache.get('a', async () => {
          at(performance.now() + duration);
          made += 1;
          return made;
        });
      at(0);
      expect(await read(10)).toBe(1);
      at(109);
      expect(await read(0)).toBe(1);
      at(110);
      expect(await read(1_000)).toBe(2);
      at(5_109);
      expect(await read(0)).toBe(2);
      at(5_110);
      expect(await read(0)).toBe(3);
    } finally {
      now.mockRestore();
    }
  });

  it('does not keep a failed computation', async () => {
    const cache = createCache<string>({ lasting: 60_000, most: 2 });
    await expect(cache.get('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await cache.get('a', async () => 'yes')).toBe('yes');
  });
});
