/**
 * Denials in red before they happen: what whoever proposes an order and whoever signs it should see before they do. Pure. Warnings keep nobody
 * from anything.
 */
import type { WARNINGS } from '../../shared/api/orders.ts';
import { stateOf } from '../../shared/order/acts.ts';
import type { OrderAct, Revision } from '../../shared/order/documents.ts';
import { briefHoldEnds } from '../../shared/order/standing.ts';
import type { AcceptedRevision } from '../../shared/order/verify-list.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import { asksForPlace } from './impact.ts';
import { countsOf, type Rehearsed, sizeOf } from './rehearsal.ts';

export interface Warning {
  readonly code: (typeof WARNINGS)[number];
  readonly detail: string;
  /** How many devices; null where counting says nothing. */
  readonly devices: number | null;
}

/** `largeShare`: percent of the fleet. */
export function warningsOf(
  { act, status }: { readonly act: OrderAct; readonly status: Revision['status'] },
  rule: Pick<OrderRule, 'services' | 'nexus' | 'unknown'>,
  { sets, fleet, ofApprovers }: Pick<Rehearsed, 'sets' | 'fleet' | 'ofApprovers'>,
  largeShare: number,
): Warning[] {
  // What lifts denials needs no red. A revision of what is held does: a hold by one person lapses by itself.
  if (status === 'withdrawn' || act === 'hold') return [];
  const { denied } = countsOf(sets);
  if (act === 'exit') {
    // Of the order itself they were warned when it was proposed.
    const detail = `Once approved, work data is wiped on devices that the order surely denies service, ${denied} at most now, and what is held for them is destroyed. It cannot be undone.`;
    return [{ code: 'destroys', detail, devices: denied }];
  }
  const warnings: Warning[] = [];
  if (rule.services.has('management')) {
    warnings.push({
      code: 'names_management',
      detail: `The order denies management: ${inWords(denied)} could not be locked, wiped or told anything but the order list.`,
      devices: denied,
    });
  }
  if (rule.services.has('enrolment')) {
    const detail = "The order denies enrolment: nobody could enrol a device in the order's areas while it is in force.";
    warnings.push({ code: 'names_enrolment', detail, devices: null });
  }
  if (ofApprovers > 0) {
    warnings.push({
      code: 'reaches_approver',
      detail: `The order denies service to ${inWords(ofApprovers)} enrolled for the name of somebody who approves orders.`,
      devices: ofApprovers,
    });
  }
  if (fleet > 0 && denied * 100 > fleet * largeShare) {
    const share = Math.round((denied * 1000) / fleet) / 10;
    const detail = `The order denies service to ${share} % of the fleet (${denied} of ${fleet}), more than the ${largeShare} % at which this installation warns.`;
    warnings.push({ code: 'large_share', detail, devices: denied });
  }
  if (rule.unknown === 'deny' && asksForPlace(rule)) {
    const nowhere = sizeOf(sets.filter((set) => set.denied.length > 0 && set.classes.includes('unknown')));
    warnings.push({
      code: 'denies_unknown',
      detail: `The order denies devices whose place nobody knows, wherever they are: ${inWords(nowhere)} now.`,
      devices: nowhere,
    });
  }
  return warnings;
}

/** Of a change of what one person holds: two people stand behind it, and so behind the hold, which they may not have meant. */
export function holdWarnings(
  { act, status, previous }: Pick<Revision, 'act' | 'status' | 'previous'>,
  base: Pick<AcceptedRevision, 'revision' | 'digest' | 'lasting'> | undefined,
  now: Instant,
): Warning[] {
  if (status !== 'held' || act === 'hold' || base?.digest !== previous) return [];
  const lapses = base.lasting ? null : briefHoldEnds(base.revision);
  if (lapses === null || stateOf(base, now) !== 'held') return [];
  const until = new Date(lapses).toISOString();
  const detail = `The order is on hold by one person alone, which would lapse at ${until}. Once this is approved the hold does not lapse: it lasts until two people release it.`;
  return [{ code: 'hold_lasts', detail, devices: null }];
}

function inWords(count: number): string {
  return count === 1 ? '1 device' : `${count} devices`;
}
