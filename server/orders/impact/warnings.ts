/** Warnings for proposers and approvers about the effect of an order. The functions are pure. A warning never blocks an action. */
import type { WARNINGS } from '../../../shared/api/order-preview.ts';
import { stateOf } from '../../../shared/order/action-outcomes.ts';
import { briefPauseEnds } from '../../../shared/order/adoption-state.ts';
import type { OrderAction, Revision } from '../../../shared/order/documents.ts';
import type { AcceptedRevision } from '../../../shared/order/verify-list.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { OrderRule } from '../../../shared/verdict/terms.ts';
import { requiresLocation } from './device-impact.ts';
import { countsOf, sizeOf } from './impact-counts.ts';
import type { OverridingStatement } from './location-statements.ts';
import type { RehearsalResult } from './rehearsal.ts';

export interface Warning {
  readonly code: (typeof WARNINGS)[number];
  readonly detail: string;
  /** Number of devices that the warning concerns; null if the warning is not about devices. */
  readonly devices: number | null;
}

/**
 * Warnings about the devices that an order affects. An order that affects more than `largeShare` percent of all devices causes a warning.
 */
export function warningsOf(
  { action, status }: { readonly action: OrderAction; readonly status: Revision['status'] },
  rule: Pick<OrderRule, 'services' | 'nexus' | 'unknown'>,
  { sets, fleet, ofApprovers }: Pick<RehearsalResult, 'sets' | 'fleet' | 'ofApprovers'>,
  largeShare: number,
): Warning[] {
  // A withdrawal or pause needs no warnings, because it suspends nothing. Other revisions of a paused order need warnings, because a
  // one-person pause expires and the order then suspends services again.
  if (status === 'withdrawn' || action === 'pause') return [];
  const { denied } = countsOf(sets);
  if (action === 'exit') {
    // An exit needs only the warning about wiped data, because proposers and approvers saw the order's other warnings before.
    const detail = `Once approved, the exit wipes work data on devices that the order certainly blocks, ${denied} at most now, and destroys their messages on the server. It cannot be undone.`;
    return [{ code: 'wipes_data', detail, devices: denied }];
  }
  const warnings: Warning[] = [];
  if (rule.services.has('management')) {
    warnings.push({
      code: 'names_management',
      detail: `The order suspends management: the server could send only the order list to ${inWords(denied)}, and could not lock or wipe them.`,
      devices: denied,
    });
  }
  if (rule.services.has('enrollment')) {
    const detail = "The order suspends enrollment: no device can enroll in the order's areas while it is active.";
    warnings.push({ code: 'names_enrollment', detail, devices: null });
  }
  if (ofApprovers > 0) {
    warnings.push({
      code: 'affects_approver',
      detail: `The order blocks ${inWords(ofApprovers)} enrolled under the name of an approver.`,
      devices: ofApprovers,
    });
  }
  if (fleet > 0 && denied * 100 > fleet * largeShare) {
    const share = Math.round((denied * 1000) / fleet) / 10;
    const detail = `The order blocks ${share} % of the fleet (${denied} of ${fleet}). This installation warns above ${largeShare} %.`;
    warnings.push({ code: 'large_share', detail, devices: denied });
  }
  if (rule.unknown === 'deny' && requiresLocation(rule)) {
    const unknown = sizeOf(sets.filter((set) => set.denied.length > 0 && set.classes.includes('unknown')));
    warnings.push({
      code: 'denies_unknown',
      detail: `The order blocks devices at an unknown location, wherever they are: ${inWords(unknown)} now.`,
      devices: unknown,
    });
  }
  return warnings;
}

/**
 * Warning about a revision of an order that one person has paused. If two people approve the revision, the order remains paused without an
 * end, which approvers may not expect.
 */
export function pauseWarnings(
  { action, status, previous }: Pick<Revision, 'action' | 'status' | 'previous'>,
  base: Pick<AcceptedRevision, 'revision' | 'digest' | 'permanentPause'> | undefined,
  now: Instant,
): Warning[] {
  if (status !== 'paused' || action === 'pause' || base?.digest !== previous) return [];
  const end = base.permanentPause ? null : briefPauseEnds(base.revision);
  if (end === null || stateOf(base, now) !== 'paused') return [];
  const until = new Date(end).toISOString();
  const detail = `One person paused the order, and this pause ends at ${until}. If this revision is approved, the pause has no end: only two people can resume the order.`;
  return [{ code: 'pause_without_end', detail, devices: null }];
}

export function statementWarnings(statements: readonly Pick<OverridingStatement, 'effect' | 'statement'>[]): Warning[] {
  if (statements.length === 0) return [];
  const released = statements.filter(({ effect }) => effect.released.length > 0).length;
  const unconfirmedCount = statements.filter(({ statement }) => statement.confirmedBy === null).length;
  const unconfirmed =
    unconfirmedCount === 0
      ? ''
      : ` No second person confirmed ${unconfirmedCount === 1 ? '1 statement' : `${unconfirmedCount} statements`}.`;
  const detail = `Admins' location statements release ${inWords(released)} from the order and bring ${inWords(statements.length - released)} under it.${unconfirmed} The page of the order lists them.`;
  return [{ code: 'location_statements', detail, devices: statements.length }];
}

function inWords(count: number): string {
  return count === 1 ? '1 device' : `${count} devices`;
}
