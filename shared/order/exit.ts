/**
 * An exit: the act of an order that leaves a country for good by which work data is destroyed on the devices that it denies. Two people approve it by
 * itself, once the order's export window is over, and any later revision takes it back wherever it has not been carried out. What cannot be undone asks
 * for more than a denial does. Pure, and the same on server and device.
 */
import { type Reach, relate } from '../areas/coverage.ts';
import { CordonError } from '../errors.ts';
import type { Instant } from '../time/clock.ts';
import type { Location, OrderRule, Reason, Verdict } from '../verdict/terms.ts';
import type { OrderTerms, Revision } from './documents.ts';

type ExitTerms = Pick<OrderTerms, 'mode' | 'effective' | 'exportWindow'>;

/** In milliseconds; null for an order that is not meant to end in an exit. */
function windowOf({ mode, exportWindow }: ExitTerms): number | null {
  if (mode !== 'exit' || exportWindow === undefined) return null;
  return Temporal.Duration.from(exportWindow).total('milliseconds');
}

/** Until when people can export before an exit can be proposed; null for an order that has none. */
export function exportsUntil(terms: ExitTerms): Instant | null {
  const window = windowOf(terms);
  return window === null ? null : Date.parse(terms.effective) + window;
}

/** Throws `exit_not_stated` or `exit_too_early` when terms like these allow no exit at that instant. */
export function requireExit(terms: ExitTerms, at: Instant): void {
  const until = exportsUntil(terms);
  if (until === null) {
    throw new CordonError(
      'exit_not_stated',
      'The order does not say that it ends in an exit, and after which export window: change it so first.',
    );
  }
  if (at < until) {
    const when = new Date(until).toISOString();
    throw new CordonError('exit_too_early', `People can export until ${when}: propose the exit then.`, { until: when });
  }
}

export const isExit = ({ act, status }: Pick<Revision, 'act' | 'status'>): boolean =>
  act === 'exit' && status === 'active';

/** A device belongs to a place by what its records say, wherever it may be. */
export const belongs = (reasons: readonly Reason[]): boolean => reasons.includes('home') || reasons.includes('seat');

/**
 * Whether the order denies this device something, and nothing is in doubt: by where it belongs, or by where it is as its position or two sources say.
 * Null: it denies nothing.
 */
export function denialBy(
  rule: Reach & Pick<OrderRule, 'order'>,
  { services }: Pick<Verdict, 'services'>,
  { certainty, areas }: Pick<Location, 'certainty' | 'areas'>,
): { readonly certain: boolean } | null {
  const { order } = rule;
  const reasons = Object.values(services).flatMap(({ denials }) =>
    denials.filter((denial) => denial.order === order).flatMap((denial) => denial.reasons),
  );
  if (reasons.length === 0) return null;
  const there = reasons.includes('present') || reasons.includes('network');
  // A network reaches across a border: a device that is certainly elsewhere can be on one that is inside.
  return { certain: belongs(reasons) || (there && certainty === 'certain' && relate(areas, rule) === 'inside') };
}

export const EXIT_STANDINGS = ['due', 'hold', 'uncertain', 'window', 'stale'] as const;
/**
 * due: the wipe is carried out now. hold: a legal hold keeps what is there. uncertain: the denial may be mistaken. window: this device has not had its
 * window yet. stale: the device does not know whether the order still stands.
 */
export type ExitStanding = (typeof EXIT_STANDINGS)[number];

/** What an exit asks of one device that its order denies. */
export function exitStanding(
  terms: ExitTerms,
  device: {
    readonly certain: boolean;
    /** Since when the order has denied it without a break. */
    readonly deniedSince: Instant;
    readonly hold: boolean;
    /** When the list that it holds was made: a signed time, which no clock of its own can run ahead of; and whether that list has expired. */
    readonly listIssued: Instant;
    readonly listExpired: boolean;
  },
): ExitStanding {
  if (device.hold) return 'hold';
  if (device.listExpired) return 'stale';
  if (!device.certain) return 'uncertain';
  const window = windowOf(terms);
  const begins = Math.max(Date.parse(terms.effective), device.deniedSince);
  return window === null || device.listIssued < begins + window ? 'window' : 'due';
}
