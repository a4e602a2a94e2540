/** A gate in words, as `status` shows it to a person. Every denial names its order and whom to ask. */
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
