/**
 * The verdict: orders and what is known of one device → for each service allowed or denied, with every reason. Pure, the same code on
 * the server and on an offline device; `cases.json` says by example what is meant. For one order, service and instant, the first of
 * these that applies decides:
 *
 * 1. The order is not in force, or does not name the service: allowed, `no_order`.
 * 2. A valid exemption: allowed, `exempt`. One that has run out changes nothing, and `exemption_over` stands beside what denies.
 * 3. Ties, those that the order asks for: `network` (the serving network's areas all inside), `present` (location inside), `home` (home
 *    inside; with `travellers: allow` not while the location is outside: `traveller`), `seat` (seat inside).
 * 4. Only `present` or `network` ties, home outside, and now < arrival + grace: allowed, `visitor_grace`.
 * 5. Any tie: denied, each tie a reason.
 * 6. The order asks for `present` or `network` and the location is contested: the order's own rule, `contested`.
 * 7. The same, and the location is unknown: the order's own rule, `unknown`.
 * 8. Otherwise allowed, `no_order`.
 *
 * Several orders: denied if any denies. An order that is not in force costs a few comparisons; the location is worked out only when one is.
 */
import type { AreaCode } from '../areas/area-code.ts';
import { relate } from '../areas/coverage.ts';
import type { Instant } from '../time/clock.ts';
import { firstArrival, locationAt, nextLocationChange, settle } from './locate.ts';
import {
  type Denial,
  type DeviceFacts,
  type Location,
  type LocationState,
  type OrderRule,
  REASONS,
  type Reason,
  SERVICES,
  type Service,
  type ServiceVerdict,
  type Verdict,
} from './terms.ts';

const ALLOWED: ServiceVerdict = Object.freeze({
  allowed: true,
  denials: [],
  reasons: Object.freeze(['no_order'] as const),
});
const ALL_ALLOWED: Verdict['services'] = Object.freeze({
  enrolment: ALLOWED,
  management: ALLOWED,
  messaging: ALLOWED,
  mail: ALLOWED,
});

/** By the order's own terms. What a device does whose list has expired is `applies`. */
export function inForce(rule: OrderRule, now: Instant): boolean {
  return (
    rule.effective <= now &&
    (rule.until === null || now < rule.until) &&
    (rule.heldUntil === null || rule.heldUntil <= now) &&
    !rule.withdrawn
  );
}

/** Whether the order decides anything now, given that the device's list has expired or not. */
function applies(rule: OrderRule, now: Instant, stale: boolean): boolean {
  if (!stale || rule.stale === 'keep') return inForce(rule, now);
  // The device may not have heard of an end or a hold: it takes the order to be in force still.
  return rule.stale === 'deny' && rule.effective <= now && !rule.withdrawn;
}

export function evaluate(rules: readonly OrderRule[], facts: DeviceFacts, now: Instant): Verdict {
  const stale = facts.listExpires !== null && facts.listExpires <= now;
  const next = new Soonest(now);
  let situation: Situation | null = null;
  let services: Record<Service, Tally> | null = null;

  for (const rule of rules) {
    if (rule.withdrawn) continue;
    next.consider(rule.effective);
    next.consider(rule.until);
    next.consider(rule.heldUntil);
    if (rule.stale !== 'keep') next.consider(facts.listExpires);
    if (!applies(rule, now, stale)) continue;

    situation ??= situate(facts, now, next);
    const outcome = decide(rule, facts, situation, now, stale, next);
    if (outcome.all.length === 0) continue;
    services ??= { enrolment: new Tally(), management: new Tally(), messaging: new Tally(), mail: new Tally() };
    for (const service of rule.services) services[service].add(rule, outcome);
  }
  return { services: services ? verdicts(services) : ALL_ALLOWED, nextChange: next.value };
}

/** The earliest future instant of those considered. */
class Soonest {
  readonly #now: Instant;
  value: Instant | null = null;

  constructor(now: Instant) {
    this.#now = now;
  }

  consider(instant: Instant | null): void {
    if (instant === null || instant <= this.#now || instant === Number.POSITIVE_INFINITY) return;
    if (this.value === null || instant < this.value) this.value = instant;
  }
}

/** What every order is held against. Most devices are at home, on a network of home: what names one place is one array, and is related once. */
interface Situation {
  readonly state: LocationState;
  readonly here: Location['areas'];
  readonly served: Location['network'];
  readonly home: readonly AreaCode[] | null;
  readonly seat: readonly AreaCode[] | null;
}

function situate(facts: DeviceFacts, now: Instant, next: Soonest): Situation {
  const state = settle(facts.location, now);
  next.consider(nextLocationChange(state, now));
  const { areas: here, network } = locationAt(state, now);
  const sole = here.length === 1 ? here[0] : null;
  const placed = (area: AreaCode | null) => (area === null ? null : area === sole ? here : [area]);
  const served = network?.length === 1 && network[0] === sole ? here : network;
  return { state, here, served, home: placed(facts.home), seat: placed(facts.seat) };
}

interface Outcome {
  /** The reasons that deny; empty: allowed. */
  readonly denying: readonly Reason[];
  /** Every reason that applies. */
  readonly all: readonly Reason[];
}

const NOTHING: Outcome = { denying: [], all: [] };
const NO_EXEMPTIONS: DeviceFacts['exemptions'] = [];

/** Rules 2 to 8 for one order that applies (rule 1). */
function decide(
  rule: OrderRule,
  facts: DeviceFacts,
  situation: Situation,
  now: Instant,
  stale: boolean,
  next: Soonest,
): Outcome {
  const { nexus } = rule;
  const asksForPlace = nexus.has('present') || nexus.has('network');
  const { state, here } = situation;
  const where = here.length === 0 ? null : relate(here, rule);
  const related = (areas: readonly AreaCode[] | null) =>
    areas === null ? null : areas === here ? where : relate(areas, rule);
  const home = related(situation.home);
  const seat = related(situation.seat);
  const served = related(situation.served);

  // Most orders of a fleet in many countries have nothing to do with one device: no tie, no doubt, nothing to list.
  const exemptions = facts.exemptions.length > 0;
  if (where === 'outside' && home !== 'inside' && seat !== 'inside' && served !== 'inside' && !exemptions)
    return NOTHING;
  const all: Reason[] = [];

  // 2. An exemption, checked against the order's own commitments by whoever gathered the facts.
  const own = exemptions ? facts.exemptions.filter(({ order }) => order === rule.order) : NO_EXEMPTIONS;
  const exempt = own.some(({ until }) => until === null || now < until);
  if (exempt) all.push('exempt');
  for (const { until } of own) next.consider(until);

  // 3. Ties, those that the order asks for. No `travellers` rule adds one by itself.
  const present = nexus.has('present') && where === 'inside';
  const network = nexus.has('network') && served === 'inside';
  const traveller = nexus.has('home') && home === 'inside' && rule.travellers === 'allow' && where === 'outside';
  const ties: Reason[] = [];
  if (present) ties.push('present');
  if (network) ties.push('network');
  if (nexus.has('home') && home === 'inside' && !traveller) ties.push('home');
  if (nexus.has('seat') && seat === 'inside') ties.push('seat');

  // 4. A visitor: only here, and home is known to be elsewhere.
  let grace = false;
  const passing = ties.filter((tie) => tie === 'present' || tie === 'network');
  if (rule.visitors > 0 && home === 'outside' && ties.length > 0 && passing.length === ties.length) {
    const arrival = firstArrival(state, rule, passing, now);
    const ends = arrival === null ? now : arrival + rule.visitors;
    grace = now < ends;
    next.consider(ends);
  }

  // 6 and 7. A device whose list has expired under an order that says `deny` takes what it does not know for a tie.
  const harsh = stale && rule.stale === 'deny';
  const contested = asksForPlace && where === 'contested';
  const unknown = asksForPlace && where === null;
  const denying = [...ties];
  if (contested && (harsh || rule.contested === 'deny')) denying.push('contested');
  if (unknown && (harsh || rule.unknown === 'deny')) denying.push('unknown');

  // What has run out denies nothing by itself: it tells whoever is denied why they are so now.
  if (own.length > 0 && !exempt && !grace && denying.length > 0) {
    denying.push('exemption_over');
    all.push('exemption_over');
  }

  if (grace) all.push('visitor_grace');
  all.push(...ties);
  if (traveller) all.push('traveller');
  if (contested) all.push('contested');
  if (unknown) all.push('unknown');
  return { denying: exempt || grace ? [] : denying, all };
}

/** Gathers the orders' outcomes for one service. */
class Tally {
  readonly #denials: Denial[] = [];
  readonly #reasons = new Set<Reason>();

  add(rule: OrderRule, { denying, all }: Outcome): void {
    if (denying.length > 0) this.#denials.push({ order: rule.order, revision: rule.revision, reasons: denying });
    for (const reason of all) this.#reasons.add(reason);
  }

  verdict(): ServiceVerdict {
    if (this.#reasons.size === 0) return ALLOWED;
    const denials = this.#denials.sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0));
    return { allowed: denials.length === 0, denials, reasons: REASONS.filter((reason) => this.#reasons.has(reason)) };
  }
}

function verdicts(tallies: Record<Service, Tally>): Verdict['services'] {
  const services: Record<Service, ServiceVerdict> = { ...ALL_ALLOWED };
  for (const service of SERVICES) services[service] = tallies[service].verdict();
  return services;
}
