import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expandAreas, parseEvidenceArea, parseHomeArea, parseScopeArea } from '../areas/area-code.ts';
import { evaluate, inForce } from './evaluate.ts';
import { arrivalIn, emptyLocation, nextLocationChange, observe, observeAll, settle } from './locate.ts';
import {
  type DeviceFacts,
  EVIDENCE_SOURCES,
  NEXUS,
  type Nexus,
  type Observation,
  type OrderRule,
  SERVICES,
  WAITING_RULES,
} from './terms.ts';

const BEGIN = Date.UTC(2026, 0, 10);
const MINUTE = 60_000;
const code = fc.constantFrom(
  ...['PK', 'IN', 'AE', 'FR', 'HK', 'CN', 'PK-SD', 'PK-PB', 'ES-B', 'ES-CT', 'XX-kashmir'].map(parseEvidenceArea),
);
/** Steps of five minutes over a week, so that some instants are equal. */
const time = fc.integer({ min: 0, max: 2016 }).map((step) => BEGIN + step * 5 * MINUTE);
const rule = fc.constantFrom('allow', 'deny');

const observation: fc.Arbitrary<Observation> = fc
  .record({
    source: fc.constantFrom(...EVIDENCE_SOURCES),
    areas: fc.uniqueArray(code, { minLength: 1, maxLength: 3 }),
    at: time,
    whole: fc.boolean(),
    connected: fc.boolean(),
    lasting: fc.integer({ min: 1, max: 600 }),
  })
  .map(({ source, areas, at, whole, connected, lasting }) => ({
    source,
    areas,
    at,
    ...(source === 'position' && { whole: whole && areas.length === 1 }),
    ...(source === 'address' && { connected }),
    ...(source === 'statement' && { until: at + lasting * 5 * MINUTE }),
  }));
/** One observation for each source and instant. For two, the result would depend on their order. */
const observations = fc.uniqueArray(observation, { maxLength: 25, selector: ({ source, at }) => `${source} ${at}` });

const order: fc.Arbitrary<OrderRule> = fc
  .record({
    number: fc.integer({ min: 1, max: 50 }),
    services: fc.uniqueArray(fc.constantFrom(...SERVICES), { minLength: 1 }),
    areas: fc.uniqueArray(fc.constantFrom('PK', 'IN', 'AE', 'EU', 'CN', 'HK', 'PK-SD', 'ES-CT'), {
      minLength: 1,
      maxLength: 3,
    }),
    nexus: fc.uniqueArray(fc.constantFrom(...NEXUS), { minLength: 1 }),
    effective: time,
    until: fc.option(time),
    pausedUntil: fc.option(fc.oneof(time, fc.constant(Number.POSITIVE_INFINITY))),
    withdrawn: fc.boolean(),
    unknown: rule,
    contested: rule,
    stale: fc.constantFrom('keep', 'allow', 'deny'),
    visitors: fc.integer({ min: 0, max: 600 }).map((steps) => steps * 5 * MINUTE),
    travelers: rule,
    waiting: fc.constantFrom(...WAITING_RULES),
    kashmir: fc.option(fc.constantFrom('IN', 'PK')),
  })
  .map(({ number, services, areas, nexus, kashmir, ...rest }) => ({
    ...rest,
    order: `2026-${String(number).padStart(3, '0')}`,
    revision: 1,
    services: new Set(services),
    areas: expandAreas(areas.map(parseScopeArea)),
    nexus: new Set(nexus),
    disputed: new Map(kashmir ? [['kashmir', parseHomeArea(kashmir)] as const] : []),
  }));
const orders = fc.array(order, { maxLength: 6 });

const facts: fc.Arbitrary<DeviceFacts> = fc
  .record({
    home: fc.option(fc.constantFrom('PK', 'IN', 'FR').map(parseHomeArea)),
    seat: fc.option(fc.constantFrom('PK', 'AE').map(parseHomeArea)),
    exemptions: fc.array(fc.record({ order: fc.constantFrom('2026-001', '2026-002'), until: fc.option(time) }), {
      maxLength: 2,
    }),
    observed: observations,
    listExpires: fc.option(time),
  })
  .map(({ observed, ...rest }) => ({ ...rest, location: observeAll(emptyLocation(), observed) }));

const deniesContested = ({ contested, stale }: OrderRule) => contested === 'deny' || stale === 'deny';
/** Changes that make an order stricter in one term, or leave it unchanged. */
const tightening: fc.Arbitrary<(rule: OrderRule) => OrderRule> = fc.constantFrom<((rule: OrderRule) => OrderRule)[]>(
  (one) => ({ ...one, unknown: 'deny' }),
  (one) => ({ ...one, contested: 'deny' }),
  (one) => ({ ...one, travelers: 'deny' }),
  (one) => ({ ...one, visitors: Math.floor(one.visitors / 2) }),
  (one) => ({ ...one, services: new Set(SERVICES) }),
  ...NEXUS.map(
    (nexus) => (one: OrderRule) =>
      // A further nexus `network` starts the grace period of a visitor whose location is only contested.
      nexus === 'network' && deniesContested(one) ? one : { ...one, nexus: new Set([...one.nexus, nexus]) },
  ),
  ...['PK', 'IN', 'AE', 'EU'].map(
    (area) => (one: OrderRule) =>
      // A device that may be inside can be denied for that alone. A device that is surely inside is denied by a nexus, and then grace applies.
      deniesContested(one) ? one : { ...one, areas: new Set([...one.areas, ...expandAreas([parseScopeArea(area)])]) },
  ),
  (one) => ({ ...one, effective: one.effective - 24 * 60 * MINUTE }),
  (one) => ({ ...one, until: null }),
  (one) => ({ ...one, pausedUntil: null }),
  (one) => ({ ...one, stale: one.stale === 'allow' ? 'keep' : 'deny' }),
);
/** Time after the newest observation, because the state cannot go back in time. */
const later = fc.integer({ min: 0, max: 600 }).map((steps) => steps * 5 * MINUTE + 1);
const services = (rules: readonly OrderRule[], given: DeviceFacts, now: number) => evaluate(rules, given, now).services;

describe('the arrival of a visitor', () => {
  const elsewhere = [...expandAreas([parseScopeArea('UN-150')])].filter((area) => area !== 'SI').slice(0, 45);
  const orderAreas = (...areas: string[]) => ({ areas: expandAreas(areas.map(parseScopeArea)), disputed: new Map() });
  const whole = (area: string, at: number): Observation => ({
    source: 'position',
    areas: [parseEvidenceArea(area)],
    at,
    whole: true,
  });

  it('is not renewed by less than a day elsewhere, in any number of places', () => {
    const about = fc.array(fc.tuple(fc.constantFrom(...elsewhere), fc.integer({ min: 1, max: 60 })), {
      minLength: 1,
      maxLength: 120,
      size: 'max',
    });
    // More stays than the state stores separately, all within one day.
    const many = fc
      .tuple(fc.shuffledSubarray(elsewhere, { minLength: 36 }), fc.integer({ min: 1, max: 30 }))
      .map(([places, minutes]) => places.map((place): [string, number] => [place, minutes]));
    const journey = fc.oneof(about, many);
    let crowded = 0;
    fc.assert(
      fc.property(journey, fc.integer({ min: 1, max: 60 }), (places, days) => {
        let state = observe(emptyLocation(), whole('PK', BEGIN));
        let now = BEGIN + days * 24 * 60 * MINUTE;
        const left = now;
        state = observe(state, whole('PK', now));
        for (const [area, minutes] of places) {
          if (now + minutes * MINUTE - left >= 23 * 60 * MINUTE) break;
          state = observe(state, whole(area, now + 1));
          now += minutes * MINUTE;
        }
        state = observe(state, whole('PK', now + 1));
        if (state.stays.some(({ gaps }) => gaps !== undefined)) crowded += 1;
        expect(arrivalIn(state, orderAreas('PK'), 'present', now + 2)).toBe(BEGIN);
      }),
      { numRuns: 300 },
    );
    expect(crowded).toBeGreaterThan(50);
  });

  it('is not renewed by moves within the order’s areas, through any number of subdivisions', () => {
    let state = emptyLocation();
    for (let part = 0; part < 140; part += 1) {
      state = observe(state, whole(`SI-${String(part + 1).padStart(3, '0')}`, BEGIN + part * 4 * 60 * MINUTE));
    }
    expect(state.stays).toHaveLength(32);
    expect(arrivalIn(state, orderAreas('SI'), 'present', BEGIN + 140 * 4 * 60 * MINUTE)).toBe(BEGIN);
    // Merged stays list countries, and a country is not another country's area.
    expect(arrivalIn(state, orderAreas('SI-140'), 'present', BEGIN + 140 * 4 * 60 * MINUTE)).toBe(
      BEGIN + 139 * 4 * 60 * MINUTE,
    );
  });

  it('is the entry into the areas, after a day in any number of subdivisions of another country', () => {
    let state = observe(emptyLocation(), whole('AT-2', BEGIN));
    const day = BEGIN + 30 * 24 * 60 * MINUTE;
    for (let part = 0; part < 60; part += 1) {
      state = observe(state, whole(`SI-${String(part + 1).padStart(3, '0')}`, day + part * 5 * MINUTE));
    }
    const entered = day + 300 * MINUTE;
    state = observe(state, whole('HR', entered));
    expect(arrivalIn(state, orderAreas('HR'), 'present', entered + 1)).toBe(entered);
  });

  it('is renewed by a day elsewhere, also if this stay is merged with earlier stays', () => {
    let state = observe(emptyLocation(), whole('PK', BEGIN));
    for (let place = 0; place < 45; place += 1) {
      state = observe(state, whole(elsewhere[place] ?? '', BEGIN + (place + 1) * 120 * MINUTE));
    }
    const back = BEGIN + 46 * 120 * MINUTE;
    state = observe(state, whole('PK', back));
    expect(arrivalIn(state, orderAreas('PK'), 'present', back + 1)).toBe(back);
  });
});

describe('the fold over evidence', () => {
  it('is independent of the order of observations with the same time', () => {
    fc.assert(
      fc.property(observations, fc.infiniteStream(fc.nat(1000)), (all, dice) => {
        const shuffled = all
          .map((one) => ({ one, dice: dice.next().value ?? 0 }))
          .sort((a, b) => a.one.at - b.one.at || a.dice - b.dice)
          .map(({ one }) => one);
        expect(shuffled.reduce(observe, emptyLocation())).toEqual(observeAll(emptyLocation(), all));
      }),
      { numRuns: 300 },
    );
  });

  it('is independent of intermediate times and repeated observations', () => {
    fc.assert(
      fc.property(observations, fc.integer({ min: 0, max: 24 * 60 }), (all, minutes) => {
        const inOrder = [...all].sort((a, b) => a.at - b.at);
        let state = emptyLocation();
        inOrder.forEach((one, i) => {
          state = observe(observe(state, one), one);
          const next = inOrder[i + 1]?.at ?? Number.POSITIVE_INFINITY;
          state = settle(state, Math.min(one.at + minutes * MINUTE, next));
        });
        const end = Math.max(BEGIN, ...all.map(({ at }) => at)) + 40 * 24 * 60 * MINUTE;
        const { before: _, ...settled } = settle(state, end);
        const { before: __, ...plain } = settle(observeAll(emptyLocation(), all), end);
        expect(settled).toEqual(plain);
      }),
      { numRuns: 300 },
    );
  });

  it('accepts late observations, and ignores those that are older than the newest of the same source', () => {
    fc.assert(
      fc.property(observations, observation, (all, late) => {
        const state = observeAll(emptyLocation(), all);
        const after = observe(state, late);
        const known = state.sightings[late.source];
        if (known && late.at < known.at) expect(after).toBe(state);
        expect(after.at).toBeGreaterThanOrEqual(state.at);
        expect(after.stays.filter(({ to }) => to === null).length).toBeLessThanOrEqual(1);
        expect(after.counted === null).toBe(after.stays.every(({ to }) => to !== null));
        for (const { from, to } of after.stays) expect(to === null || from < to).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('predicts every change of the location without a new observation', () => {
    fc.assert(
      fc.property(observations, later, fc.double({ min: 0, max: 1, noNaN: true }), (all, wait, part) => {
        const state = observeAll(emptyLocation(), all);
        const now = Math.max(state.at, BEGIN) + wait;
        const next = nextLocationChange(state, now) ?? now + 90 * 24 * 60 * MINUTE;
        const between = now + Math.floor((next - 1 - now) * part);
        expect(settle(state, between)).toEqual(settle(state, now));
      }),
    );
  });
});

describe('the verdict', () => {
  it('is constant until its predicted next change', () => {
    fc.assert(
      fc.property(orders, facts, later, fc.double({ min: 0, max: 1, noNaN: true }), (rules, given, wait, part) => {
        const now = Math.max(given.location.at, BEGIN) + wait;
        const verdict = evaluate(rules, given, now);
        expect(verdict.nextChange === null || verdict.nextChange > now).toBe(true);
        const next = verdict.nextChange ?? now + 90 * 24 * 60 * MINUTE;
        for (const instant of [now + Math.floor((next - 1 - now) * part), next - 1]) {
          expect(evaluate(rules, given, instant)).toEqual(verdict);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('is never a denial by an inactive order, unless the device’s list has expired and the order’s stale rule is `deny`', () => {
    fc.assert(
      fc.property(orders, facts, later, (rules, given, wait) => {
        const now = Math.max(given.location.at, BEGIN) + wait;
        const stale = given.listExpires !== null && given.listExpires <= now;
        for (const service of SERVICES) {
          for (const { order: number } of services(rules, given, now)[service].denials) {
            const candidates = rules.filter((one) => one.order === number && one.services.has(service));
            expect(
              candidates.some((one) => inForce(one, now) || (stale && one.stale === 'deny' && !one.withdrawn)),
            ).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('case 33: another order never removes a denial', () => {
    fc.assert(
      fc.property(orders, order, facts, later, (rules, more, given, wait) => {
        const now = Math.max(given.location.at, BEGIN) + wait;
        const [before, after] = [services(rules, given, now), services([...rules, more], given, now)];
        for (const service of SERVICES) {
          if (!before[service].allowed) expect(after[service].allowed).toBe(false);
          for (const denial of before[service].denials) expect(after[service].denials).toContainEqual(denial);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('never allows more under an order with stricter terms', () => {
    let met = 0;
    fc.assert(
      fc.property(
        order,
        fc.array(tightening, { minLength: 1, maxLength: 3 }),
        facts,
        later,
        (rules, tighten, given, wait) => {
          const now = Math.max(given.location.at, BEGIN) + wait;
          const stricter = tighten.reduce((tightened, one) => one(tightened), rules);
          const [before, after] = [services([rules], given, now), services([stricter], given, now)];
          for (const service of SERVICES) {
            if (before[service].allowed) continue;
            met += 1;
            expect(after[service].allowed).toBe(false);
          }
        },
      ),
      { numRuns: 5_000 },
    );
    expect(met).toBeGreaterThan(500);
  });

  it('gives a grace period to a visitor in a contested location if the order also requires the network (rules 4 and 6)', () => {
    const observed = (source: 'position' | 'network', area: string): Observation => ({
      source,
      areas: [parseEvidenceArea(area)],
      at: BEGIN,
      ...(source === 'position' && { whole: true }),
    });
    const visitor: DeviceFacts = {
      home: parseHomeArea('FR'),
      seat: null,
      exemptions: [],
      listExpires: null,
      location: observeAll(emptyLocation(), [observed('position', 'XX-kashmir'), observed('network', 'PK')]),
    };
    const rule = (...nexus: Nexus[]): OrderRule => ({
      order: '2026-001',
      revision: 1,
      services: new Set(['mail']),
      areas: expandAreas([parseScopeArea('PK')]),
      nexus: new Set(nexus),
      effective: BEGIN - MINUTE,
      until: null,
      pausedUntil: null,
      withdrawn: false,
      unknown: 'allow',
      contested: 'deny',
      stale: 'keep',
      visitors: 60 * MINUTE,
      travelers: 'allow',
      waiting: 'hold',
      disputed: new Map(),
    });
    const mail = (...nexus: Nexus[]) => services([rule(...nexus)], visitor, BEGIN + MINUTE).mail;
    expect(mail('present')).toMatchObject({ allowed: false, reasons: ['contested'] });
    expect(mail('present', 'network')).toMatchObject({
      allowed: true,
      reasons: ['network', 'contested', 'visitor_grace'],
    });
  });

  it('names an order and a reason in every denial, and always gives a reason', () => {
    fc.assert(
      fc.property(orders, facts, later, (rules, given, wait) => {
        const now = Math.max(given.location.at, BEGIN) + wait;
        for (const { allowed, denials, reasons } of Object.values(services(rules, given, now))) {
          expect(allowed).toBe(denials.length === 0);
          expect(reasons.length).toBeGreaterThan(0);
          expect(reasons.includes('no_order') && reasons.length > 1).toBe(false);
          for (const denial of denials) {
            expect(denial.reasons.length).toBeGreaterThan(0);
            expect(reasons).toEqual(expect.arrayContaining([...denial.reasons]));
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('is the same for facts that were stored as JSON, and for any sequence of orders', () => {
    fc.assert(
      fc.property(orders, facts, later, (rules, given, wait) => {
        const now = Math.max(given.location.at, BEGIN) + wait;
        const stored: DeviceFacts = JSON.parse(JSON.stringify(given));
        expect(evaluate(rules, stored, now)).toEqual(evaluate(rules, given, now));
        const gates = (list: readonly OrderRule[]) =>
          Object.values(services(list, given, now)).map((service) => service.allowed);
        expect(gates([...rules].reverse())).toEqual(gates(rules));
      }),
    );
  });
});
