/**
 * The impact of an order on one device: the services that it would deny, and the reasons. Pure. An impact preview assumes that each device
 * stays where it is, because its future location is unknown. It keeps the present evidence valid: otherwise nearly all locations would be
 * unknown by then, although working devices renew their evidence daily. It also keeps a location statement that ends before then. A grace
 * period and an exemption that end before then are over.
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
  /** Empty if the order does not concern the device. */
  readonly classes: readonly ImpactClass[];
  readonly denied: readonly Service[];
  readonly reasons: readonly Reason[];
  readonly areas: readonly EvidenceArea[];
  /** End of the last exemption, which may be in the past. Null without an exemption, or for one without an end. */
  readonly exemptUntil: Instant | null;
}

export interface Known {
  readonly facts: LocationFacts;
  readonly connected: boolean;
  /** True if the device has a list that contains the revision. */
  readonly holdsList: boolean;
  /** True if a signed receipt proves that the device has a list with any revision of the order. */
  readonly delivered: boolean;
}

export interface Subject extends Known {
  readonly exemptions: readonly { readonly until: Instant | null }[];
}

export interface Change {
  /**
   * `newly_affected`: only the newer revision denies a service. `no_longer_affected`: only the older one does. `changed`: services or
   * reasons differ.
   */
  readonly kind: ImpactChange;
  /** Impact of the revision that the comparison starts from. */
  readonly before: Pick<Impact, 'denied' | 'reasons'>;
}

export interface Moments {
  readonly now: Instant;
  /** Time of the impact: `now` or later. */
  readonly at: Instant;
}

export function asksForLocation({ nexus }: Pick<OrderRule, 'nexus'>): boolean {
  return nexus.has('present') || nexus.has('network');
}

/** The order as if it were active at `at`, regardless of its times and its state. */
export function inForceAt(rule: OrderRule, at: Instant): OrderRule {
  return { ...rule, effective: at, until: null, pausedUntil: null, withdrawn: false };
}

/** A rule that also finds devices at home in the order's areas, and devices with an unknown location. */
export function widened(rule: OrderRule): OrderRule {
  return { ...rule, nexus: new Set([...rule.nexus, 'home']), unknown: asksForLocation(rule) ? 'deny' : rule.unknown };
}

/** The present location without anything that time alone could change. */
function frozen(settled: LocationState, served: boolean, at: Instant): LocationState {
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
 * A key of all facts about a device without exemptions that these orders evaluate. Devices with the same key have the same impact. Null for
 * a visitor with a grace period, whose arrival time may count as well.
 */
export function likenessOf(rules: readonly OrderRule[], known: Known, now: Instant): string | null {
  const { facts, connected, holdsList, delivered } = known;
  const { home, seat, location } = facts;
  if (home !== null && rules.some((rule) => rule.visitors > 0 && relate([home], rule) === 'outside')) return null;
  const { areas, network } = locationAt(location, now);
  return [home, seat, areas, network, connected, holdsList, delivered].join(' ');
}

/** `rule`: the result of `inForceAt`. */
export function impactOn(rule: OrderRule, subject: Subject, { now, at }: Moments): Impact {
  const { exemptions, connected, holdsList, delivered } = subject;
  const { home, seat } = subject.facts;
  const settled = settle(subject.facts.location, now);
  const { areas, network } = locationAt(settled, now);
  const location = frozen(settled, network !== null, at);
  const exempted = exemptions.map(({ until }) => ({ order: rule.order, until }));
  const { services } = evaluate([rule], { home, seat, location, exemptions: exempted, listExpires: null }, at);
  const denied = SERVICES.filter((service) => !services[service].allowed);
  // One order has the same verdict for all its services.
  const [named] = rule.services;
  const reasons = named === undefined ? [] : services[named].reasons.filter((reason) => reason !== 'no_order');

  const byLocation = asksForLocation(rule);
  const where = areas.length === 0 ? null : relate(areas, rule);
  const served = network === null ? null : relate(network, rule);
  const belongs = home === null ? null : relate([home], rule);
  const here = where === 'inside' || (rule.nexus.has('network') && served === 'inside');
  const classes: ImpactClass[] = [];
  if (denied.length > 0) classes.push('denied');
  if (byLocation && where === 'contested') classes.push('borderline');
  if (byLocation && where === null) classes.push('unknown');
  if (byLocation && here && belongs === 'outside') classes.push('visiting');
  if (belongs === 'inside' && where === 'outside') classes.push('traveling');
  if (exemptions.some(({ until }) => until === null || at < until)) classes.push('exempt');
  if (denied.length > 0 && !connected) classes.push(holdsList ? 'offline_current' : 'offline_behind');
  if (denied.length > 0 && !delivered) classes.push('undelivered');
  return { classes, denied, reasons, areas, exemptUntil: endOf(exemptions) };
}

/** The last end among exemptions. Null without exemptions, or if one has no end. */
export function endOf(exemptions: readonly { readonly until: Instant | null }[]): Instant | null {
  const ends = exemptions.map(({ until }) => until ?? Number.POSITIVE_INFINITY);
  const last = Math.max(...ends);
  return Number.isFinite(last) ? last : null;
}

/** Null if there is no difference. A withdrawn or paused revision denies nothing. */
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
