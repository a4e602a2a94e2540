import { toldTo } from '../../shared/order/spoken-to.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { DEFAULT_WAITING, type Reason, type Service, type WaitingRule } from '../../shared/verdict/terms.ts';
import type { Enforcement } from './enforcement.ts';

/** Denial of a service by an order, with the order's texts for the user. */
export interface DenialView {
  readonly order: string;
  readonly revision: number;
  readonly title: string;
  readonly reasons: readonly Reason[];
  readonly until: Instant | null;
  /** The order's rule for messages that wait for this device: hold, deliver or return. */
  readonly waiting: WaitingRule;
  readonly appeal: string;
  /** Texts by language tag: the order's notice. If the order has no notice, its public statement. */
  readonly statement: Readonly<Record<string, string>>;
  /** Language of the authoritative text; null if the order does not state a language. */
  readonly authoritative: string | null;
}

export interface GateView {
  readonly service: Service;
  readonly open: boolean;
  readonly reasons: readonly Reason[];
  readonly denials: readonly DenialView[];
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
        waiting: terms?.waiting ?? DEFAULT_WAITING,
        until: terms?.until == null ? null : Date.parse(terms.until),
        appeal: terms?.appeal ?? '',
        statement: terms ? toldTo(terms) : {},
        authoritative: terms?.authoritativeLanguage ?? null,
      };
    }),
    since: state?.since ?? now,
  };
}

/**
 * Time that limits which received messages the user may get: only messages that the server accepted before this time. Infinity while the
 * gate is open. If the gate is closed and every closing order has the rule `deliver`, the time at which the gate closed. Otherwise null: no
 * messages.
 */
export function acceptedBefore({ open, denials, since }: GateView): Instant | null {
  if (open) return Number.POSITIVE_INFINITY;
  return denials.length > 0 && denials.every(({ waiting }) => waiting === 'deliver') ? since : null;
}
