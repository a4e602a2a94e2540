import { describe, expect, it } from 'vitest';
import {
  type EvidenceArea,
  expandAreas,
  parseEvidenceArea,
  parseHomeArea,
  parseScopeArea,
} from '../../../shared/areas/area-code.ts';
import { evaluate } from '../../../shared/verdict/evaluate.ts';
import { emptyLocation, observeAll } from '../../../shared/verdict/locate.ts';
import { factsOf, loadCases, observationsOf, rulesOf } from '../../../shared/verdict/run-case.ts';
import { type Observation, type OrderRule, SERVICES } from '../../../shared/verdict/terms.ts';
import { changeOf, impactOn, inForceAt, type Ruled, widened } from './device-impact.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.parse('2015-11-01T00:00:00Z');
const EFFECTIVE = NOW + 30 * DAY;

function rule(more: Partial<OrderRule> = {}): OrderRule {
  return {
    order: '2015-001',
    revision: 1,
    services: new Set(['messaging', 'mail']),
    areas: expandAreas([parseScopeArea('PK')]),
    nexus: new Set(['present', 'network']),
    effective: EFFECTIVE,
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

interface Device {
  readonly home?: string;
  readonly seat?: string;
  readonly seen?: readonly Observation[];
  readonly exempt?: readonly (number | null)[];
  readonly connected?: boolean;
  readonly holdsList?: boolean;
  readonly delivered?: boolean;
}

const areas = (...codes: string[]): EvidenceArea[] => codes.map(parseEvidenceArea);
const connected = (code: string, since = NOW - HOUR): Observation => ({
  ...{ source: 'address', areas: areas(code), at: since, connected: true },
});
const served = (code: string, at = NOW - HOUR): Observation => ({ source: 'network', areas: areas(code), at });
const placed = (at: number, ...codes: string[]): Observation => ({ source: 'position', areas: areas(...codes), at });
const stated = (code: string, until: number): Observation => ({
  ...{ source: 'statement', areas: areas(code), at: NOW - HOUR, until },
});

function impact(order: OrderRule, device: Device, at: number) {
  const { home, seat, seen = [], exempt = [], connected: online = true, holdsList = true, delivered = true } = device;
  const facts = {
    home: home === undefined ? null : parseHomeArea(home),
    seat: seat === undefined ? null : parseHomeArea(seat),
    location: observeAll(emptyLocation(), seen),
  };
  const exemptions = exempt.map((until) => ({ until }));
  const subject = { facts, exemptions, connected: online, holdsList, delivered };
  return impactOn(inForceAt(order, at), subject, { now: NOW, at });
}

describe('what an order is to a device', () => {
  const grace = { visitors: 7 * DAY };
  it.each<[string, Partial<OrderRule>, Device, string, string]>([
    //                                                                                     now                  at the effective time
    ['in its place', {}, { home: 'PK', seen: [connected('PK')] }, 'denied', 'denied'],
    ['elsewhere', {}, { home: 'GB', seen: [connected('GB')] }, '', ''],
    ['served there, elsewhere by position', {}, { seen: [placed(NOW, 'IN'), served('PK')] }, 'denied', 'denied'],
    ['near its border', {}, { home: 'IN', seen: [placed(NOW, 'IN', 'PK')] }, 'borderline', 'borderline'],
    [
      'near its border, and that is denied',
      { contested: 'deny' },
      { seen: [placed(NOW, 'IN', 'PK')] },
      'denied borderline',
      'denied borderline',
    ],
    ['nowhere that is known', {}, {}, 'unknown', 'unknown'],
    ['nowhere that is known, and that is denied', { unknown: 'deny' }, {}, 'denied unknown', 'denied unknown'],
    ['last seen yesterday', {}, { seen: [served('PK', NOW - DAY)] }, 'unknown', 'unknown'],
    // Its evidence will have lapsed by then, and have been renewed: where it is now is what is known.
    ['seen today', {}, { seen: [served('PK', NOW - 20 * HOUR)] }, 'denied', 'denied'],
    ['there by the word of an admin that runs out', {}, { seen: [stated('PK', NOW + DAY)] }, 'denied', 'denied'],
    ['there by the word of an admin that has run out', {}, { seen: [stated('PK', NOW - 1)] }, 'unknown', 'unknown'],
    ['visiting, with grace', grace, { home: 'GB', seen: [connected('PK')] }, 'visiting', 'denied visiting'],
    [
      'visiting, its grace has run out',
      grace,
      { home: 'GB', seen: [connected('PK', NOW - 8 * DAY)] },
      'denied visiting',
      'denied visiting',
    ],
    ['visiting, without grace', {}, { home: 'GB', seen: [connected('PK')] }, 'denied visiting', 'denied visiting'],
    ['there, at home nobody knows where', grace, { seen: [connected('PK')] }, 'denied', 'denied'],
    ['traveling', {}, { home: 'PK', seen: [connected('AE')] }, 'traveling', 'traveling'],
    [
      'traveling, under an order by home that lets them',
      { nexus: new Set(['home']) },
      { home: 'PK', seen: [connected('AE')] },
      'traveling',
      'traveling',
    ],
    [
      'traveling, under an order by home that does not',
      { nexus: new Set(['home']), travelers: 'deny' },
      { home: 'PK', seen: [connected('AE')] },
      'denied traveling',
      'denied traveling',
    ],
    ['at home, nowhere that is known, by home', { nexus: new Set(['home']) }, { home: 'PK' }, 'denied', 'denied'],
    ['visiting, under an order by home', { nexus: new Set(['home']) }, { home: 'GB', seen: [connected('PK')] }, '', ''],
    ['of its seat', { nexus: new Set(['seat']) }, { seat: 'PK', seen: [connected('GB')] }, 'denied', 'denied'],
    ['exempt', {}, { home: 'PK', seen: [connected('PK')], exempt: [null] }, 'exempt', 'exempt'],
    ['exempt for a while', {}, { home: 'PK', seen: [connected('PK')], exempt: [NOW + DAY] }, 'exempt', 'denied'],
    ['exempt elsewhere', {}, { home: 'GB', seen: [connected('GB')], exempt: [null] }, 'exempt', 'exempt'],
    [
      'offline, with the list',
      {},
      { seen: [served('PK')], connected: false },
      'denied offline_current',
      'denied offline_current',
    ],
    [
      'offline, without it',
      {},
      { seen: [served('PK')], connected: false, holdsList: false },
      'denied offline_behind',
      'denied offline_behind',
    ],
    ['never informed', {}, { seen: [connected('PK')], delivered: false }, 'denied undelivered', 'denied undelivered'],
    [
      'offline, without the list, never informed',
      {},
      { seen: [served('PK')], connected: false, holdsList: false, delivered: false },
      'denied offline_behind undelivered',
      'denied offline_behind undelivered',
    ],
    [
      'never informed, and not denied',
      {},
      { home: 'PK', seen: [served('AE')], delivered: false },
      'traveling',
      'traveling',
    ],
    ['offline and not denied', {}, { home: 'PK', seen: [served('AE')], connected: false }, 'traveling', 'traveling'],
  ])('%s', (_name, terms, device, now, later) => {
    expect(impact(rule(terms), device, NOW).classes.join(' ')).toBe(now);
    expect(impact(rule(terms), device, EFFECTIVE).classes.join(' ')).toBe(later);
  });

  it('says why, and where', () => {
    const found = impact(rule({ nexus: new Set(['present', 'home']) }), { home: 'PK', seen: [connected('PK')] }, NOW);
    expect(found).toMatchObject({ denied: ['messaging', 'mail'], reasons: ['present', 'home'], areas: ['PK'] });
    const spared = impact(rule({ visitors: DAY }), { home: 'GB', seen: [connected('PK')] }, NOW);
    expect(spared).toMatchObject({ denied: [], reasons: ['present', 'visitor_grace'] });
  });

  it('is the verdict of every case of the table, if its orders were in force', () => {
    let compared = 0;
    for (const given of loadCases()) {
      const location = observeAll(emptyLocation(), observationsOf(given));
      const facts = { ...factsOf(given), location, listExpires: null };
      for (const order of rulesOf(given)) {
        const now = Math.max(given.now, location.at);
        const inForce = inForceAt(order, now);
        const { services } = evaluate([inForce], facts, now);
        const exemptions = facts.exemptions.filter((each) => each.order === order.order);
        const subject = { facts, exemptions, connected: true, holdsList: true, delivered: true };
        const found = impactOn(inForce, subject, { now, at: now });
        expect(found.denied, given.name).toEqual(SERVICES.filter((service) => !services[service].allowed));
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(60);
  });

  describe('held against another revision', () => {
    const PRESENT = ['present'] as const;
    const denied = { denied: ['messaging'], reasons: PRESENT } as const;
    const spared = { denied: [], reasons: [] } as const;
    const active = { withdrawn: false, pausedUntil: null };
    it.each<[string, Ruled['impact'], Partial<Ruled['rule']>, Ruled['impact'], Partial<Ruled['rule']>, string]>([
      //                               before                                  after
      ['denied by both, alike', denied, {}, denied, {}, ''],
      ['spared by both', spared, {}, spared, {}, ''],
      ['newly affected', spared, {}, denied, {}, 'newly_affected'],
      ['no longer affected', denied, {}, spared, {}, 'no_longer_affected'],
      [
        'no longer affected, with reasons',
        denied,
        {},
        { denied: [], reasons: ['exempt', 'present'] },
        {},
        'no_longer_affected',
      ],
      ['for another reason', denied, {}, { denied: ['messaging'], reasons: ['home'] }, {}, 'changed'],
      ['for one reason more', denied, {}, { denied: ['messaging'], reasons: ['present', 'home'] }, {}, 'changed'],
      ['of another service', denied, {}, { denied: ['mail'], reasons: PRESENT }, {}, 'changed'],
      [
        'spared for another reason',
        { denied: [], reasons: ['visitor_grace', 'present'] },
        {},
        { denied: [], reasons: ['exempt', 'present'] },
        {},
        'changed',
      ],
      ['withdrawn', denied, {}, denied, { withdrawn: true }, 'no_longer_affected'],
      ['paused', denied, {}, denied, { pausedUntil: Infinity }, 'no_longer_affected'],
      ['resumed', denied, { pausedUntil: 1 }, denied, {}, 'newly_affected'],
      ['paused, then withdrawn', denied, { pausedUntil: 1 }, denied, { withdrawn: true }, ''],
    ])('%s', (_name, before, was, after, is, expected) => {
      const change = changeOf(
        { impact: before, rule: { ...active, ...was } },
        { impact: after, rule: { ...active, ...is } },
      );
      expect(change?.kind ?? '').toBe(expected);
      if (change) expect(change.before).toEqual('pausedUntil' in was ? spared : before);
    });
  });

  it('looks at those who are at home there too, and at those that are nowhere when the order asks for a place', () => {
    expect(widened(rule())).toMatchObject({ nexus: new Set(['present', 'network', 'home']), unknown: 'deny' });
    expect(widened(rule({ nexus: new Set(['seat']) }))).toMatchObject({
      nexus: new Set(['seat', 'home']),
      unknown: 'allow',
    });
  });
});
