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
import { activeAt, changeOf, impactOn, type Ruled, widenRule } from './device-impact.ts';

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
  readonly hasCurrentList?: boolean;
  readonly delivered?: boolean;
}

const areas = (...codes: string[]): EvidenceArea[] => codes.map(parseEvidenceArea);
const connected = (code: string, since = NOW - HOUR): Observation => ({
  source: 'address',
  areas: areas(code),
  at: since,
  connected: true,
});
const served = (code: string, at = NOW - HOUR): Observation => ({ source: 'network', areas: areas(code), at });
const placed = (at: number, ...codes: string[]): Observation => ({ source: 'position', areas: areas(...codes), at });
const stated = (code: string, until: number): Observation => ({
  source: 'statement',
  areas: areas(code),
  at: NOW - HOUR,
  until,
});

function impact(order: OrderRule, device: Device, at: number) {
  const {
    home,
    seat,
    seen = [],
    exempt = [],
    connected: online = true,
    hasCurrentList = true,
    delivered = true,
  } = device;
  const facts = {
    home: home === undefined ? null : parseHomeArea(home),
    seat: seat === undefined ? null : parseHomeArea(seat),
    location: observeAll(emptyLocation(), seen),
  };
  const exemptions = exempt.map((until) => ({ until }));
  const subject = { facts, exemptions, connected: online, hasCurrentList, delivered };
  return impactOn(activeAt(order, at), subject, { now: NOW, at });
}

describe('impact of an order on one device', () => {
  const grace = { visitors: 7 * DAY };
  it.each<[string, Partial<OrderRule>, Device, string, string]>([
    //                                                                                     now                  at the effective time
    ['present in the area', {}, { home: 'PK', seen: [connected('PK')] }, 'denied', 'denied'],
    ['outside the area', {}, { home: 'GB', seen: [connected('GB')] }, '', ''],
    ['present by network, outside by position', {}, { seen: [placed(NOW, 'IN'), served('PK')] }, 'denied', 'denied'],
    ['near the border', {}, { home: 'IN', seen: [placed(NOW, 'IN', 'PK')] }, 'borderline', 'borderline'],
    [
      'near the border, with contested areas denied',
      { contested: 'deny' },
      { seen: [placed(NOW, 'IN', 'PK')] },
      'denied borderline',
      'denied borderline',
    ],
    ['unknown location', {}, {}, 'unknown', 'unknown'],
    ['unknown location, with unknown denied', { unknown: 'deny' }, {}, 'denied unknown', 'denied unknown'],
    ['last seen yesterday', {}, { seen: [served('PK', NOW - DAY)] }, 'unknown', 'unknown'],
    // The evidence expires before the order starts. The preview assumes that the device renews it.
    ['seen today', {}, { seen: [served('PK', NOW - 20 * HOUR)] }, 'denied', 'denied'],
    ['present by a location statement that ends later', {}, { seen: [stated('PK', NOW + DAY)] }, 'denied', 'denied'],
    ['present by a location statement that has ended', {}, { seen: [stated('PK', NOW - 1)] }, 'unknown', 'unknown'],
    [
      'visiting, within the grace period',
      grace,
      { home: 'GB', seen: [connected('PK')] },
      'visiting',
      'denied visiting',
    ],
    [
      'visiting, after the grace period',
      grace,
      { home: 'GB', seen: [connected('PK', NOW - 8 * DAY)] },
      'denied visiting',
      'denied visiting',
    ],
    [
      'visiting, without a grace period',
      {},
      { home: 'GB', seen: [connected('PK')] },
      'denied visiting',
      'denied visiting',
    ],
    ['present, with an unknown home area', grace, { seen: [connected('PK')] }, 'denied', 'denied'],
    ['traveling', {}, { home: 'PK', seen: [connected('AE')] }, 'traveling', 'traveling'],
    [
      'traveling, under an order by home area that allows travelers',
      { nexus: new Set(['home']) },
      { home: 'PK', seen: [connected('AE')] },
      'traveling',
      'traveling',
    ],
    [
      'traveling, under an order by home area that denies travelers',
      { nexus: new Set(['home']), travelers: 'deny' },
      { home: 'PK', seen: [connected('AE')] },
      'denied traveling',
      'denied traveling',
    ],
    ['unknown location, under an order by home area', { nexus: new Set(['home']) }, { home: 'PK' }, 'denied', 'denied'],
    [
      'visiting, under an order by home area',
      { nexus: new Set(['home']) },
      { home: 'GB', seen: [connected('PK')] },
      '',
      '',
    ],
    [
      'under an order by seat',
      { nexus: new Set(['seat']) },
      { seat: 'PK', seen: [connected('GB')] },
      'denied',
      'denied',
    ],
    ['exempt', {}, { home: 'PK', seen: [connected('PK')], exempt: [null] }, 'exempt', 'exempt'],
    ['exempt until a later time', {}, { home: 'PK', seen: [connected('PK')], exempt: [NOW + DAY] }, 'exempt', 'denied'],
    ['exempt, outside the area', {}, { home: 'GB', seen: [connected('GB')], exempt: [null] }, 'exempt', 'exempt'],
    [
      'offline, with the order list',
      {},
      { seen: [served('PK')], connected: false },
      'denied offline_current',
      'denied offline_current',
    ],
    [
      'offline, without the order list',
      {},
      { seen: [served('PK')], connected: false, hasCurrentList: false },
      'denied offline_behind',
      'denied offline_behind',
    ],
    ['never delivered', {}, { seen: [connected('PK')], delivered: false }, 'denied undelivered', 'denied undelivered'],
    [
      'offline, without the order list, never delivered',
      {},
      { seen: [served('PK')], connected: false, hasCurrentList: false, delivered: false },
      'denied offline_behind undelivered',
      'denied offline_behind undelivered',
    ],
    [
      'never delivered, and not denied',
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

  it('gives the reasons and areas', () => {
    const found = impact(rule({ nexus: new Set(['present', 'home']) }), { home: 'PK', seen: [connected('PK')] }, NOW);
    expect(found).toMatchObject({ denied: ['messaging', 'mail'], reasons: ['present', 'home'], areas: ['PK'] });
    const spared = impact(rule({ visitors: DAY }), { home: 'GB', seen: [connected('PK')] }, NOW);
    expect(spared).toMatchObject({ denied: [], reasons: ['present', 'visitor_grace'] });
  });

  it('equals the verdict of each case in cases.json with active orders', () => {
    let compared = 0;
    for (const given of loadCases()) {
      const location = observeAll(emptyLocation(), observationsOf(given));
      const facts = { ...factsOf(given), location, listExpires: null };
      for (const order of rulesOf(given)) {
        const now = Math.max(given.now, location.at);
        const inForce = activeAt(order, now);
        const { services } = evaluate([inForce], facts, now);
        const exemptions = facts.exemptions.filter((each) => each.order === order.order);
        const subject = { facts, exemptions, connected: true, hasCurrentList: true, delivered: true };
        const found = impactOn(inForce, subject, { now, at: now });
        expect(found.denied, given.name).toEqual(SERVICES.filter((service) => !services[service].allowed));
        compared += 1;
      }
    }
    expect(compared).toBeGreaterThan(60);
  });

  describe('compared with another revision', () => {
    const PRESENT = ['present'] as const;
    const denied = { denied: ['messaging'], reasons: PRESENT } as const;
    const spared = { denied: [], reasons: [] } as const;
    const active = { withdrawn: false, pausedUntil: null };
    it.each<[string, Ruled['impact'], Partial<Ruled['rule']>, Ruled['impact'], Partial<Ruled['rule']>, string]>([
      //                               before                                  after
      ['denied by both equally', denied, {}, denied, {}, ''],
      ['allowed by both', spared, {}, spared, {}, ''],
      ['newly affected', spared, {}, denied, {}, 'newly_affected'],
      ['no longer affected', denied, {}, spared, {}, 'no_longer_affected'],
      [
        'no longer affected, with other reasons',
        denied,
        {},
        { denied: [], reasons: ['exempt', 'present'] },
        {},
        'no_longer_affected',
      ],
      ['denied for another reason', denied, {}, { denied: ['messaging'], reasons: ['home'] }, {}, 'changed'],
      [
        'denied for one more reason',
        denied,
        {},
        { denied: ['messaging'], reasons: ['present', 'home'] },
        {},
        'changed',
      ],
      ['denied another service', denied, {}, { denied: ['mail'], reasons: PRESENT }, {}, 'changed'],
      [
        'allowed for another reason',
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

  it('extends a rule to devices at home in the area, and to unknown locations if the rule uses presence', () => {
    expect(widenRule(rule())).toMatchObject({ nexus: new Set(['present', 'network', 'home']), unknown: 'deny' });
    expect(widenRule(rule({ nexus: new Set(['seat']) }))).toMatchObject({
      nexus: new Set(['seat', 'home']),
      unknown: 'allow',
    });
  });
});
