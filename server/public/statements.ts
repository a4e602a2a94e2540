/**
 * What the public list says of each order, for people: read out of the signed list itself, so that the page can show nothing that was
 * not adopted. Pure.
 */
import { parseDocument } from '../../shared/order/canonical.ts';
import {
  type Envelope,
  type OrderTerms,
  orderListSchema,
  PAYLOAD_TYPES,
  revisionSchema,
} from '../../shared/order/documents.ts';
import { payloadOf } from '../../shared/order/dsse.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';

export interface Statement {
  readonly order: string;
  readonly revision: number;
  readonly terms: OrderTerms;
}

export type Standing = 'announced' | 'in force' | 'on hold' | 'ended' | 'withdrawn';

/** The newest revision of every order on the list, by number. */
export function statementsOf(list: Envelope): Statement[] {
  const { orders } = parseDocument(orderListSchema, payloadOf(list, PAYLOAD_TYPES.list));
  const newest = new Map<string, Statement>();
  for (const envelope of orders) {
    const { order, revision, terms } = parseDocument(revisionSchema, payloadOf(envelope, PAYLOAD_TYPES.revision));
    // Beneath a hold the list also carries the revision that it holds.
    if ((newest.get(order)?.revision ?? 0) < revision) newest.set(order, { order, revision, terms });
  }
  return [...newest.values()].sort((a, b) => (a.order < b.order ? -1 : 1));
}

export function standingAt(
  { withdrawn, until, heldUntil, effective }: Pick<OrderRule, 'withdrawn' | 'until' | 'heldUntil' | 'effective'>,
  now: Instant,
): Standing {
  if (withdrawn) return 'withdrawn';
  if (until !== null && now >= until) return 'ended';
  if (heldUntil !== null && now < heldUntil) return 'on hold';
  return now < effective ? 'announced' : 'in force';
}
