/** What each act makes of an order, as one typed table: state × act → the next revision's status, or why not. Pure: the server decides by it, a console offers by it. */
import { CordonError } from '../errors.ts';
import type { Instant } from '../time/clock.ts';
import type { OrderAct, Revision } from './documents.ts';
import { briefHoldEnds } from './standing.ts';

/** `lapsed`: held by one approver whose 72 hours have passed, so that the order is in force again while its revision still says held. */
export type OrderState = 'none' | 'proposed' | 'active' | 'held' | 'lapsed' | 'withdrawn';
type Outcome = Revision['status'] | 'not_found' | 'act_not_allowed' | 'order_closed';

const closed = 'order_closed';
const no = 'act_not_allowed';

export const ACTS: Readonly<Record<OrderState, Readonly<Record<OrderAct, Outcome>>>> = {
  none: {
    propose: 'active',
    revise: 'not_found',
    extend: 'not_found',
    hold: 'not_found',
    release: 'not_found',
    exit: 'not_found',
    withdraw: 'not_found',
  },
  proposed: { propose: no, revise: 'active', extend: 'active', hold: no, release: no, exit: no, withdraw: 'withdrawn' },
  active: {
    propose: no,
    revise: 'active',
    extend: 'active',
    hold: 'held',
    release: no,
    exit: 'active',
    withdraw: 'withdrawn',
  },
  held: {
    propose: no,
    revise: 'held',
    extend: 'held',
    hold: 'held',
    release: 'active',
    exit: no,
    withdraw: 'withdrawn',
  },
  // A change of terms must not quietly take out of force what has come back into it.
  lapsed: {
    propose: no,
    revise: 'active',
    extend: 'active',
    hold: 'held',
    release: 'active',
    exit: no,
    withdraw: 'withdrawn',
  },
  withdrawn: {
    propose: closed,
    revise: closed,
    extend: closed,
    hold: closed,
    release: closed,
    exit: closed,
    withdraw: closed,
  },
};

/** `adopted`: the revision in effect, null while none is; `lasting`: its hold does not lapse. */
export function stateOf(adopted: { revision: Revision; lasting: boolean } | null, now: Instant): OrderState {
  if (!adopted) return 'proposed';
  const lapses = adopted.lasting ? null : briefHoldEnds(adopted.revision);
  if (lapses === null) return adopted.revision.status;
  return now < lapses ? 'held' : 'lapsed';
}

const WHY: Readonly<Record<Exclude<Outcome, Revision['status']>, (act: OrderAct) => string>> = {
  not_found: () => 'There is no order of this number.',
  act_not_allowed: (act) =>
    act === 'propose'
      ? 'The order exists: revise it.'
      : `There is nothing to ${act}: look at the order's present state first.`,
  order_closed: () => 'The order is withdrawn, and that is final: propose a new one.',
};

/** The status of the next revision. Throws `act_not_allowed`, `order_closed` or `not_found`. */
export function nextStatus(state: OrderState, act: OrderAct): Revision['status'] {
  const outcome = ACTS[state][act];
  if (outcome === 'active' || outcome === 'held' || outcome === 'withdrawn') return outcome;
  throw new CordonError(outcome, WHY[outcome](act), { state, act });
}
