import type { NoticeMoment, Revision } from '../../shared/order/documents.ts';
import { exportsUntil, isExit } from '../../shared/order/exit.ts';
import { textsForUsers } from '../../shared/order/localized-text.ts';
import { isLate } from '../../shared/order/notice-times.ts';
import type { AcceptedRevision } from '../../shared/order/verify-list.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Reason, Service } from '../../shared/verdict/terms.ts';
import type { ExitMemory, GateState } from './enforcement-store.ts';
import type { DeliveredNotice } from './notice-plan.ts';

export interface Notice {
  readonly order: string;
  readonly revision: number;
  readonly title: string;
  /** State of an order, as the user sees it. `ended`: the order's end time has passed. */
  readonly status: 'active' | 'paused' | 'withdrawn' | 'ended';
  readonly services: readonly Service[];
  readonly areas: readonly string[];
  readonly reasons: readonly Reason[];
  readonly effective: Instant;
  readonly until: Instant | null;
  /** Text for the user by language tag: the order's notice, or the order's public statement in languages without a notice. */
  readonly statement: Readonly<Record<string, string>>;
  /** Language whose version of an order's text is authoritative; null if the order does not state a language. */
  readonly authoritative: string | null;
  readonly appeal: string;
  /**
   * Wipe of work data that an order requires; null if the order requires none, or ended without a wipe of this device. The user can export
   * messages until at least `exportsUntil`.
   */
  readonly exit: {
    readonly exportsUntil: Instant;
    /** True if two people have approved the wipe of the work data. */
    readonly approved: boolean;
    readonly wiped: Instant | null;
  } | null;
  readonly deliveries: readonly {
    readonly moment: NoticeMoment;
    readonly at: Instant;
    readonly displayed: boolean;
    readonly late: boolean;
  }[];
}

/** Milliseconds for which an ended order stays in the user's list of orders. */
const VISIBLE_AFTER_END = 7 * 86_400_000;

export function noticesOf(
  orders: Iterable<Pick<AcceptedRevision, 'revision'>>,
  deliveredNotices: readonly DeliveredNotice[],
  exits: ExitMemory['wiped'],
  gates: ReadonlyMap<Service, Pick<GateState, 'denials'>>,
  now: Instant,
): readonly Notice[] {
  const notices: Notice[] = [];
  const denials = [...gates.values()].flatMap((gate) => gate.denials);
  for (const { revision } of orders) {
    const delivered = deliveredNotices.filter(({ order }) => order === revision.order);
    const wiped = exits.findLast(({ order }) => order === revision.order)?.at ?? null;
    const { title, services, areas, effective, appeal } = revision.terms;
    const until = revision.terms.until === null ? null : Date.parse(revision.terms.until);
    const ended = revision.status !== 'withdrawn' && until !== null && now >= until;
    // An order whose exit wiped data on this device stays in the list after its end.
    if (ended && wiped === null && (delivered.length === 0 || now > until + VISIBLE_AFTER_END)) continue;
    const withdrawal = delivered.find(({ moment }) => moment === 'withdrawal');
    if (
      revision.status === 'withdrawn' &&
      (!withdrawal || (withdrawal.displayed && now > withdrawal.at + VISIBLE_AFTER_END))
    )
      continue;
    const status = ended ? 'ended' : revision.status;
    notices.push({
      order: revision.order,
      revision: revision.revision,
      title,
      status,
      services,
      areas,
      reasons: [...new Set(denials.filter(({ order }) => order === revision.order).flatMap(({ reasons }) => reasons))],
      effective: Date.parse(effective),
      until,
      statement: textsForUsers(revision.terms),
      authoritative: revision.terms.authoritativeLanguage ?? null,
      appeal,
      exit: exitOf(revision, status, wiped),
      deliveries: delivered.map((each) => {
        const { moment, at, displayed } = each;
        return { moment, at, displayed, late: isLate(moment, each.effective, at) };
      }),
    });
  }
  return notices.sort((a, b) => (a.order < b.order ? -1 : 1));
}

/** The list shows the exit of an ended order only if the exit was completed. */
function exitOf(revision: Revision, status: Notice['status'], wiped: Instant | null): Notice['exit'] {
  const until = exportsUntil(revision.terms);
  const over = status === 'withdrawn' || status === 'ended';
  if (until === null || (over && wiped === null)) return null;
  return { exportsUntil: until, approved: isExit(revision), wiped };
}
