/** State of an order at a given time of the server clock, and the actions that this state allows. The functions are pure. */
import type { OrderSummary, OrderView } from '../../../shared/api/orders.ts';
import { ACTION_OUTCOMES } from '../../../shared/order/action-outcomes.ts';
import { ORDER_ACTIONS, type OrderAction } from '../../../shared/order/documents.ts';
import { isLapsed, type Phase, type PhaseFacts, phaseAt } from '../../../shared/order/order-phase.ts';
import { isProposalEnd } from '../../../shared/order/proposal-end.ts';

export const PHASE_NAMES: Readonly<Record<Phase, string>> = {
  waiting: 'Pending approval',
  expired: 'Proposal expired',
  retracted: 'Proposal retracted',
  declined: 'Proposal declined',
  announced: 'Announced',
  active: 'Active',
  paused: 'Paused',
  ended: 'Ended',
  withdrawn: 'Withdrawn',
};

export interface OrderState {
  readonly phase: Phase;
  /** Next automatic change of an order's state, with its time; null if no change is due. */
  readonly next: { readonly at: number; readonly label: string } | null;
}

type Facts = PhaseFacts & { readonly terms: Pick<OrderSummary['terms'], 'mode'> };

export function orderStateAt(order: Facts, now: number): OrderState {
  const effective = Date.parse(order.terms.effective);
  const phase = phaseAt(order, now);
  switch (phase) {
    case 'waiting':
      return { phase, next: now < effective ? { at: effective, label: 'Proposed to take effect' } : null };
    case 'paused':
      return { phase, next: order.pausedUntil === null ? null : { at: order.pausedUntil, label: 'Pause ends' } };
    case 'announced':
      return { phase, next: { at: effective, label: 'Takes effect' } };
    case 'active':
      return { phase, next: order.terms.until === null ? null : { at: Date.parse(order.terms.until), label: 'Ends' } };
    default:
      return { phase, next: null };
  }
}

export const isOpen = ({ phase }: OrderState): boolean =>
  phase !== 'ended' && phase !== 'withdrawn' && !isProposalEnd(phase);

/** Returns the recorded time at which an order last took effect. Without a record, returns the planned effective time. */
export function activeSince({
  executions,
  terms,
}: Pick<OrderView, 'executions'> & { readonly terms: Pick<OrderView['terms'], 'effective'> }): number {
  const last = executions.at(-1);
  return last?.state === 'active' ? last.at : Date.parse(terms.effective);
}

/**
 * True if enough people have approved the exit of an order (deletion of work data on devices). A revision that is adopted later cancels the
 * exit.
 */
export const isExiting = ({ adoptedRevision, revisions }: Pick<OrderView, 'adoptedRevision' | 'revisions'>): boolean =>
  revisions.some(({ revision, action }) => revision === adoptedRevision && action === 'exit');

/**
 * Returns the actions on an order that the server accepts and that have an effect. `exiting`: true if the exit (deletion of work data on
 * devices) is already approved, so that another exit has no effect.
 */
export function allowedActions(order: Facts, now: number, exiting: boolean): Exclude<OrderAction, 'propose'>[] {
  const { phase } = orderStateAt(order, now);
  const over = isProposalEnd(order.status);
  const status = isProposalEnd(order.status) ? 'proposed' : order.status;
  const state = isLapsed(order, now) ? 'lapsed' : status;
  return ORDER_ACTIONS.filter((action) => action !== 'propose').filter((action) => {
    const outcome = ACTION_OUTCOMES[state][action];
    if (outcome !== 'active' && outcome !== 'paused' && outcome !== 'withdrawn') return false;
    // A proposal that was declined, retracted or has expired can only be revised.
    if (over) return action === 'revise';
    // To make a pause permanent, a second approver approves the existing pause. A new pause is not needed.
    if (action === 'pause') return phase !== 'paused' && phase !== 'ended';
    if (action === 'resume') return phase === 'paused';
    if (action === 'exit') return phase === 'active' && order.terms.mode === 'exit' && !exiting;
    return true;
  });
}
