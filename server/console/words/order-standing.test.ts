import { describe, expect, it } from 'vitest';
import { actsOffered, isOpen, standingAt } from './order-standing.ts';

const EFFECTIVE = Date.parse('2015-11-30T18:59:00.000Z');
const UNTIL = Date.parse('2015-12-30T18:59:00.000Z');
const HOUR = 3_600_000;
const terms = { effective: new Date(EFFECTIVE).toISOString(), until: null, mode: 'suspend' as const };
const ending = { ...terms, until: new Date(UNTIL).toISOString() };

describe('where an order stands', () => {
  it.each([
    ['nobody has approved it', { status: 'proposed', heldUntil: null, terms }, EFFECTIVE - 1, 'waiting', EFFECTIVE],
    ['its time came while it waited', { status: 'proposed', heldUntil: null, terms }, EFFECTIVE, 'waiting', null],
    ['approved', { status: 'active', heldUntil: null, terms }, EFFECTIVE - 1, 'coming', EFFECTIVE],
    ['at its time', { status: 'active', heldUntil: null, terms }, EFFECTIVE, 'in_force', null],
    ['with an end', { status: 'active', heldUntil: null, terms: ending }, EFFECTIVE, 'in_force', UNTIL],
    ['at its end', { status: 'active', heldUntil: null, terms: ending }, UNTIL, 'ended', null],
    ['held by one', { status: 'held', heldUntil: EFFECTIVE + HOUR, terms }, EFFECTIVE, 'held', EFFECTIVE + HOUR],
    ['when that lapses', { status: 'held', heldUntil: EFFECTIVE + HOUR, terms }, EFFECTIVE + HOUR, 'in_force', null],
    ['held until released', { status: 'held', heldUntil: null, terms }, EFFECTIVE + 999 * HOUR, 'held', null],
    ['a hold past the end', { status: 'held', heldUntil: null, terms: ending }, UNTIL, 'ended', null],
    ['withdrawn', { status: 'withdrawn', heldUntil: null, terms }, EFFECTIVE + HOUR, 'withdrawn', null],
  ] as const)('%s', (_, order, now, phase, next) => {
    const standing = standingAt(order, now);
    expect([standing.phase, standing.next?.at ?? null]).toEqual([phase, next]);
    expect(isOpen(standing)).toBe(phase !== 'ended' && phase !== 'withdrawn');
  });
});

it('offers the acts that change something', () => {
  const acts = (status: 'proposed' | 'active' | 'held' | 'withdrawn', heldUntil: number | null, now: number) =>
    actsOffered({ status, heldUntil, terms }, now, false).join(' ');
  expect(acts('proposed', null, EFFECTIVE)).toBe('revise extend withdraw');
  expect(acts('active', null, EFFECTIVE)).toBe('revise extend hold withdraw');
  expect(acts('held', EFFECTIVE + HOUR, EFFECTIVE)).toBe('revise extend release withdraw');
  expect(acts('held', EFFECTIVE + HOUR, EFFECTIVE + HOUR)).toBe('revise extend hold withdraw');
  expect(acts('withdrawn', null, EFFECTIVE)).toBe('');
  const leaving = { ...terms, mode: 'exit' as const };
  const ofExit = (now: number, exiting = false) =>
    actsOffered({ status: 'active', heldUntil: null, terms: leaving }, now, exiting).join(' ');
  expect(ofExit(EFFECTIVE - 1)).toBe('revise extend hold withdraw');
  expect(ofExit(EFFECTIVE)).toBe('revise extend hold exit withdraw');
  expect(ofExit(EFFECTIVE, true)).toBe('revise extend hold withdraw');
});
