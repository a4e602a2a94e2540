/** Where an order stands at an instant of the server's clock, and what may follow. Pure. */
import type { OrderSummary, OrderView } from '../../../shared/api/orders.ts';
import { ACTS } from '../../../shared/order/acts.ts';
import { ORDER_ACTS, type OrderAct } from '../../../shared/order/documents.ts';

export type Phase = 'waiting' | 'coming' | 'in_force' | 'held' | 'ended' | 'withdrawn';

export const PHASE_NAMES: Readonly<Record<Phase, string>> = {
  waiting: 'Waiting for approval',
  coming: 'Approved',
  in_force: 'In force',
  held: 'On hold',
  ended: 'Ended',
  withdrawn: 'Withdrawn',
};

export interface Standing {
  readonly phase: Phase;
  /** What happens by itself, and when. Null when nothing does. */
  readonly next: { readonly at: number; readonly what: string } | null;
}

type Facts = Pick<OrderSummary, 'status' | 'heldUntil'> & {
  readonly terms: Pick<OrderSummary['terms'], 'effective' | 'until' | 'mode'>;
};

const lapsed = ({ status, heldUntil }: Facts, now: number) =>
  status === 'held' && heldUntil !== null && now >= heldUntil;

export function standingAt(order: Facts, now: number): Standing {
  const effective = Date.parse(order.terms.effective);
  const until = order.terms.until === null ? null : Date.parse(order.terms.until);
  if (order.status === 'withdrawn') return { phase: 'withdrawn', next: null };
  if (order.status === 'proposed') {
    return { phase: 'waiting', next: now < effective ? { at: effective, what: 'Would take effect' } : null };
  }
  if (until !== null && now >= until) return { phase: 'ended', next: null };
  if (order.status === 'held' && !lapsed(order, now)) {
    return { phase: 'held', next: order.heldUntil === null ? null : { at: order.heldUntil, what: 'The hold lapses' } };
  }
  if (now < effective) return { phase: 'coming', next: { at: effective, what: 'Takes effect' } };
  return { phase: 'in_force', next: until === null ? null : { at: until, what: 'Ends' } };
}

/** `open`: something can still come of it. */
export const isOpen = ({ phase }: Standing): boolean => phase !== 'ended' && phase !== 'withdrawn';

/** Since when it is in force, by what the server recorded. */
export function inForceSince({ executions, terms }: Pick<OrderView, 'executions' | 'terms'>): number {
  const last = executions.at(-1);
  return last?.state === 'entered' ? last.at : Date.parse(terms.effective);
}

/** Two people have approved the exit, and nothing has taken it back since. */
export const isExiting = ({ adoptedRevision, revisions }: Pick<OrderView, 'adoptedRevision' | 'revisions'>): boolean =>
  revisions.some(({ revision, act }) => revision === adoptedRevision && act === 'exit');

/** The acts that the server would take, less those that would change nothing. `exiting`: its exit is approved already. */
export function actsOffered(order: Facts, now: number, exiting: boolean): Exclude<OrderAct, 'propose'>[] {
  const { phase } = standingAt(order, now);
  const state = order.status === 'held' && lapsed(order, now) ? 'lapsed' : order.status;
  return ORDER_ACTS.filter((act) => act !== 'propose').filter((act) => {
    const outcome = ACTS[state][act];
    if (outcome !== 'active' && outcome !== 'held' && outcome !== 'withdrawn') return false;
    // A brief hold is made to last by a second approval of itself.
    if (act === 'hold') return phase !== 'held' && phase !== 'ended';
    // What a lapsed hold put out of force is back already.
    if (act === 'release') return phase === 'held';
    if (act === 'exit') return phase === 'in_force' && order.terms.mode === 'exit' && !exiting;
    return true;
  });
}
