/**
 * Exit: the phase of an order that wipes work data on the devices whose services the order denies. Users can first export their data
 * (export window); only then can approvers approve the exit. A wipe is irreversible, so it has stricter conditions than a denial. Server
 * and device run the same code.
 */
import { type OrderAreas, relate } from '../areas/coverage.ts';
import { CordonError } from '../errors.ts';
import type { Instant } from '../time/clock.ts';
import type { Location, OrderRule, Reason, Verdict } from '../verdict/terms.ts';
import type { OrderTerms, Revision } from './documents.ts';

type ExitTerms = Pick<OrderTerms, 'mode' | 'effective' | 'exportWindow'>;

/** Returns the length of the time in which users can export data before a wipe, in milliseconds; null if the terms allow no wipe. */
function windowOf({ mode, exportWindow }: ExitTerms): number | null {
  if (mode !== 'exit' || exportWindow === undefined) return null;
  return Temporal.Duration.from(exportWindow).total('milliseconds');
}

/**
 * Returns the end of the time in which users can export data; null if the terms allow no wipe. Afterward, an exit (wipe of work data on the
 * affected devices) can be proposed.
 */
export function exportsUntil(terms: ExitTerms): Instant | null {
  const window = windowOf(terms);
  return window === null ? null : Date.parse(terms.effective) + window;
}

/**
 * Checks that the order's terms allow an exit (wipe of work data on the affected devices) at the given time. Throws `exit_not_stated` if
 * the terms include no exit, and `exit_too_early` before the end of the export window.
 */
export function requireExit(terms: ExitTerms, at: Instant): void {
  const until = exportsUntil(terms);
  if (until === null) {
    throw new CordonError(
      'exit_not_stated',
      'The order’s terms have no exit and no export window. Revise the terms first.',
    );
  }
  if (at < until) {
    const when = new Date(until).toISOString();
    throw new CordonError('exit_too_early', `Users can export data until ${when}. Propose the exit after that time.`, {
      until: when,
    });
  }
}

export const isExit = ({ action, status }: Pick<Revision, 'action' | 'status'>): boolean =>
  action === 'exit' && status === 'active';

/** Whether an order denies a service because of the device's home area or legal seat, which do not depend on the device's location. */
export const hasHomeOrSeatReason = (reasons: readonly Reason[]): boolean =>
  reasons.includes('home') || reasons.includes('seat');

/**
 * Returns whether an order certainly denies a service to the device, as an irreversible wipe requires; null if the order denies nothing. A
 * denial by home area or legal seat is certain. A denial by location is certain if an exact position, or two sources, place the device
 * inside the order's areas.
 */
export function denialBy(
  rule: OrderAreas & Pick<OrderRule, 'order'>,
  { services }: Pick<Verdict, 'services'>,
  { certainty, areas }: Pick<Location, 'certainty' | 'areas'>,
): { readonly certain: boolean } | null {
  const { order } = rule;
  const reasons = Object.values(services).flatMap(({ denials }) =>
    denials.filter((denial) => denial.order === order).flatMap((denial) => denial.reasons),
  );
  if (reasons.length === 0) return null;
  const there = reasons.includes('present') || reasons.includes('network');
  // Mobile networks reach across borders: a device outside the area may use a network inside it.
  return {
    certain: hasHomeOrSeatReason(reasons) || (there && certainty === 'certain' && relate(areas, rule) === 'inside'),
  };
}

export const EXIT_STATES = ['due', 'legal hold', 'uncertain', 'window', 'stale'] as const;
/**
 * State of an exit on one device.
 * - `due`: the device must wipe now.
 * - `legal hold`: a legal hold keeps the data.
 * - `uncertain`: it is not certain that the order denies the device's services.
 * - `window`: users can still export data.
 * - `stale`: the device does not know whether the order is still valid.
 */
export type ExitState = (typeof EXIT_STATES)[number];

export function exitState(
  terms: ExitTerms,
  device: {
    readonly certain: boolean;
    /** Time since which the order has denied the device's services without interruption. */
    readonly deniedSince: Instant;
    readonly legalHold: boolean;
    /** Time at which the server signed the device's order list. The time does not depend on the device's clock. */
    readonly listIssued: Instant;
    readonly listExpired: boolean;
  },
): ExitState {
  if (device.legalHold) return 'legal hold';
  if (device.listExpired) return 'stale';
  if (!device.certain) return 'uncertain';
  const window = windowOf(terms);
  const begins = Math.max(Date.parse(terms.effective), device.deniedSince);
  return window === null || device.listIssued < begins + window ? 'window' : 'due';
}
