/**
 * Location of a device, computed from its observations. `observe` adds one observation, `observeTogether` adds several of the same time,
 * `settle` advances the time, and `locationAt` returns the location.
 *
 * Observations with the same time may be added in any sequence. An observation that arrives late counts, unless the state already has a
 * newer one from the same source.
 */
import { type EvidenceArea, locationOf, withParents } from '../areas/area-code.ts';
import { agree, type OrderAreas, refines, relate } from '../areas/coverage.ts';
import type { Instant } from '../time/clock.ts';
import {
  EVIDENCE_SOURCES,
  type EvidenceSource,
  type Folded,
  type Location,
  type LocationState,
  type Observation,
  type Sighting,
  type Stay,
} from './terms.ts';

const HOUR = 3_600_000;
/** Milliseconds for which evidence stays valid: a position, a network, or the IP address of a closed connection. */
export const FRESH_FOR = 24 * HOUR;
/** Milliseconds after which an observed change of location takes effect, if no other observation contradicts it. */
export const MATURE_AFTER = 10 * 60_000;
/**
 * Milliseconds that a device must spend outside an order's areas before its next arrival counts as new. After a new arrival, a visitor
 * (device outside its home area) may get another grace period, in which the order suspends nothing.
 */
export const ABSENCE = 24 * HOUR;
/**
 * Maximum number of stored stays (periods in which the possible areas of a device stayed the same). If there are more, the two oldest are
 * merged, not deleted. Without the old stays, a visitor would seem to have just arrived.
 */
const MOST_STAYS = 32;
/**
 * Maximum number of areas in a merged stay (several old stays stored as one). If there are more, the merged stay lists countries instead of
 * smaller areas.
 */
const MOST_MERGED_AREAS = 64;

export function emptyLocation(): LocationState {
  return { sightings: {}, at: 0, before: null, counted: null, pending: null, stays: [], networkStays: [] };
}

type Sightings = LocationState['sightings'];

function expiryOf(sighting: Observation): Instant {
  if (sighting.source === 'statement') return sighting.until ?? sighting.at;
  if (sighting.source === 'address' && sighting.connected) return Number.POSITIVE_INFINITY;
  return sighting.at + FRESH_FOR;
}

function freshAt(sighting: Sighting | undefined, now: Instant): sighting is Sighting {
  return sighting !== undefined && sighting.at <= now && now < expiryOf(sighting);
}

export function sameAreas(a: readonly EvidenceArea[], b: readonly EvidenceArea[]): boolean {
  return a.length === b.length && a.every((area, i) => area === b[i]);
}

function sameSighting(a: Sighting, b: Sighting): boolean {
  return (
    a.at === b.at &&
    a.count === b.count &&
    a.first === b.first &&
    a.whole === b.whole &&
    a.until === b.until &&
    a.connected === b.connected &&
    sameAreas(a.areas, b.areas)
  );
}

/** Whether each area in `closer` equals an area in `areas`, or is a part of one. */
function within(closer: readonly EvidenceArea[], areas: readonly EvidenceArea[]): boolean {
  return closer.every((area) => areas.some((whole) => refines(area, whole)));
}

function overlap(a: readonly EvidenceArea[], b: readonly EvidenceArea[]): boolean {
  return a.some((x) => b.some((y) => agree(x, y)));
}

export function observe(state: LocationState, observation: Observation): LocationState {
  return observeTogether(state, [observation]);
}

/** Adds observations with the same time. The location is computed once, after all of them. */
export function observeTogether(state: LocationState, observations: readonly Observation[]): LocationState {
  const [first] = observations;
  if (!first) return state;
  const { at } = first;
  let { sightings } = state;
  for (const observation of observations) {
    const known = sightings[observation.source];
    if (known && at < known.at) continue;
    const sighting = sight(known, observation);
    if (!known || !sameSighting(known, sighting)) sightings = { ...sightings, [observation.source]: sighting };
  }
  if (sightings === state.sightings) return state;
  const settled = settle(state, at);
  const later = at > settled.at;
  const before = later ? foldedOf(settled) : (settled.before ?? foldedOf(emptyLocation()));
  const now = later ? at : settled.at;
  return { sightings, at: now, before, ...fold(before, sightings, now) };
}

/** Adds several observations, sorted by time, such as those of a device that was offline. */
export function observeAll(state: LocationState, observations: readonly Observation[]): LocationState {
  return inSequence(observations, (observation) => observation).reduce(observeTogether, state);
}

/** Sorts items by the time of their observations, and groups those of different sources with the same time. */
export function inSequence<Item>(items: readonly Item[], observationIn: (item: Item) => Observation): Item[][] {
  const groups: Item[][] = [];
  for (const item of [...items].sort((a, b) => observationIn(a).at - observationIn(b).at)) {
    const { at, source } = observationIn(item);
    const group = groups.at(-1);
    const joins = group?.every((other) => observationIn(other).at === at && observationIn(other).source !== source);
    if (group && joins) group.push(item);
    else groups.push([item]);
  }
  return groups;
}

/** Ends a location statement before its end time. Without a statement, the state stays unchanged. */
export function endStatement(state: LocationState, at: Instant): LocationState {
  const statement = state.sightings.statement;
  return freshAt(statement, at)
    ? observe(state, { source: 'statement', areas: statement.areas, at, until: at })
    : state;
}

function sight(known: Sighting | undefined, observation: Observation): Sighting {
  const areas = observation.areas.length > 1 ? [...new Set(observation.areas)].sort() : observation.areas;
  const { at } = observation;
  if (!known || !sameAreas(known.areas, areas) || at >= expiryOf(known))
    return { ...observation, areas, first: at, count: 1 };
  return { ...observation, areas, first: known.first, count: at === known.at ? known.count : known.count + 1 };
}

/**
 * Advances the location state of a device to the time `now`: evidence expires, and a pending change of location takes effect. Returns the
 * same object if nothing changed.
 */
export function settle(state: LocationState, now: Instant): LocationState {
  let settled = state;
  for (;;) {
    const due = nextEvent(settled, settled.at);
    if (due > now) return settled;
    const before = foldedOf(settled);
    settled = { sightings: settled.sightings, at: due, before, ...fold(before, settled.sightings, due) };
  }
}

/** Earliest time after `after` at which evidence expires or a pending change of location takes effect; Infinity if there is none. */
function nextEvent(state: LocationState, after: Instant): Instant {
  let next = state.pending ? state.pending.since + MATURE_AFTER : Number.POSITIVE_INFINITY;
  if (next <= after) next = Number.POSITIVE_INFINITY;
  for (const source of EVIDENCE_SOURCES) {
    const sighting = state.sightings[source];
    if (!sighting) continue;
    const end = expiryOf(sighting);
    if (end > after && end < next) next = end;
  }
  return next;
}

/** Next time at which the location can change without a new observation; null if it cannot change. */
export function nextLocationChange(state: LocationState, now: Instant): Instant | null {
  const next = nextEvent(settle(state, now), now);
  return next === Number.POSITIVE_INFINITY ? null : next;
}

/** Time at which the last evidence expires and the location becomes unknown; null if evidence does not expire. */
export function unknownFrom(state: LocationState): Instant | null {
  const ends = EVIDENCE_SOURCES.map((source) => state.sightings[source]).map((sighting) =>
    sighting ? expiryOf(sighting) : 0,
  );
  const last = Math.max(...ends);
  return last === Number.POSITIVE_INFINITY ? null : last;
}

function foldedOf({ counted, pending, stays, networkStays }: Folded): Folded {
  return { counted, pending, stays, networkStays };
}

/**
 * Returns a state that places the device at its last known location, although all evidence has expired at `now`. Null if the location is
 * known at `now`, or if it was never known.
 */
export function lastKnown(state: LocationState, now: Instant): LocationState | null {
  const end = unknownFrom(state);
  if (end === null || end === 0 || end > now) return null;
  const { network } = state.sightings;
  const { counted } = fold(foldedOf(emptyLocation()), state.sightings, end - 1);
  if (!counted) return null;
  const served = freshAt(network, end - 1) ? { network: { ...network, at: now } } : {};
  return { ...state, at: now, before: null, counted, pending: null, sightings: served };
}

interface Reading {
  readonly source: EvidenceSource;
  readonly areas: readonly EvidenceArea[];
}

/**
 * Possible areas of the device now. The first source with unexpired evidence decides. Sources with lower precedence may exclude areas, but
 * never add or replace one.
 */
function read(sightings: Sightings, now: Instant): Reading | null {
  let reading: Reading | null = null;
  for (const source of EVIDENCE_SOURCES) {
    const sighting = sightings[source];
    if (!freshAt(sighting, now)) continue;
    if (!reading) {
      reading = { source, areas: sighting.areas };
      continue;
    }
    const narrowed: EvidenceArea[] = reading.areas.flatMap((area) => narrow(area, sighting.areas));
    if (narrowed.length > 0) reading = { source: reading.source, areas: [...new Set(narrowed)].sort() };
  }
  return reading;
}

/**
 * Narrows a possible area of the device with the areas from a less trusted source. Returns the source's areas that are inside the possible
 * area. Without such areas, returns the possible area itself if it overlaps an area of the source, and otherwise nothing.
 */
function narrow(candidate: EvidenceArea, areas: readonly EvidenceArea[]): readonly EvidenceArea[] {
  const parts = areas.filter((area) => refines(area, candidate));
  if (parts.length > 0) return parts;
  return overlap([candidate], areas) ? [candidate] : [];
}

function supporters(sightings: Sightings, areas: readonly EvidenceArea[], now: Instant): Sighting[] {
  return EVIDENCE_SOURCES.map((source) => sightings[source])
    .filter((sighting) => freshAt(sighting, now))
    .filter((sighting) => overlap(sighting.areas, areas));
}

/** Computes location and stays of a device at the time `now`, from the earlier result `base` and the newest observation of each source. */
function fold(base: Folded, sightings: Sightings, now: Instant): Folded {
  const networkStays = foldNetwork(base.networkStays, sightings.network, now);
  const reading = read(sightings, now);
  if (!reading) return { counted: null, pending: null, stays: leave(base.stays, now), networkStays };

  const { source, areas } = reading;
  const { counted, pending } = base;
  const speaking = supporters(sightings, areas, now);
  const confirmed = Math.max(...speaking.map((sighting) => sighting.at));

  if (!counted) {
    // The new location takes effect at once, because no earlier location contradicts it.
    const arrival = Math.min(...speaking.map((sighting) => sighting.first));
    return {
      counted: { source, areas, arrival, confirmed },
      pending: null,
      stays: enter(base.stays, areas, arrival),
      networkStays,
    };
  }
  if (within(areas, counted.areas)) {
    // If the new location equals the earlier one or is more exact, the device has not moved, and its arrival time stays.
    const closer = sameAreas(areas, counted.areas) ? base.stays : rename(base.stays, areas);
    const kept = { source, areas, arrival: counted.arrival, confirmed: Math.max(counted.confirmed, confirmed) };
    return { counted: kept, pending: null, stays: closer, networkStays };
  }
  // The location has changed. Observations before the last confirmation of the old location do not prove a departure.
  const signs = speaking.map(({ first, at }) =>
    first > counted.confirmed ? first : at > counted.confirmed ? at : now,
  );
  const continued = pending && within(areas, pending.areas);
  const since = Math.min(...signs, continued ? pending.since : Number.POSITIVE_INFINITY);
  const observations = speaking.reduce((sum, sighting) => sum + sighting.count, 0);
  const whole = source === 'position' && sightings.position?.whole === true && areas.length === 1;
  if (observations >= 2 || whole || now >= since + MATURE_AFTER) {
    const moved = { source, areas, arrival: since, confirmed };
    return { counted: moved, pending: null, stays: enter(base.stays, areas, since), networkStays };
  }
  return { counted, pending: { areas, since }, stays: base.stays, networkStays };
}

/** Computes the stays by the device's mobile network alone. A change of the network takes effect at once. */
function foldNetwork(stays: readonly Stay[], sighting: Sighting | undefined, now: Instant): readonly Stay[] {
  if (!freshAt(sighting, now)) return leave(stays, now);
  const here = stays.find((stay) => stay.to === null);
  if (here && sameAreas(here.areas, sighting.areas)) return stays;
  return enter(stays, sighting.areas, sighting.first);
}

function leave(stays: readonly Stay[], at: Instant): readonly Stay[] {
  if (!stays.some((stay) => stay.to === null)) return stays;
  return stays
    .map((stay) => (stay.to === null ? { ...stay, to: Math.max(at, stay.from) } : stay))
    .filter((stay) => stay.to !== stay.from);
}

/** Begins a stay, or continues the last stay in the same areas after an absence shorter than `ABSENCE`. */
function enter(stays: readonly Stay[], areas: readonly EvidenceArea[], from: Instant): readonly Stay[] {
  const left = leave(stays, from);
  const again = left.findLast((stay) => stay.gaps === undefined && sameAreas(stay.areas, areas));
  if (again && again.to !== null && from - again.to < ABSENCE) {
    return [...left.filter((stay) => stay !== again), { ...again, to: null }];
  }
  return bounded([...left, { areas, from, to: null }]);
}

function bounded(stays: readonly Stay[]): readonly Stay[] {
  const [oldest, next, ...rest] = stays;
  return oldest && next && stays.length > MOST_STAYS ? [asOne(oldest, next), ...rest] : stays;
}

function asOne(a: Stay, b: Stay): Stay {
  const from = Math.min(a.from, b.from);
  const to = Math.max(a.to ?? a.from, b.to ?? b.from);
  const known = [a, b].reduce((sum, stay) => sum + (stay.to ?? stay.from) - stay.from - (stay.gaps ?? 0), 0);
  const areas = [...new Set([...a.areas, ...b.areas])].sort();
  const kept = areas.length > MOST_MERGED_AREAS ? [...new Set(areas.map(countryOf))].sort() : areas;
  return { areas: kept, from, to, gaps: Math.max(0, to - from - known) };
}

const countryOf = (area: EvidenceArea): EvidenceArea => withParents(locationOf(area)).at(-1) ?? area;

function rename(stays: readonly Stay[], areas: readonly EvidenceArea[]): readonly Stay[] {
  return stays.map((stay) => (stay.to === null ? { ...stay, areas } : stay));
}

const UNKNOWN: Location = { certainty: 'unknown', areas: [], source: null, disagree: [], network: null };

/** Location at the time `now`, which must not be before the newest observation. */
export function locationAt(state: LocationState, now: Instant): Location {
  const { counted, sightings } = settle(state, now);
  if (!counted) return UNKNOWN;
  const fresh = EVIDENCE_SOURCES.map((source) => sightings[source]).filter((sighting) => freshAt(sighting, now));
  const speaking = fresh.filter((sighting) => overlap(sighting.areas, counted.areas));
  const sure = speaking.length >= 2 || speaking.some(({ source, whole }) => source === 'position' && whole === true);
  return {
    certainty: sure && counted.areas.length === 1 ? 'certain' : 'probable',
    areas: counted.areas,
    source: counted.source,
    disagree: fresh.filter((sighting) => !speaking.includes(sighting)).map((sighting) => sighting.source),
    network: freshAt(sightings.network, now) ? sightings.network.areas : null,
  };
}

/** Newest observation of each source, in order of precedence. `until`: expiry of the observation; null if it does not expire. */
export function sourcesAt(
  state: LocationState,
  now: Instant,
): { readonly sighting: Sighting; readonly until: Instant | null; readonly fresh: boolean }[] {
  return EVIDENCE_SOURCES.map((source) => state.sightings[source])
    .filter((sighting) => sighting !== undefined)
    .map((sighting) => {
      const end = expiryOf(sighting);
      return { sighting, until: Number.isFinite(end) ? end : null, fresh: freshAt(sighting, now) };
    });
}

/**
 * Time at which the device arrived in an order's areas; null if the device is not inside now. Stays inside with absences under 24 hours
 * between them form one visit. Only time provably spent outside is an absence, so a visitor gets no new grace period by switching the
 * device off. `network` selects the stays by serving network.
 */
export function arrivalIn(
  state: LocationState,
  orderAreas: OrderAreas,
  kind: 'present' | 'network',
  now: Instant,
): Instant | null {
  const { stays, networkStays } = settle(state, now);
  const known = kind === 'network' ? networkStays : stays;
  const currentStay = known.find((stay) => stay.to === null);
  if (!currentStay || relate(currentStay.areas, orderAreas) !== 'inside') return null;
  if (known.length === 1) return currentStay.from;
  const inside = known.filter(({ areas, gaps }) => {
    const relation = relate(areas, orderAreas);
    // A merged stay does not show in which of its areas the device was last. A device that may have been inside the order's areas is not
    // treated as newly arrived.
    return relation === 'inside' || (gaps !== undefined && relation === 'contested');
  });
  const outside = known.filter((stay) => relate(stay.areas, orderAreas) === 'outside');
  let arrival = currentStay.from;
  for (let bridged = true; bridged; ) {
    bridged = false;
    for (const { from, to } of inside) {
      if (from >= arrival || to === null || spent(outside, to, arrival) >= ABSENCE) continue;
      arrival = from;
      bridged = true;
    }
  }
  return arrival;
}

/**
 * Earliest arrival by any connection (nexus) that the order requires. The grace period does not begin again if another connection applies
 * later, or if an order for a wider area follows.
 */
export function firstArrival(
  state: LocationState,
  orderAreas: OrderAreas,
  kinds: readonly ('present' | 'network')[],
  now: Instant,
): Instant | null {
  const arrivals = kinds.flatMap((kind) => arrivalIn(state, orderAreas, kind, now) ?? []);
  return arrivals.length === 0 ? null : Math.min(...arrivals);
}

/** Milliseconds between `from` and `to` that the stays cover. Stays may overlap, because a continued stay includes its interruption. */
function spent(stays: readonly Stay[], from: Instant, to: Instant): number {
  const sum = stays.reduce(
    (time, stay) => time + Math.max(0, Math.min(stay.to ?? to, to) - Math.max(stay.from, from) - (stay.gaps ?? 0)),
    0,
  );
  return Math.min(sum, to - from);
}
