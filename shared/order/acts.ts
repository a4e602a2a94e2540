/**
 * Table of order states and actions: state × action → the next revision's status, or the reason for a refusal. Pure. The server decides
 * with it, and a console offers actions with it.
 */
import { CordonError } from '../errors.ts';
import type { Instant } from '../time/clock.ts';
import { briefPauseEnds } from './adoption-state.ts';
import type { OrderAct, Revision } from './documents.ts';

/** `lapsed`: paused by one approver for more than 72 hours. The order is active again, although its revision still says `paused`. */
export type OrderState = 'none' | 'proposed' | 'active' | 'paused' | 'lapsed' | 'withdrawn';
type Outcome = Revision['status'] | 'not_found' | 'action_not_allowed' | 'order_closed';

const closed = 'order_closed';
const no = 'action_not_allowed';

export const ACTS: Readonly<Record<OrderState, Readonly<Record<OrderAct, Outcome>>>> = {
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
  // A change of terms must not silently pause an order that is active again.
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

/** State of an order. `adopted`: its current revision, or null; `lasting`: the pause of that revision has no end. */
export function stateOf(adopted: { revision: Revision; lasting: boolean } | null, now: Instant): OrderState {
  if (!adopted) return 'proposed';
  const lapses = adopted.lasting ? null : briefPauseEnds(adopted.revision);
  if (lapses === null) return adopted.revision.status;
  return now < lapses ? 'paused' : 'lapsed';
}

const WHY: Readonly<Record<Exclude<Outcome, Revision['status']>, (act: OrderAct) => string>> = {
  not_found: () => 'No order has this number.',
  action_not_allowed: (act) =>
    act === 'propose'
      ? 'The order already exists. Revise it instead.'
      : `The order's current state does not allow the action "${act}". Look at its state first.`,
  order_closed: () => 'The order is withdrawn. A withdrawal is final: propose a new order.',
};

/** The status of the next revision. Throws `action_not_allowed`, `order_closed` or `not_found`. */
export function nextStatus(state: OrderState, act: OrderAct): Revision['status'] {
  const outcome = ACTS[state][act];
  if (outcome === 'active' || outcome === 'paused' || outcome === 'withdrawn') return outcome;
  throw new CordonError(outcome, WHY[outcome](act), { state, act });
}
