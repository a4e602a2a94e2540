import { describe, expect, it } from 'vitest';
import { allowedActions, isOpen, orderStateAt } from './order-state.ts';

const EFFECTIVE = Date.parse('2015-11-30T18:59:00.000Z');
const UNTIL = Date.parse('2015-12-30T18:59:00.000Z');
const HOUR = 3_600_000;
const terms = { effective: new Date(EFFECTIVE).toISOString(), until: null, mode: 'suspend' as const };
const ending = { ...terms, until: new Date(UNTIL).toISOString() };

describe('the state of an order', () => {
  it.each([
    ['not approved by anyone', { status: 'proposed', pausedUntil: null, terms }, EFFECTIVE - 1, 'waiting', EFFECTIVE],
    ['its time came while it waited', { status: 'proposed', pausedUntil: null, terms }, EFFECTIVE, 'waiting', null],
    ['approved', { status: 'active', pausedUntil: null, terms }, EFFECTIVE - 1, 'announced', EFFECTIVE],
    ['at its time', { status: 'active', pausedUntil: null, terms }, EFFECTIVE, 'active', null],
    ['with an end', { status: 'active', pausedUntil: null, terms: ending }, EFFECTIVE, 'active', UNTIL],
    ['at its end', { status: 'active', pausedUntil: null, terms: ending }, UNTIL, 'ended', null],
    ['held by one', { status: 'paused', pausedUntil: EFFECTIVE + HOUR, terms }, EFFECTIVE, 'paused', EFFECTIVE + HOUR],
    ['when that lapses', { status: 'paused', pausedUntil: EFFECTIVE + HOUR, terms }, EFFECTIVE + HOUR, 'active', null],
    ['held until released', { status: 'paused', pausedUntil: null, terms }, EFFECTIVE + 999 * HOUR, 'paused', null],
    ['a hold past the end', { status: 'paused', pausedUntil: null, terms: ending }, UNTIL, 'ended', null],
    ['withdrawn', { status: 'withdrawn', pausedUntil: null, terms }, EFFECTIVE + HOUR, 'withdrawn', null],
  ] as const)('%s', (_, order, now, phase, next) => {
    const state = orderStateAt(order, now);
    expect([state.phase, state.next?.at ?? null]).toEqual([phase, next]);
    expect(isOpen(state)).toBe(phase !== 'ended' && phase !== 'withdrawn');
  });
});

it('offers the actions that have an effect', () => {
  const actions = (status: 'proposed' | 'active' | 'paused' | 'withdrawn', pausedUntil: number | null, now: number) =>
    allowedActions({ status, pausedUntil, terms }, now, false).join(' ');
  expect(actions('proposed', null, EFFECTIVE)).toBe('revise extend withdraw');
  expect(actions('active', null, EFFECTIVE)).toBe('revise extend pause withdraw');
  expect(actions('paused', EFFECTIVE + HOUR, EFFECTIVE)).toBe('revise extend resume withdraw');
  expect(actions('paused', EFFECTIVE + HOUR, EFFECTIVE + HOUR)).toBe('revise extend pause withdraw');
  expect(actions('withdrawn', null, EFFECTIVE)).toBe('');
  const leaving = { ...terms, mode: 'exit' as const };
  const ofExit = (now: number, exiting = false) =>
    allowedActions({ status: 'active', pausedUntil: null, terms: leaving }, now, exiting).join(' ');
  expect(ofExit(EFFECTIVE - 1)).toBe('revise extend pause withdraw');
  expect(ofExit(EFFECTIVE)).toBe('revise extend pause exit withdraw');
  expect(ofExit(EFFECTIVE, true)).toBe('revise extend pause withdraw');
});
