/** A gate in words, as `status` shows it to a person. Every denial names its order and whom to ask. */
import { toldTo } from '../../shared/order/spoken-to.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { type Reason, type Service, UNSAID_WAITING, type WaitingRule } from '../../shared/verdict/terms.ts';
import type { Enforcement } from './enforcement.ts';

/** One denial as a person is told of it. */
export interface DenialView {
  readonly order: string;
  readonly revision: number;
  readonly title: string;
  readonly reasons: readonly Reason[];
  readonly until: Instant | null;
  /** What becomes of messages that others sent here before. */
  readonly waiting: WaitingRule;
  readonly appeal: string;
  /** Language tag → what people are told: the order's notice, or else its public statement. */
  readonly statement: Readonly<Record<string, string>>;
}

export interface GateView {
  readonly service: Service;
  readonly open: boolean;
  /** Every reason of the verdict behind the gate, denying or allowing. */
  readonly reasons: readonly Reason[];
  readonly denials: readonly DenialView[];
  /** Since when it has stood so, on the device's time. */
  readonly since: Instant;
}

export function gateView(
  service: Service,
  { gates, documents }: Pick<Enforcement, 'gates' | 'documents'>,
  now: Instant,
): GateView {
  const state = gates().get(service);
  return {
    service,
    open: state?.open ?? false,
    reasons: state?.reasons ?? [],
    denials: (state?.denials ?? []).map(({ order, revision, reasons }) => {
      const terms = documents.orders.get(order)?.revision.terms;
      return {
        order,
        revision,
        title: terms?.title ?? '',
        reasons,
        waiting: terms?.waiting ?? UNSAID_WAITING,
        until: terms?.until == null ? null : Date.parse(terms.until),
        appeal: terms?.appeal ?? '',
        statement: terms ? toldTo(terms) : {},
      };
    }),
    since: state?.since ?? now,
  };
}

/**
 * Messages that the server had accepted before this instant pass the gate on their way in: all of them while it is open, those of before it closed when
 * every order that closes it lets them through. Null: nothing passes.
 */
export function acceptedBefore({ open, denials, since }: GateView): Instant | null {
  if (open) return Number.POSITIVE_INFINITY;
  return denials.length > 0 && denials.every(({ waiting }) => waiting === 'deliver') ? since : null;
}
