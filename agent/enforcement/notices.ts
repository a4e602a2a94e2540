/** The orders that a person on this device can read about: all that are noticed or in force, also those that do not reach them, and what has just ended. */
import type { NoticeMoment, Revision } from '../../shared/order/documents.ts';
import { exportsUntil, isExit } from '../../shared/order/exit.ts';
import { isLate } from '../../shared/order/notice-times.ts';
import { toldTo } from '../../shared/order/spoken-to.ts';
import type { AcceptedRevision } from '../../shared/order/verify-list.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Reason, Service } from '../../shared/verdict/terms.ts';
import type { ExitMemory, GateState } from './enforcement-store.ts';
import type { GivenNotice } from './notice-plan.ts';

export interface Notice {
  readonly order: string;
  readonly revision: number;
  readonly title: string;
  /** ended: by its own date. */
  readonly status: 'active' | 'held' | 'withdrawn' | 'ended';
  readonly services: readonly Service[];
  readonly areas: readonly string[];
  /** Why it denies something to this device; empty while it does not. */
  readonly reasons: readonly Reason[];
  readonly effective: Instant;
  readonly until: Instant | null;
  /** Language tag → what people are told: the order's notice, or else its public statement. */
  readonly statement: Readonly<Record<string, string>>;
  readonly appeal: string;
  /** Of an order that ends service for good: what was said here can be exported until then at least, and is wiped afterwards. Null: nothing is wiped. */
  readonly exit: {
    readonly exportsUntil: Instant;
    /** Two people have approved the wipe. */
    readonly approved: boolean;
    /** When it was carried out here. */
    readonly wiped: Instant | null;
  } | null;
  /** What this device has told of it by plan, oldest first. */
  readonly told: readonly {
    readonly moment: NoticeMoment;
    readonly at: Instant;
    readonly shown: boolean;
    /** Too late to be what its moment says. */
    readonly late: boolean;
  }[];
}

/** That an order is over can be read for so long by whoever was told of it. */
const AFTERWARDS = 7 * 86_400_000;

export function noticesOf(
  orders: Iterable<Pick<AcceptedRevision, 'revision'>>,
  given: readonly GivenNotice[],
  exits: ExitMemory['wiped'],
  gates: ReadonlyMap<Service, Pick<GateState, 'denials'>>,
  now: Instant,
): readonly Notice[] {
  const notices: Notice[] = [];
  const denials = [...gates.values()].flatMap((gate) => gate.denials);
  for (const { revision } of orders) {
    const told = given.filter(({ order }) => order === revision.order);
    const wiped = exits.findLast(({ order }) => order === revision.order)?.at ?? null;
    const { title, services, areas, effective, appeal } = revision.terms;
    const until = revision.terms.until === null ? null : Date.parse(revision.terms.until);
    const ended = revision.status !== 'withdrawn' && until !== null && now >= until;
    // What was wiped stays wiped: by which order can be read for ever.
    if (ended && wiped === null && (told.length === 0 || now > until + AFTERWARDS)) continue;
    const withdrawal = told.find(({ moment }) => moment === 'withdrawal');
    if (revision.status === 'withdrawn' && (!withdrawal || (withdrawal.shown && now > withdrawal.at + AFTERWARDS)))
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
      statement: toldTo(revision.terms),
      appeal,
      exit: exitOf(revision, status, wiped),
      told: told.map((each) => {
        const { moment, at, shown } = each;
        return { moment, at, shown, late: isLate(moment, each.effective, at) };
      }),
    });
  }
  return notices.sort((a, b) => (a.order < b.order ? -1 : 1));
}

/** Of an order that is over only what it has done here. */
function exitOf(revision: Revision, status: Notice['status'], wiped: Instant | null): Notice['exit'] {
  const until = exportsUntil(revision.terms);
  const over = status === 'withdrawn' || status === 'ended';
  if (until === null || (over && wiped === null)) return null;
  return { exportsUntil: until, approved: isExit(revision), wiped };
}
