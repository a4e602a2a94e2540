/**
 * Verdict: computes a decision for each service, with all reasons, from the orders and from the location, home area, legal seat and
 * exemptions of one device. The server and an offline device run the same code; `cases.json` has examples. For one order, service and time,
 * the first applicable rule decides:
 *
 * 1. The order is not active, or does not name the service: allowed, `no_order`.
 * 2. The device has a valid exemption: allowed, `exempt`. An expired exemption changes nothing, but a denial then also has the reason
 * `exemption_over`.
 * 3. The connections (nexus) that the order requires are determined: `network` (all areas of the serving network are inside), `present`
 * (the location is inside), `home` (the home area is inside), `seat` (the legal seat is inside). With `travelers: allow`, `home` does not
 * apply while the location is outside: `traveler`.
 * 4. Only `present` or `network` apply, the home area is outside, and the grace period after the arrival has not ended: allowed,
 * `visitor_grace`.
 * 5. At least one required connection applies: denied, with each connection as a reason.
 * 6. The order requires `present` or `network`, and the location is contested: the order's rule decides, `contested`.
 * 7. The order requires `present` or `network`, and the location is unknown: the order's rule decides, `unknown`.
 * 8. Otherwise: allowed, `no_order`.
 *
 * With several orders, a service is denied if any order denies it. An inactive order costs only a few comparisons, because the location is
 * determined only if an order is active.
 */
import type { EvidenceArea, HomeArea } from '../areas/area-code.ts';
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
  enrollment: ALLOWED,
  management: ALLOWED,
  messaging: ALLOWED,
  mail: ALLOWED,
});

/**
 * Checks whether an order is active at a time by its own terms. This function ignores the expiry of the order list. `applies` considers the
 * expiry, because a device with an expired list may lack a newer revision of the order.
 */
export function inForce(rule: OrderRule, now: Instant): boolean {
  return (
    rule.effective <= now &&
    (rule.until === null || now < rule.until) &&
    (rule.pausedUntil === null || rule.pausedUntil <= now) &&
    !rule.withdrawn
  );
}

function applies(rule: OrderRule, now: Instant, stale: boolean): boolean {
  if (!stale || rule.stale === 'keep') return inForce(rule, now);
  // A device with an expired order list may have missed the end or a pause of the order. The stale rule `deny` therefore keeps the order
  // active.
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
    next.consider(rule.pausedUntil);
    if (rule.stale !== 'keep') next.consider(facts.listExpires);
    if (!applies(rule, now, stale)) continue;

    situation ??= situate(facts, now, next);
    const outcome = decide(rule, facts, situation, now, stale, next);
    if (outcome.all.length === 0) continue;
    services ??= { enrollment: new Tally(), management: new Tally(), messaging: new Tally(), mail: new Tally() };
    for (const service of rule.services) services[service].add(rule, outcome);
  }
  return { services: services ? verdicts(services) : ALL_ALLOWED, nextChange: next.value };
}

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

/**
 * Data of the device that is compared with every order. Most devices are at home on a home network, so equal lists of areas share one
 * array, which is compared only once.
 */
interface Situation {
  readonly state: LocationState;
  readonly presentAreas: Location['areas'];
  readonly networkAreas: Location['network'];
  readonly home: readonly EvidenceArea[] | null;
  readonly seat: readonly EvidenceArea[] | null;
}

function situate(facts: DeviceFacts, now: Instant, next: Soonest): Situation {
  const state = settle(facts.location, now);
  next.consider(nextLocationChange(state, now));
  const { areas: presentAreas, network } = locationAt(state, now);
  const sole = presentAreas.length === 1 ? presentAreas[0] : null;
  const placed = (area: HomeArea | null) => (area === null ? null : area === sole ? presentAreas : [area]);
  const networkAreas = network?.length === 1 && network[0] === sole ? presentAreas : network;
  return { state, presentAreas, networkAreas, home: placed(facts.home), seat: placed(facts.seat) };
}

interface Outcome {
  readonly denying: readonly Reason[];
  readonly all: readonly Reason[];
}

const NOTHING: Outcome = { denying: [], all: [] };
const NO_EXEMPTIONS: DeviceFacts['exemptions'] = [];

/** Decision by rules 2 to 8, for one order that applies by rule 1. */
function decide(
  rule: OrderRule,
  facts: DeviceFacts,
  situation: Situation,
  now: Instant,
  stale: boolean,
  next: Soonest,
): Outcome {
  const { nexus } = rule;
  const requiresLocation = nexus.has('present') || nexus.has('network');
  const { state, presentAreas } = situation;
  const presentRelation = presentAreas.length === 0 ? null : relate(presentAreas, rule);
  const related = (areas: readonly EvidenceArea[] | null) =>
    areas === null ? null : areas === presentAreas ? presentRelation : relate(areas, rule);
  const home = related(situation.home);
  const seat = related(situation.seat);
  const networkRelation = related(situation.networkAreas);

  // Shortcut for the most common case: an order without any connection to the device.
  const exemptions = facts.exemptions.length > 0;
  if (
    presentRelation === 'outside' &&
    home !== 'inside' &&
    seat !== 'inside' &&
    networkRelation !== 'inside' &&
    !exemptions
  )
    return NOTHING;
  const all: Reason[] = [];

  // Rule 2: exemption, already checked against the salted hashes in the order.
  const own = exemptions ? facts.exemptions.filter(({ order }) => order === rule.order) : NO_EXEMPTIONS;
  const exempt = own.some(({ until }) => until === null || now < until);
  if (exempt) all.push('exempt');
  for (const { until } of own) next.consider(until);

  // Rule 3: connections (nexus) that the order requires. The order's `travelers` rule can only remove one.
  const present = nexus.has('present') && presentRelation === 'inside';
  const network = nexus.has('network') && networkRelation === 'inside';
  const traveler =
    nexus.has('home') && home === 'inside' && rule.travelers === 'allow' && presentRelation === 'outside';
  const connections: Reason[] = [];
  if (present) connections.push('present');
  if (network) connections.push('network');
  if (nexus.has('home') && home === 'inside' && !traveler) connections.push('home');
  if (nexus.has('seat') && seat === 'inside') connections.push('seat');

  // Rule 4: a visitor is connected only by presence or network, and has a known home area elsewhere.
  let grace = false;
  const passing = connections.filter((nexus) => nexus === 'present' || nexus === 'network');
  if (rule.visitors > 0 && home === 'outside' && connections.length > 0 && passing.length === connections.length) {
    const arrival = firstArrival(state, rule, passing, now);
    const ends = arrival === null ? now : arrival + rule.visitors;
    grace = now < ends;
    next.consider(ends);
  }

  // Rules 6 and 7. If the order list has expired and the order's stale rule is `deny`, a contested or unknown location leads to a denial.
  const harsh = stale && rule.stale === 'deny';
  const contested = requiresLocation && presentRelation === 'contested';
  const unknown = requiresLocation && presentRelation === null;
  const denying = [...connections];
  if (contested && (harsh || rule.contested === 'deny')) denying.push('contested');
  if (unknown && (harsh || rule.unknown === 'deny')) denying.push('unknown');

  // An expired exemption or grace period does not deny a service by itself. It is listed as a reason, because it explains why the denial
  // begins now.
  if (own.length > 0 && !exempt && !grace && denying.length > 0) {
    denying.push('exemption_over');
    all.push('exemption_over');
  }

  if (grace) all.push('visitor_grace');
  all.push(...connections);
  if (traveler) all.push('traveler');
  if (contested) all.push('contested');
  if (unknown) all.push('unknown');
  return { denying: exempt || grace ? [] : denying, all };
}

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
