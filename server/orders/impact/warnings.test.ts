import { describe, expect, it } from 'vitest';
import { BRIEF_PAUSE } from '../../../shared/order/adoption-state.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import { revisionDocument } from '../../../tests/support/signed-documents.ts';
import type { Impact } from './device-impact.ts';
import { pauseWarnings, type Warning, warningsOf } from './warnings.ts';

const PROPOSED = { action: 'propose', status: 'active' } as const;
const RULE: Pick<OrderRule, 'services' | 'nexus' | 'unknown'> = {
  services: new Set(['messaging', 'mail']),
  nexus: new Set(['present']),
  unknown: 'allow',
};

function fleetOf(fleet: number, denied: number, more: Partial<{ unknown: number; ofApprovers: number }> = {}) {
  const set = (classes: Impact['classes'], count: number, services: Impact['denied']) => ({
    classes,
    denied: services,
    reasons: [],
    areas: [],
    exemptUntil: null,
    home: null,
    connected: true,
    change: null,
    devices: Array.from({ length: count }, (_, index) => `dev_${index}` as DeviceId),
  });
  const { unknown = 0, ofApprovers = 0 } = more;
  const sets = [
    set(['denied'], denied - unknown, ['mail']),
    set(['denied', 'unknown'], unknown, ['mail']),
    set(['traveling'], 5, []),
    set(['unknown'], 5, []),
  ];
  return { sets, fleet, ofApprovers };
}

const codes = (warnings: readonly Warning[]) => warnings.map(({ code, devices }) => `${code} ${devices ?? ''}`.trim());
const LARGE = 10;

describe('warnings', () => {
  it.each<[string, Partial<typeof RULE>, ReturnType<typeof fleetOf>, number, string[]]>([
    ['no warning', {}, fleetOf(100, 10), LARGE, []],
    ['no devices', {}, fleetOf(0, 0), LARGE, []],
    ['slightly more than the large share', {}, fleetOf(100, 11), LARGE, ['large_share 11']],
    ['one device with a large share of 0 %', {}, fleetOf(1000, 1), 0, ['large_share 1']],
    ['all devices with a large share of 100 %', {}, fleetOf(100, 100), 100, []],
    ['management', { services: new Set(['management', 'mail']) }, fleetOf(100, 3), LARGE, ['names_management 3']],
    [
      'management of no device yet',
      { services: new Set(['management']) },
      fleetOf(100, 0),
      LARGE,
      ['names_management 0'],
    ],
    ['enrollment', { services: new Set(['enrollment']) }, fleetOf(100, 0), LARGE, ['names_enrollment']],
    ['an approver', {}, fleetOf(100, 1, { ofApprovers: 1 }), LARGE, ['affects_approver 1']],
    ['unknown locations', { unknown: 'deny' }, fleetOf(100, 7, { unknown: 4 }), LARGE, ['denies_unknown 4']],
    [
      'unknown locations, under an order by home area',
      { unknown: 'deny', nexus: new Set(['home']) },
      fleetOf(100, 7),
      LARGE,
      [],
    ],
    [
      'all warnings',
      { services: new Set(['management', 'enrollment']), unknown: 'deny' },
      fleetOf(20, 9, { unknown: 2, ofApprovers: 1 }),
      LARGE,
      ['names_management 9', 'names_enrollment', 'affects_approver 1', 'large_share 9', 'denies_unknown 2'],
    ],
  ])('%s', (_name, terms, rehearsed, largeShare, expected) => {
    const warnings = warningsOf(PROPOSED, { ...RULE, ...terms }, rehearsed, largeShare);
    expect(codes(warnings)).toEqual(expected);
    for (const { detail } of warnings) expect(detail).toMatch(/^The order .*\.$/);
  });

  it('warns of an exit only that it wipes data', () => {
    const warnings = warningsOf({ action: 'exit', status: 'active' }, RULE, fleetOf(100, 90), LARGE);
    expect(codes(warnings)).toEqual(['wipes_data 90']);
  });

  it('warns that a change of an order that one person paused makes the pause permanent', () => {
    const pausedSince = '2015-12-01T00:00:00.000Z';
    const revision = revisionDocument({ revision: 2, action: 'pause', status: 'paused', pausedSince });
    const base = { revision, digest: 'a'.repeat(64), permanentPause: false };
    const now = Date.parse(pausedSince);
    const change = { action: 'extend', status: 'paused', previous: base.digest } as const;
    const codesOf = (...about: Parameters<typeof pauseWarnings>) => codes(pauseWarnings(...about));
    expect(codesOf(change, base, now)).toEqual(['pause_without_end']);
    expect(codesOf({ ...change, action: 'revise' }, base, now + BRIEF_PAUSE - 1)).toEqual(['pause_without_end']);
    expect(pauseWarnings(change, base, now)[0]?.detail).toContain('ends at 2015-12-04T00:00:00.000Z');
    expect(codesOf({ ...change, action: 'pause' }, base, now)).toEqual([]);
    expect(codesOf({ ...change, action: 'resume', status: 'active' }, base, now)).toEqual([]);
    expect(codesOf(change, { ...base, permanentPause: true }, now)).toEqual([]);
    expect(codesOf(change, base, now + BRIEF_PAUSE)).toEqual([]);
    expect(codesOf({ ...change, previous: 'b'.repeat(64) }, base, now)).toEqual([]);
    expect(codesOf({ ...change, previous: null }, undefined, now)).toEqual([]);
  });

  it('states the share with its numbers', () => {
    const [warning] = warningsOf(PROPOSED, RULE, fleetOf(300, 100), LARGE);
    expect(warning?.detail).toContain('33.3 % of the fleet (100 of 300). This installation warns above 10 %');
  });

  it.each([
    ['withdraw', 'withdrawn', []],
    ['pause', 'paused', []],
    ['resume', 'active', ['large_share 50']],
    ['extend', 'active', ['large_share 50']],
    // A one-person pause expires, and the order is active again.
    ['revise', 'paused', ['large_share 50']],
  ] as const)('%s: warns of new suspensions only', (action, status, expected) => {
    expect(codes(warningsOf({ action, status }, RULE, fleetOf(100, 50), LARGE))).toEqual(expected);
  });
});
