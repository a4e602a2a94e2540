import { describe, expect, it } from 'vitest';
import { outcomeOf } from '../../tests/support/code-of.ts';
import { revisionDocument } from '../../tests/support/signed-documents.ts';
import { ACTION_OUTCOMES, nextStatus, type OrderState, stateOf } from './action-outcomes.ts';
import { BRIEF_PAUSE } from './adoption-state.ts';
import { ORDER_ACTIONS, type OrderAction } from './documents.ts';

const NOW = Date.parse('2015-07-24T12:00:00.000Z');

describe('actions', () => {
  // Columns: propose, revise, extend, pause, resume, exit, withdraw.
  const expected: Record<OrderState, string> = {
    none: 'active not_found not_found not_found not_found not_found not_found',
    proposed: 'action_not_allowed active active action_not_allowed action_not_allowed action_not_allowed withdrawn',
    active: 'action_not_allowed active active paused action_not_allowed active withdrawn',
    paused: 'action_not_allowed paused paused paused active action_not_allowed withdrawn',
    lapsed: 'action_not_allowed active active paused active action_not_allowed withdrawn',
    withdrawn: 'order_closed order_closed order_closed order_closed order_closed order_closed order_closed',
  };
  const states = Object.keys(ACTION_OUTCOMES).map((state) => state as OrderState);
  const cells = states.flatMap((state) =>
    ORDER_ACTIONS.map((action, index): [OrderState, OrderAction, string] => [
      state,
      action,
      expected[state].split(' ')[index] ?? '',
    ]),
  );

  it.each(cells)('%s × %s → %s', (state, action, next) => {
    expect(outcomeOf(() => nextStatus(state, action))).toBe(next);
  });

  it('a one-person pause expires, and a two-person pause does not', () => {
    const revision = revisionDocument({ status: 'paused', action: 'pause', pausedSince: new Date(NOW).toISOString() });
    expect(stateOf(null, NOW)).toBe('proposed');
    expect(stateOf({ revision, permanentPause: false }, NOW + BRIEF_PAUSE - 1)).toBe('paused');
    expect(stateOf({ revision, permanentPause: false }, NOW + BRIEF_PAUSE)).toBe('lapsed');
    expect(stateOf({ revision, permanentPause: true }, NOW + BRIEF_PAUSE)).toBe('paused');
  });
});
