/** The orders that a person on this device can read about: all that are noticed or in force, also those that do not reach them, and what has just ended. */
import type { NoticeMoment, Revision } from '../../shared/order/documents.ts';
import { exportsUntil, isExit } from '../../shared/order/exit.ts';
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
  readonly status: 'active' | 'held' | 'withdrawn';
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
  readonly told: readonly { readonly moment: NoticeMoment; readonly at: Instant; readonly shown: boolean }[];
}

/** A withdrawal can be read of for so long by whoever was told of the order. */
const AFTERWARDS = 7 * 86_400_000;

export function noticesOf(
  orders: Iterable<AcceptedRevision>,
  given: readonly GivenNotice[],
  exits: ExitMemory['wiped'],
  gates: ReadonlyMap<Service, Pick<GateState, 'denials'>>,
  now: Instant,
): readonly Notice[] {
  const notices: Notice[] = [];
  const denials = [...gates.values()].flatMap((gate) => gate.denials);
  for (const { revision } of orders) {
    const told = given.filter(({ order }) => order === revision.order);
    const ended = told.find(({ moment }) => moment === 'withdrawal');
    if (revision.status === 'withdrawn' && (!ended || (ended.shown && now > ended.at + AFTERWARDS))) continue;
    const { title, services, areas, effective, until, appeal } = revision.terms;
    notices.push({
      order: revision.order,
      revision: revision.revision,
      title,
      status: revision.status,
      services,
      areas,
      reasons: [...new Set(denials.filter(({ order }) => order === revision.order).flatMap(({ reasons }) => reasons))],
      effective: Date.parse(effective),
      until: until === null ? null : Date.parse(until),
      statement: toldTo(revision.terms),
      appeal,
      exit: exitOf(revision, exits),
      told: told.map(({ moment, at, shown }) => ({ moment, at, shown })),
    });
  }
  return notices.sort((a, b) => (a.order < b.order ? -1 : 1));
}

function exitOf(revision: Revision, exits: ExitMemory['wiped']): Notice['exit'] {
  const until = exportsUntil(revision.terms);
  const wiped = exits.findLast(({ order }) => order === revision.order)?.at ?? null;
  if (until === null || (revision.status === 'withdrawn' && wiped === null)) return null;
  return { exportsUntil: until, approved: isExit(revision), wiped };
}
