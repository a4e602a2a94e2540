/**
 * Public statements about orders, for the transparency page. The statements come from the signed order list, so that the page shows only
 * adopted orders. The functions are pure.
 */
import { parseDocument } from '../../shared/order/canonical.ts';
import {
  type Envelope,
  type OrderAction,
  type OrderStub,
  type OrderTerms,
  orderListSchema,
  PAYLOAD_TYPES,
  type Revision,
  revisionSchema,
} from '../../shared/order/documents.ts';
import { payloadOf } from '../../shared/order/dsse.ts';
import { isExit } from '../../shared/order/exit.ts';
import { stubsOf } from '../../shared/order/verify-list.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';

export interface Statement {
  readonly order: string;
  readonly revision: number;
  readonly terms: OrderTerms;
  /** Exempt devices of the revision, as commitments (digests) that name no device. */
  readonly exempt: Revision['exempt'];
  /** True if the revision is an approved exit: affected devices delete their work data. */
  readonly exit: boolean;
}

/** History of an order, oldest first: adopted revisions, and the times at which the order took effect and ended. */
export interface History {
  readonly revisions: readonly {
    readonly revision: number;
    readonly action: OrderAction;
    readonly adoptedAt: Instant;
  }[];
  readonly executions: readonly { readonly state: 'active' | 'inactive'; readonly at: Instant }[];
}

export type PublicState = 'announced' | 'active' | 'paused' | 'ended' | 'withdrawn';

export function statementsOf(list: Envelope): Statement[] {
  const { orders } = parseDocument(orderListSchema, payloadOf(list, PAYLOAD_TYPES.list));
  const newest = new Map<string, Statement>();
  for (const envelope of orders) {
    if (envelope.payloadType === PAYLOAD_TYPES.stub) continue;
    const document = parseDocument(revisionSchema, payloadOf(envelope, PAYLOAD_TYPES.revision));
    const { order, revision, terms, exempt } = document;
    // The order list contains two revisions of a paused order: the pause and the paused revision. Use the pause, which is newer.
    if ((newest.get(order)?.revision ?? 0) < revision) {
      newest.set(order, { order, revision, terms, exempt, exit: isExit(document) });
    }
  }
  return [...newest.values()].sort((a, b) => (a.order < b.order ? -1 : 1));
}

export type Withheld = Pick<OrderStub, 'order' | 'services' | 'areas'>;

/**
 * Withheld orders, sorted by number. The order list contains stubs (public documents without legal basis) for each; the newest stub is
 * used.
 */
export function withheldIn(list: Envelope): Withheld[] {
  const newest = new Map<string, OrderStub>();
  for (const stub of stubsOf(parseDocument(orderListSchema, payloadOf(list, PAYLOAD_TYPES.list)))) {
    if ((newest.get(stub.order)?.revision ?? 0) < stub.revision) newest.set(stub.order, stub);
  }
  return [...newest.values()].sort((a, b) => (a.order < b.order ? -1 : 1));
}

export function stateAt(
  { withdrawn, until, pausedUntil, effective }: Pick<OrderRule, 'withdrawn' | 'until' | 'pausedUntil' | 'effective'>,
  now: Instant,
): PublicState {
  if (withdrawn) return 'withdrawn';
  if (until !== null && now >= until) return 'ended';
  if (pausedUntil !== null && now < pausedUntil) return 'paused';
  return now < effective ? 'announced' : 'active';
}
