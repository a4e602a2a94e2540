/**
 * What an order is to one device: whether it would be denied something, and why or why not. Pure; the verdict is `shared/verdict`'s.
 *
 * A look ahead takes every device to stay where it is. Nobody knows where it will be, and letting its evidence age until then would say of
 * nearly all that they are nowhere: a device that lives renews its evidence every day, and the address of one that is connected does not age.
 * The word of an admin that runs out meanwhile is kept too, since what would be observed in its place is not known. What is known to end ends:
 * a visitor's grace and an exemption that will have run out by then are gone.
 */
import type { ImpactChange, ImpactClass } from '../../shared/api/orders.ts';
import type { AreaCode } from '../../shared/areas/area-code.ts';
import { relate } from '../../shared/areas/coverage.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { evaluate } from '../../shared/verdict/evaluate.ts';
import { locationAt, settle } from '../../shared/verdict/locate.ts';
import { type LocationState, type OrderRule, type Reason, SERVICES, type Service } from '../../shared/verdict/terms.ts';
import type { PlaceFacts } from './ports.ts';

export interface Impact {
  /** Empty: the order is nothing to it. */
  readonly classes: readonly ImpactClass[];
  readonly denied: readonly Service[];
  readonly reasons: readonly Reason[];
  readonly areas: readonly AreaCode[];
  /** When its exemption runs out, or ran out by then; null: it has none, or one without an end. */
  readonly exemptUntil: Instant | null;
}

/** What is known of a device now. */
export interface Known {
  readonly place: PlaceFacts;
  readonly connected: boolean;
  /** It holds a list in which the revision stands. */
  readonly holdsList: boolean;
  /** It has said, signed, that it holds a list in which some revision of the order stands. */
  readonly informed: boolean;
}

export interface Subject extends Known {
  /** Its exemptions from this order. */
  readonly exemptions: readonly { readonly until: Instant | null }[];
}

/** What a revision says of a device otherwise than the one that it is held against. */
export interface Change {
  /** `in`: denied by this one alone. `out`: by the other alone. `changed`: other services or other reasons, denied or not. */
  readonly kind: ImpactChange;
  /** By the other. */
  readonly before: Pick<Impact, 'denied' | 'reasons'>;
}

export interface Moments {
  readonly now: Instant;
  /** For when it is judged: `now` or later. */
  readonly at: Instant;
}

export function asksForPlace({ nexus }: Pick<OrderRule, 'nexus'>): boolean {
  return nexus.has('present') || nexus.has('network');
}

/** The order as if it were in force at `at`, whatever its times and its state are. */
export function inForceAt(rule: OrderRule, at: Instant): OrderRule {
  return { ...rule, effective: at, until: null, heldUntil: null, withdrawn: false };
}

/** Whom to look at: those whom the order may deny something, and those at home in its place or of whom nobody knows whether they are in it. */
export function widened(rule: OrderRule): OrderRule {
  return { ...rule, nexus: new Set([...rule.nexus, 'home']), unknown: asksForPlace(rule) ? 'deny' : rule.unknown };
}

/** The location as it is now, with nothing left in it that time could change. */
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
 * All that these orders look at of a device that is exempt from none: they are the same to whoever is alike. Null for whom the time of its arrival
 * may count as well, a visitor with grace.
 */
export function likenessOf(rules: readonly OrderRule[], known: Known, now: Instant): string | null {
  const { place, connected, holdsList, informed } = known;
  const { home, seat, location } = place;
  if (home !== null && rules.some((rule) => rule.visitors > 0 && relate([home], rule) === 'outside')) return null;
  const { areas, network } = locationAt(location, now);
  return [home, seat, areas, network, connected, holdsList, informed].join(' ');
}

/** `rule` as `inForceAt` gives it. */
export function impactOn(rule: OrderRule, subject: Subject, { now, at }: Moments): Impact {
  const { exemptions, connected, holdsList, informed } = subject;
  const { home, seat } = subject.place;
  const settled = settle(subject.place.location, now);
  const { areas, network } = locationAt(settled, now);
  const location = frozen(settled, network !== null, at);
  const exempted = exemptions.map(({ until }) => ({ order: rule.order, until }));
  const { services } = evaluate([rule], { home, seat, location, exemptions: exempted, listExpires: null }, at);
  const denied = SERVICES.filter((service) => !services[service].allowed);
  // One order says the same of all that it names.
  const [named] = rule.services;
  const reasons = named === undefined ? [] : services[named].reasons.filter((reason) => reason !== 'no_order');

  const byPlace = asksForPlace(rule);
  const where = areas.length === 0 ? null : relate(areas, rule);
  const served = network === null ? null : relate(network, rule);
  const belongs = home === null ? null : relate([home], rule);
  const here = where === 'inside' || (rule.nexus.has('network') && served === 'inside');
  const classes: ImpactClass[] = [];
  if (denied.length > 0) classes.push('denied');
  if (byPlace && where === 'contested') classes.push('borderline');
  if (byPlace && where === null) classes.push('unknown');
  if (byPlace && here && belongs === 'outside') classes.push('visiting');
  if (belongs === 'inside' && where === 'outside') classes.push('travelling');
  if (exemptions.some(({ until }) => until === null || at < until)) classes.push('exempt');
  if (denied.length > 0 && !connected) classes.push(holdsList ? 'offline_current' : 'offline_behind');
  if (denied.length > 0 && !informed) classes.push('uninformed');
  return { classes, denied, reasons, areas, exemptUntil: endOf(exemptions) };
}

/** The last end of several exemptions; null where one has none, or there is none. */
export function endOf(exemptions: readonly { readonly until: Instant | null }[]): Instant | null {
  const ends = exemptions.map(({ until }) => until ?? Number.POSITIVE_INFINITY);
  const last = Math.max(...ends);
  return Number.isFinite(last) ? last : null;
}

/** Null: the two say the same. A revision that is withdrawn or held denies nothing, whatever it would deny were it in force. */
export function changeOf(before: Ruled, after: Ruled): Change | null {
  const was = effectOf(before);
  const is = effectOf(after);
  const [denied, denies] = [was.denied.length > 0, is.denied.length > 0];
  if (denied !== denies) return { kind: denies ? 'in' : 'out', before: was };
  return same(was.denied, is.denied) && same(was.reasons, is.reasons) ? null : { kind: 'changed', before: was };
}

export interface Ruled {
  readonly rule: Pick<OrderRule, 'withdrawn' | 'heldUntil'>;
  readonly impact: Pick<Impact, 'denied' | 'reasons'>;
}

function effectOf({ rule, impact: { denied, reasons } }: Ruled): Change['before'] {
  return rule.withdrawn || rule.heldUntil !== null ? { denied: [], reasons: [] } : { denied, reasons };
}

function same(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index]);
}
