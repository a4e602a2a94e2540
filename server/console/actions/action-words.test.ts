import { describe, expect, it } from 'vitest';
import { ACTION_NAMES, SECOND_PERSON_ACTIONS } from '../../../shared/api/action-names.ts';
import { actionName, CONSEQUENCES, consequence, NAMES } from './action-words.ts';

describe('texts of actions', () => {
  it('name every action of the policy, each with its own name', () => {
    expect(Object.keys(NAMES).sort()).toEqual([...ACTION_NAMES].sort());
    expect(new Set(Object.values(NAMES)).size).toBe(ACTION_NAMES.length);
  });

  it('have the consequence of every action that can be pending', () => {
    expect(Object.keys(CONSEQUENCES).sort()).toEqual([...SECOND_PERSON_ACTIONS].sort());
    expect([actionName('device.paint'), consequence('device.paint')]).toEqual([
      'device.paint',
      expect.stringContaining('Reload the page'),
    ]);
  });

  it('claim no effect on orders, services, trust or rights, which only the server computes', () => {
    const claims = /so that|no longer|regain|suspend|affects|\btrusts?\b|cannot undo|approvers/i;
    for (const text of [...Object.values(NAMES), ...Object.values(CONSEQUENCES)]) expect(text).not.toMatch(claims);
  });
});
