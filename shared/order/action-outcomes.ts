/**
 * Actions that each order state allows. Each entry is the status of the resulting revision, or the error code with which the server refuses
 * the action. The server and the console both use this table.
 */
import { CordonError } from '../errors.ts';
import type { Instant } from '../time/clock.ts';
import { briefPauseEnds } from './adoption-state.ts';
import type { OrderAction, Revision } from './documents.ts';

/**
 * State of an order. `lapsed`: one approver paused the order more than 72 hours ago. The order is active again, although its revision still
 * has the status `paused`.
 */
export type OrderState = 'none' | 'proposed' | 'active' | 'paused' | 'lapsed' | 'withdrawn';
type Outcome = Revision['status'] | 'not_found' | 'action_not_allowed' | 'order_closed';

const closed = 'order_closed';
const no = 'action_not_allowed';

export const ACTION_OUTCOMES: Readonly<Record<OrderState, Readonly<Record<OrderAction, Outcome>>>> = {
  none: {
    propose: 'active',
    revise: 'not_found',
    extend: 'not_found',
    pause: 'not_found',
    resume: 'not_found',
    exit: 'not_found',
    withdraw: 'not_found',
  },
  proposed: { propose: no, revise: 'active', extend: 'active', pause: no, resume: no, exit: no, withdraw: 'withdrawn' },
  active: {
    propose: no,
    revise: 'active',
    extend: 'active',
    pause: 'paused',
    resume: no,
    exit: 'active',
    withdraw: 'withdrawn',
  },
  paused: {
    propose: no,
    revise: 'paused',
    extend: 'paused',
    pause: 'paused',
    resume: 'active',
    exit: no,
    withdraw: 'withdrawn',
  },
  // The 72-hour pause has ended, so a change of terms must not pause the order again.
  lapsed: {
    propose: no,
    revise: 'active',
    extend: 'active',
    pause: 'paused',
    resume: 'active',
    exit: no,
    withdraw: 'withdrawn',
  },
  withdrawn: {
    propose: closed,
    revise: closed,
    extend: closed,
    pause: closed,
    resume: closed,
    exit: closed,
    withdraw: closed,
  },
};

/** State of an order. `revision`: adopted revision, or null. `permanentPause`: true if the pause has no end. */
export function stateOf(adopted: { revision: Revision; permanentPause: boolean } | null, now: Instant): OrderState {
  if (!adopted) return 'proposed';
  const pauseEnd = adopted.permanentPause ? null : briefPauseEnds(adopted.revision);
  if (pauseEnd === null) return adopted.revision.status;
  return now < pauseEnd ? 'paused' : 'lapsed';
}

const REFUSALS: Readonly<Record<Exclude<Outcome, Revision['status']>, (action: OrderAction) => string>> = {
  not_found: () => 'No order has this number.',
  action_not_allowed: (action) =>
    action === 'propose'
      ? 'The order already exists. Revise it instead.'
      : `The order's current state does not allow the action "${action}". Check the state of the order first.`,
  order_closed: () => 'The order is withdrawn. A withdrawal is final: propose a new order.',
};

/**
 * Status of the revision that results from an action. Throws `action_not_allowed`, `order_closed` or `not_found` if the order's state does
 * not allow the action.
 */
export function nextStatus(state: OrderState, action: OrderAction): Revision['status'] {
  const outcome = ACTION_OUTCOMES[state][action];
  if (outcome === 'active' || outcome === 'paused' || outcome === 'withdrawn') return outcome;
  throw new CordonError(outcome, REFUSALS[outcome](action), { state, action });
}
