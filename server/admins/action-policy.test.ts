import { describe, expect, it } from 'vitest';
import { SECOND_PERSON_ACTIONS } from '../../shared/api/action-names.ts';
import { ACTIONS, peopleNeeded, proofSuffices, STEP_UP_WITHIN, soloLimit } from './action-policy.ts';

describe('soloLimit', () => {
  it.each([
    [0, 5],
    [5, 5],
    [59, 5],
    [60, 6],
    [999, 99],
    [1_000, 100],
    [100_000, 100],
  ])('of a fleet of %i is %i devices', (fleet, limit) => expect(soloLimit(fleet)).toBe(limit));
});

describe('peopleNeeded', () => {
  it.each([
    ['workspace.wipe', 5, 10, 1],
    ['workspace.wipe', 6, 10, 2],
    ['device.revoke', 100, 5_000, 1],
    ['device.revoke', 101, 5_000, 2],
    ['device.re-enroll', 6, 10, 2],
    ['workspace.lock', 5_000, 5_000, 1],
  ] as const)('for %s on %i devices of %i is %i', (action, used, fleet, people) =>
    expect(peopleNeeded(ACTIONS[action], { used, fleet })).toBe(people),
  );
});

describe('proofSuffices', () => {
  const now = 1_000_000_000;
  const session = (age: number) => ({ via: 'session', authenticatedAt: now - age, byRecoveryCode: false }) as const;
  const token = (destructive: boolean) => ({ via: 'token', destructive }) as const;
  it.each([
    ['workspace.wipe', session(0), 1, 'yes'],
    ['workspace.wipe', session(STEP_UP_WITHIN - 1), 1, 'yes'],
    ['workspace.wipe', session(STEP_UP_WITHIN), 1, 'step_up'],
    ['workspace.wipe', token(false), 1, 'token_refused'],
    ['workspace.wipe', token(true), 1, 'yes'],
    ['account.reset-credentials', token(true), 0, 'token_refused'],
    ['workspace.lock', session(STEP_UP_WITHIN), 1, 'yes'],
    ['workspace.lock', session(STEP_UP_WITHIN), 2, 'step_up'],
    ['workspace.lock', token(false), 1, 'yes'],
    ['workspace.lock', token(false), 2, 'token_refused'],
    ['action.confirm', token(true), 1, 'token_refused'],
  ] as const)('for %s by %j on %i devices says %s', (action, proof, devices, verdict) =>
    expect(proofSuffices(ACTIONS[action], proof, { devices, now })).toBe(verdict),
  );
});

it('lists the actions that can be pending', () => {
  const pending = Object.entries(ACTIONS).flatMap(([action, { people }]) => (people === 1 ? [] : [action]));
  expect(pending.sort()).toEqual([...SECOND_PERSON_ACTIONS].sort());
});
