/**
 * Impact of an order on one device: the services that the order would deny, and the reasons. The functions are pure. An impact preview
 * assumes that the device does not move:
 * - Current location evidence remains valid, because working devices renew it daily.
 * - A location statement remains valid, even if it ends before the order takes effect.
 * - Grace periods and exemptions end at their own times.
 */
import type { ImpactChange, ImpactClass } from '../../../shared/api/impact-classes.ts';
import type { EvidenceArea } from '../../../shared/areas/area-code.ts';
import { relate } from '../../../shared/areas/coverage.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import { evaluate } from '../../../shared/verdict/evaluate.ts';
import { locationAt, settle } from '../../../shared/verdict/locate.ts';
import {
  type LocationState,
  type OrderRule,
  type Reason,
  SERVICES,
  type Service,
} from '../../../shared/verdict/terms.ts';
import type { LocationFacts } from '../ports.ts';

export interface Impact {
  readonly classes: readonly ImpactClass[];
  readonly denied: readonly Service[];
  readonly reasons: readonly Reason[];
  readonly areas: readonly EvidenceArea[];
  /**
   * Latest end of the device's exemptions from an order. This time may be in the past. Null if there is no exemption, or if one exemption
   * has no end.
   */
  readonly exemptUntil: Instant | null;
}

export interface Known {
  readonly facts: LocationFacts;
  readonly connected: boolean;
  readonly hasCurrentList: boolean;
  /** True if a device's signed receipt proves that the device received at least one revision of an order. */
  readonly delivered: boolean;
}

export interface Subject extends Known {
  readonly exemptions: readonly { readonly until: Instant | null }[];
}

export interface Change {
  /**
   * Difference between two revisions for one device.
   * - `newly_affected`: only the newer revision denies a service.
   * - `no_longer_affected`: only the older revision denies a service.
   * - `changed`: both revisions deny services, but different services or for different reasons.
   */
  readonly kind: ImpactChange;
  readonly before: Pick<Impact, 'denied' | 'reasons'>;
}

export interface Moments {
  readonly now: Instant;
  /** Time for which the impact is computed: `now` or later. */
  readonly at: Instant;
}

export function requiresLocation({ nexus }: Pick<OrderRule, 'nexus'>): boolean {
  return nexus.has('present') || nexus.has('network');
}

/** Copies the rule of an order as if the order were active at the given time, regardless of its own times and state. */
export function activeAt(rule: OrderRule, at: Instant): OrderRule {
  return { ...rule, effective: at, until: null, pausedUntil: null, withdrawn: false };
}

/**
 * Copies an order's rule and widens the copy to devices with their home in the order's areas. For an order about locations, the copy also
 * includes devices with an unknown location. Impact previews need the copy, because they list all these devices even if the order suspends
 * no service for them.
 */
export function widenRule(rule: OrderRule): OrderRule {
  return { ...rule, nexus: new Set([...rule.nexus, 'home']), unknown: requiresLocation(rule) ? 'deny' : rule.unknown };
}

/** Copies the device's current location without its expiry, because an impact preview assumes that the device does not move. */
function withoutExpiry(settled: LocationState, served: boolean, at: Instant): LocationState {
  const { network } = settled.sightings;
  return {
    ...settled,
    at,
    before: null,
    pending: null,
    sightings: served && network ? { network: { ...network, at } } : {},
  };
}

/**
 * Key that is equal for devices with equal impact, apart from exemptions. Null if an order has a grace period for visitors and the device
 * may be a visitor, because the impact then also depends on the arrival time.
 */
export function impactKey(rules: readonly OrderRule[], known: Known, now: Instant): string | null {
  const { facts, connected, hasCurrentList, delivered } = known;
  const { home, seat, location } = facts;
  if (home !== null && rules.some((rule) => rule.visitors > 0 && relate([home], rule) === 'outside')) return null;
  const { areas, network } = locationAt(location, now);
  return [home, seat, areas, network, connected, hasCurrentList, delivered].join(' ');
}

/**
 * Returns the impact of an order on one device. `rule` must be a copy that `activeAt` has made, in which the order is active at the time
 * `at`.
 */
export function impactOn(rule: OrderRule, subject: Subject, { now, at }: Moments): Impact {
  const { exemptions, connected, hasCurrentList, delivered } = subject;
  const { home, seat } = subject.facts;
  const settled = settle(subject.facts.location, now);
  const { areas, network } = locationAt(settled, now);
  const location = withoutExpiry(settled, network !== null, at);
  const exempted = exemptions.map(({ until }) => ({ order: rule.order, until }));
  const { services } = evaluate([rule], { home, seat, location, exemptions: exempted, listExpires: null }, at);
  const denied = SERVICES.filter((service) => !services[service].allowed);
  // Reading the verdict for one service is enough, because an order gives the same verdict for all its services.
  const [named] = rule.services;
  const reasons = named === undefined ? [] : services[named].reasons.filter((reason) => reason !== 'no_order');

  const byLocation = requiresLocation(rule);
  const where = areas.length === 0 ? null : relate(areas, rule);
  const served = network === null ? null : relate(network, rule);
  const belongs = home === null ? null : relate([home], rule);
  const isPresent = where === 'inside' || (rule.nexus.has('network') && served === 'inside');
  const classes: ImpactClass[] = [];
  if (denied.length > 0) classes.push('denied');
  if (byLocation && where === 'contested') classes.push('borderline');
  if (byLocation && where === null) classes.push('unknown');
  if (byLocation && isPresent && belongs === 'outside') classes.push('visiting');
  if (belongs === 'inside' && where === 'outside') classes.push('traveling');
  if (exemptions.some(({ until }) => until === null || at < until)) classes.push('exempt');
  if (denied.length > 0 && !connected) classes.push(hasCurrentList ? 'offline_current' : 'offline_behind');
  if (denied.length > 0 && !delivered) classes.push('undelivered');
  return { classes, denied, reasons, areas, exemptUntil: endOf(exemptions) };
}

export function endOf(exemptions: readonly { readonly until: Instant | null }[]): Instant | null {
  const ends = exemptions.map(({ until }) => until ?? Number.POSITIVE_INFINITY);
  const last = Math.max(...ends);
  return Number.isFinite(last) ? last : null;
}

/**
 * Difference between the impact of two revisions on one device; null if there is none. A withdrawn or paused revision denies no service.
 */
export function changeOf(before: Ruled, after: Ruled): Change | null {
  const was = effectOf(before);
  const is = effectOf(after);
  const [denied, denies] = [was.denied.length > 0, is.denied.length > 0];
  if (denied !== denies) return { kind: denies ? 'newly_affected' : 'no_longer_affected', before: was };
  return same(was.denied, is.denied) && same(was.reasons, is.reasons) ? null : { kind: 'changed', before: was };
}

export interface Ruled {
  readonly rule: Pick<OrderRule, 'withdrawn' | 'pausedUntil'>;
  readonly impact: Pick<Impact, 'denied' | 'reasons'>;
}

function effectOf({ rule, impact: { denied, reasons } }: Ruled): Change['before'] {
  return rule.withdrawn || rule.pausedUntil !== null ? { denied: [], reasons: [] } : { denied, reasons };
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}
