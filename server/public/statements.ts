/**
 * What the public list says of each order, for people: read out of the signed list itself, so that the page can show nothing that was
 * not adopted. Pure.
 */
import { parseDocument } from '../../shared/order/canonical.ts';
import {
  type Envelope,
  type OrderAct,
  type OrderStub,
  type OrderTerms,
  orderListSchema,
  PAYLOAD_TYPES,
  revisionSchema,
} from '../../shared/order/documents.ts';
import { payloadOf } from '../../shared/order/dsse.ts';
import { stubsOf } from '../../shared/order/verify-list.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';

export interface Statement {
  readonly order: string;
  readonly revision: number;
  readonly terms: OrderTerms;
}

/** What has become of an order, oldest first: adopted revisions, and when it came into force and ceased to be. */
export interface History {
  readonly revisions: readonly { readonly revision: number; readonly act: OrderAct; readonly adoptedAt: Instant }[];
  readonly executions: readonly { readonly state: 'entered' | 'left'; readonly at: Instant }[];
}

export type Standing = 'announced' | 'in force' | 'on hold' | 'ended' | 'withdrawn';

/** The newest revision of every order on the list, by number. */
export function statementsOf(list: Envelope): Statement[] {
  const { orders } = parseDocument(orderListSchema, payloadOf(list, PAYLOAD_TYPES.list));
  const newest = new Map<string, Statement>();
  for (const envelope of orders) {
    // Kept from the public: there is nothing to say of it but that it is there.
    if (envelope.payloadType === PAYLOAD_TYPES.stub) continue;
    const { order, revision, terms } = parseDocument(revisionSchema, payloadOf(envelope, PAYLOAD_TYPES.revision));
    // Beneath a hold the list also carries the revision that it holds.
    if ((newest.get(order)?.revision ?? 0) < revision) newest.set(order, { order, revision, terms });
  }
  return [...newest.values()].sort((a, b) => (a.order < b.order ? -1 : 1));
}

export type Withheld = Pick<OrderStub, 'order' | 'services' | 'areas'>;

/** The orders that the list keeps from the public, by number, as their newest stubs say. */
export function withheldIn(list: Envelope): Withheld[] {
  const newest = new Map<string, OrderStub>();
  for (const stub of stubsOf(parseDocument(orderListSchema, payloadOf(list, PAYLOAD_TYPES.list)))) {
    if ((newest.get(stub.order)?.revision ?? 0) < stub.revision) newest.set(stub.order, stub);
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
