/** A gate in words: what `status` shows a person, and what a refused sender is told. Every denial names its order and whom to ask. */
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Reason, Service } from '../../shared/verdict/terms.ts';
import type { Enforcement } from './enforcement.ts';

/** One denial as a person is told of it. */
export interface DenialView {
  readonly order: string;
  readonly revision: number;
  readonly title: string;
  readonly reasons: readonly Reason[];
  readonly until: Instant | null;
  readonly appeal: string;
  /** Language tag → the order's public statement. */
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
        until: terms?.until == null ? null : Date.parse(terms.until),
        appeal: terms?.appeal ?? '',
        statement: terms?.statement ?? {},
      };
    }),
    since: state?.since ?? now,
  };
}

/** Null when the gate is open. */
export function denialNotice({ open, denials }: GateView, by: 'sender' | 'recipient'): DenialNotice | null {
  if (open) return null;
  const [first] = denials;
  const detail = first
    ? `Delivery is suspended by order ${first.order} (${first.title}).`
    : 'This device has no order list or record yet, and delivers nothing until it has.';
  return {
    code: 'service_denied',
    detail,
    order: first?.order ?? null,
    reasons: first ? [...first.reasons] : [],
    appeal: first?.appeal ?? null,
    by,
  };
}
