import { textsForUsers } from '../../shared/order/localized-text.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { DEFAULT_WAITING, type Reason, type Service, type WaitingRule } from '../../shared/verdict/terms.ts';
import type { Enforcement } from './enforcement.ts';

export interface DenialView {
  readonly order: string;
  readonly revision: number;
  readonly title: string;
  readonly reasons: readonly Reason[];
  readonly until: Instant | null;
  /** Rule of the suspending order for messages that arrive for this device during the suspension: hold, deliver or return. */
  readonly waiting: WaitingRule;
  readonly appeal: string;
  /** Text for the user by language tag: the suspending order's notice, or the order's public statement in languages without a notice. */
  readonly statement: Readonly<Record<string, string>>;
  /** Language whose version of the suspending order's text is authoritative; null if the order does not state a language. */
  readonly authoritative: string | null;
}

export interface GateView {
  readonly service: Service;
  readonly open: boolean;
  readonly reasons: readonly Reason[];
  readonly denials: readonly DenialView[];
  readonly since: Instant;
  /** Time since which a policy restricts messaging and mail, because the device does not comply. Independent of orders. */
  readonly restricted?: Instant | undefined;
}

/** Explains to the user why messaging and mail are restricted, and what to do. */
export const RESTRICTED =
  'This device does not meet a policy of your organization, so messages and mail wait. `cordon-agent policy` lists what to correct.';

/** Closes the gate of a service that a policy restricts. `since`: start of the restriction. An order's gate keeps its reasons. */
export function restrict(view: GateView, since: Instant | null): GateView {
  if (since === null || (view.service !== 'messaging' && view.service !== 'mail')) return view;
  return { ...view, open: false, since: view.open ? since : view.since, restricted: since };
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
        statement: terms ? textsForUsers(terms) : {},
        authoritative: terms?.authoritativeLanguage ?? null,
      };
    }),
    since: state?.since ?? now,
  };
}

/**
 * Returns a time limit: only messages that the server accepted before this time may reach the user. Infinity while messaging is not
 * suspended; null if no message may reach the user. If every suspending order allows earlier messages (rule `deliver`), the limit is the
 * start of the suspension. While a policy restricts the service, no message may reach the user.
 */
export function acceptedBefore({ open, denials, since, restricted }: GateView): Instant | null {
  if (open) return Number.POSITIVE_INFINITY;
  if (restricted !== undefined) return null;
  return denials.length > 0 && denials.every(({ waiting }) => waiting === 'deliver') ? since : null;
}
