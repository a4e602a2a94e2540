import { describe, expect, it } from 'vitest';
import { parseEvidenceArea, parseLocation } from '../areas/area-code.ts';
import { type Certainty, SERVICES, type ServiceVerdict } from '../verdict/terms.ts';
import { denialBy, exitState, exportsUntil, isExit, requireExit } from './exit.ts';

const DAY = 86_400_000;
const EFFECTIVE = Date.parse('2015-12-01T00:00:00.000Z');
const TERMS = { mode: 'exit', effective: new Date(EFFECTIVE).toISOString(), exportWindow: 'P30D' } as const;
const code = (work: () => unknown) => {
  try {
    work();
    return null;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

it.each([
  ['in the window', TERMS, 30 * DAY - 1, 'exit_too_early'],
  ['at its end', TERMS, 30 * DAY, null],
  ['no window said', { ...TERMS, exportWindow: undefined }, 90 * DAY, 'exit_not_stated'],
  ['a suspension', { ...TERMS, mode: 'suspend' as const }, 90 * DAY, 'exit_not_stated'],
])('an exit can be proposed: %s', (_, terms, after, expected) => {
  expect(code(() => requireExit(terms, EFFECTIVE + after))).toBe(expected);
});

it('users can export data until the export window ends', () => {
  expect(exportsUntil(TERMS)).toBe(EFFECTIVE + 30 * DAY);
  expect(exportsUntil({ ...TERMS, mode: 'suspend' })).toBeNull();
});

it('a later pause or withdrawal ends the exit', () => {
  const acts = [
    { action: 'exit', status: 'active' },
    { action: 'pause', status: 'paused' },
    { action: 'revise', status: 'active' },
    { action: 'withdraw', status: 'withdrawn' },
  ] as const;
  expect(acts.map(isExit)).toEqual([true, false, false, false]);
});

describe('a device', () => {
  const here = { certain: true, deniedSince: EFFECTIVE, legalHold: false, listExpired: false };
  const late = EFFECTIVE + 12 * DAY;
  it.each([
    ['has had its window', { ...here, listIssued: EFFECTIVE + 30 * DAY }, 'due'],
    ['has a list from before its end', { ...here, listIssued: EFFECTIVE + 30 * DAY - 1 }, 'window'],
    ['came under the order later', { ...here, deniedSince: late, listIssued: EFFECTIVE + 41 * DAY }, 'window'],
    ['and has its own window', { ...here, deniedSince: late, listIssued: EFFECTIVE + 42 * DAY }, 'due'],
    ['knew itself denied too early', { ...here, deniedSince: 0, listIssued: EFFECTIVE + 29 * DAY }, 'window'],
    ['may be elsewhere', { ...here, certain: false, listIssued: EFFECTIVE + 99 * DAY }, 'uncertain'],
    ['has an old list', { ...here, listExpired: true, listIssued: EFFECTIVE + 99 * DAY }, 'stale'],
    ['is under a legal hold', { ...here, legalHold: true, listIssued: EFFECTIVE + 99 * DAY }, 'legal hold'],
    [
      'is under a legal hold, with an uncertain denial',
      { ...here, legalHold: true, certain: false, listIssued: EFFECTIVE + 99 * DAY },
      'legal hold',
    ],
  ] as const)('that %s: %s', (_, device, standing) => {
    expect(exitState(TERMS, device)).toBe(standing);
  });
});

describe('a denial is certain', () => {
  const allowed: ServiceVerdict = { allowed: true, denials: [], reasons: ['no_order'] };
  const verdict = (reasons: ServiceVerdict['reasons'], order = '2015-001') => {
    const services = Object.fromEntries(SERVICES.map((service) => [service, allowed])) as Record<
      (typeof SERVICES)[number],
      ServiceVerdict
    >;
    return { services: { ...services, mail: { allowed: false, denials: [{ order, revision: 1, reasons }], reasons } } };
  };
  const order = (number: string, ...areas: string[]) => ({
    order: number,
    areas: new Set(areas.map(parseLocation)),
    disputed: new Map(),
  });
  const at = (certainty: Certainty, ...areas: string[]) => ({ certainty, areas: areas.map(parseEvidenceArea) });
  it.each([
    ['by home, wherever it is', ['home'], at('unknown'), true],
    ['by seat', ['seat'], at('unknown'), true],
    ['by a place that is certain', ['present'], at('certain', 'PK'), true],
    ['by a network, where the place is certain', ['network'], at('certain', 'PK-PB'), true],
    ['not by an address alone', ['present'], at('probable', 'PK'), false],
    ['not by a network alone', ['network'], at('probable', 'PK'), false],
    ['not by a network across the border from where it certainly is', ['network'], at('certain', 'IN'), false],
    [
      'not for a network, in a territory that the order does not assign',
      ['network'],
      at('certain', 'XX-kashmir'),
      false,
    ],
    ['not by not knowing', ['unknown'], at('unknown'), false],
    ['not by being contested', ['contested'], at('certain', 'PK', 'IN'), false],
    ['by home, though contested', ['contested', 'home'], at('probable', 'PK', 'IN'), true],
  ] as const)('%s', (_, reasons, location, certain) => {
    expect(denialBy(order('2015-001', 'PK'), verdict(reasons), location)).toEqual({ certain });
  });
  it('there is no denial by another order', () => {
    expect(denialBy(order('2015-001', 'PK'), verdict(['home'], '2015-002'), at('certain', 'PK'))).toBeNull();
  });
});
