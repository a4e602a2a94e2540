/**
 * Evidence → location: a pure fold over a device's observations, the same on the server and on the device. `observe` takes one in,
 * `settle` lets time pass (evidence lapses, a change that stood for ten minutes counts), `locationAt` says where the device is.
 * Nothing here knows an order; `coverage.ts` relates a location to one.
 *
 * Observations of one instant are folded together, whatever their order. One that comes late counts from when it was made, as far as
 * what is remembered allows; one that is older than what its source has said since is ignored.
 */
import { type AreaCode, placeIn, withParents } from '../areas/area-code.ts';
import { agree, type Reach, refines, relate } from '../areas/coverage.ts';
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
/** How long position, network and a closed connection's address stay evidence. */
export const FRESH_FOR = 24 * HOUR;
/** How long one observation must stand uncontradicted to count as a change of location. */
export const MATURE_AFTER = 10 * 60_000;
/** An absence shorter than this does not renew a visitor's grace. */
export const ABSENCE = 24 * HOUR;
/** Stays remembered each by itself. Older ones are remembered as one: forgotten, they would make a visitor arrive anew. */
const STAYS_KEPT = 32;
/** Of such a one; beyond, by their countries. */
const AREAS_KEPT = 64;

export function emptyLocation(): LocationState {
  return { sightings: {}, at: 0, before: null, counted: null, pending: null, stays: [], networkStays: [] };
}

type Sightings = LocationState['sightings'];

/** The first instant at which a sighting is no evidence any more. */
function lapses(sighting: Observation): Instant {
  if (sighting.source === 'statement') return sighting.until ?? sighting.at;
  if (sighting.source === 'address' && sighting.connected) return Number.POSITIVE_INFINITY;
  return sighting.at + FRESH_FOR;
}

function freshAt(sighting: Sighting | undefined, now: Instant): sighting is Sighting {
  return sighting !== undefined && sighting.at <= now && now < lapses(sighting);
}

function sameAreas(a: readonly AreaCode[], b: readonly AreaCode[]): boolean {
  return a.length === b.length && a.every((area, i) => area === b[i]);
}

/** The same areas, or some of them, or parts of them. */
function within(closer: readonly AreaCode[], areas: readonly AreaCode[]): boolean {
  return closer.every((area) => areas.some((whole) => refines(area, whole)));
}

function overlap(a: readonly AreaCode[], b: readonly AreaCode[]): boolean {
  return a.some((x) => b.some((y) => agree(x, y)));
}

/** Takes one observation in. */
export function observe(state: LocationState, observation: Observation): LocationState {
  const { source, at } = observation;
  const known = state.sightings[source];
  if (known && at < known.at) return state;
  const sighting = sight(known, observation);
  if (known && JSON.stringify(known) === JSON.stringify(sighting)) return state;
  const settled = settle(state, at);
  const sightings = { ...settled.sightings, [source]: sighting };
  const later = at > settled.at;
  const before = later ? foldedOf(settled) : (settled.before ?? foldedOf(emptyLocation()));
  const now = later ? at : settled.at;
  return { sightings, at: now, before, ...fold(before, sightings, now) };
}

/** A batch, in the order of time: what a device reports after it was away. */
export function observeAll(state: LocationState, observations: readonly Observation[]): LocationState {
  return [...observations].sort((a, b) => a.at - b.at).reduce(observe, state);
}

/** Ends a statement before its time; does nothing when none holds. */
export function endStatement(state: LocationState, at: Instant): LocationState {
  const statement = state.sightings.statement;
  return freshAt(statement, at)
    ? observe(state, { source: 'statement', areas: statement.areas, at, until: at })
    : state;
}

function sight(known: Sighting | undefined, observation: Observation): Sighting {
  const areas = [...new Set(observation.areas)].sort();
  const { at } = observation;
  if (!known || !sameAreas(known.areas, areas) || at >= lapses(known))
    return { ...observation, areas, first: at, count: 1 };
  return { ...observation, areas, first: known.first, count: at === known.at ? known.count : known.count + 1 };
}

/** Lets time pass until `now`. Returns the same object when nothing happened. */
export function settle(state: LocationState, now: Instant): LocationState {
  let settled = state;
  for (;;) {
    const due = nextEvent(settled, settled.at);
    if (due > now) return settled;
    const before = foldedOf(settled);
    settled = { sightings: settled.sightings, at: due, before, ...fold(before, settled.sightings, due) };
  }
}

/** The first instant after `after` at which evidence lapses or a pending change counts; Infinity if none. */
function nextEvent(state: LocationState, after: Instant): Instant {
  let next = state.pending ? state.pending.since + MATURE_AFTER : Number.POSITIVE_INFINITY;
  if (next <= after) next = Number.POSITIVE_INFINITY;
  for (const source of EVIDENCE_SOURCES) {
    const sighting = state.sightings[source];
    if (!sighting) continue;
    const end = lapses(sighting);
    if (end > after && end < next) next = end;
  }
  return next;
}

/** The next instant at which the location can change by itself, or null. */
export function nextLocationChange(state: LocationState, now: Instant): Instant | null {
  const next = nextEvent(settle(state, now), now);
  return next === Number.POSITIVE_INFINITY ? null : next;
}

/** When the last evidence lapses and the location becomes unknown by itself; null: never. */
export function unknownFrom(state: LocationState): Instant | null {
  const ends = EVIDENCE_SOURCES.map((source) => state.sightings[source]).map((sighting) =>
    sighting ? lapses(sighting) : 0,
  );
  const last = Math.max(...ends);
  return last === Number.POSITIVE_INFINITY ? null : last;
}

function foldedOf({ counted, pending, stays, networkStays }: Folded): Folded {
  return { counted, pending, stays, networkStays };
}

interface Reading {
  readonly source: EvidenceSource;
  readonly areas: readonly AreaCode[];
}

/** The first fresh source decides; a later one may narrow several candidates, never widen or move them. */
function read(sightings: Sightings, now: Instant): Reading | null {
  let reading: Reading | null = null;
  for (const source of EVIDENCE_SOURCES) {
    const sighting = sightings[source];
    if (!freshAt(sighting, now)) continue;
    if (!reading) {
      reading = { source, areas: sighting.areas };
      continue;
    }
    const narrowed: AreaCode[] = reading.areas.flatMap((area) => narrow(area, sighting.areas));
    if (narrowed.length > 0) reading = { source: reading.source, areas: [...new Set(narrowed)].sort() };
  }
  return reading;
}

/** What is left of a candidate: the parts of it that a later source names, or all of it, or nothing. */
function narrow(candidate: AreaCode, areas: readonly AreaCode[]): readonly AreaCode[] {
  const parts = areas.filter((area) => refines(area, candidate));
  if (parts.length > 0) return parts;
  return overlap([candidate], areas) ? [candidate] : [];
}

function supporters(sightings: Sightings, areas: readonly AreaCode[], now: Instant): Sighting[] {
  return EVIDENCE_SOURCES.map((source) => sightings[source])
    .filter((sighting) => freshAt(sighting, now))
    .filter((sighting) => overlap(sighting.areas, areas));
}

/** What `base` becomes at `now`, given all that is known at `now`. */
function fold(base: Folded, sightings: Sightings, now: Instant): Folded {
  const networkStays = foldNetwork(base.networkStays, sightings.network, now);
  const reading = read(sightings, now);
  if (!reading) return { counted: null, pending: null, stays: leave(base.stays, now), networkStays };

  const { source, areas } = reading;
  const { counted, pending } = base;
  const speaking = supporters(sightings, areas, now);
  const confirmed = Math.max(...speaking.map((sighting) => sighting.at));

  if (!counted) {
    // Nothing that it could contradict: it counts at once.
    const arrival = Math.min(...speaking.map((sighting) => sighting.first));
    return {
      counted: { source, areas, arrival, confirmed },
      pending: null,
      stays: enter(base.stays, areas, arrival),
      networkStays,
    };
  }
  if (within(areas, counted.areas)) {
    // The same place, or known more closely: no change, and the arrival stands.
    const closer = sameAreas(areas, counted.areas) ? base.stays : rename(base.stays, areas);
    const kept = { source, areas, arrival: counted.arrival, confirmed: Math.max(counted.confirmed, confirmed) };
    return { counted: kept, pending: null, stays: closer, networkStays };
  }
  // A change. What was observed before the old place was last confirmed is no sign of having left it.
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

/** The serving network is what it is: its stays follow each observation at once. */
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

/** Opens a stay, or takes up the one that was left for less than `ABSENCE`. */
function enter(stays: readonly Stay[], areas: readonly AreaCode[], from: Instant): readonly Stay[] {
  const left = leave(stays, from);
  const again = left.findLast((stay) => stay.gaps === undefined && sameAreas(stay.areas, areas));
  if (again && again.to !== null && from - again.to < ABSENCE) {
    return [...left.filter((stay) => stay !== again), { ...again, to: null }];
  }
  return bounded([...left, { areas, from, to: null }]);
}

function bounded(stays: readonly Stay[]): readonly Stay[] {
  const [oldest, next, ...rest] = stays;
  return oldest && next && stays.length > STAYS_KEPT ? [asOne(oldest, next), ...rest] : stays;
}

/** Two that are over. */
function asOne(a: Stay, b: Stay): Stay {
  const from = Math.min(a.from, b.from);
  const to = Math.max(a.to ?? a.from, b.to ?? b.from);
  const known = [a, b].reduce((sum, stay) => sum + (stay.to ?? stay.from) - stay.from - (stay.gaps ?? 0), 0);
  const areas = [...new Set([...a.areas, ...b.areas])].sort();
  const kept = areas.length > AREAS_KEPT ? [...new Set(areas.map(countryOf))].sort() : areas;
  return { areas: kept, from, to, gaps: Math.max(0, to - from - known) };
}

const countryOf = (area: AreaCode): AreaCode => withParents(placeIn(area)).at(-1) ?? area;

function rename(stays: readonly Stay[], areas: readonly AreaCode[]): readonly Stay[] {
  return stays.map((stay) => (stay.to === null ? { ...stay, areas } : stay));
}

const UNKNOWN: Location = { certainty: 'unknown', areas: [], source: null, disagree: [], network: null };

/** Where the device is at `now`, which must not be before the newest observation. */
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

/** The newest word of each source, in the order in which they decide. `until`: when it stops counting; null: not by itself. */
export function sourcesAt(
  state: LocationState,
  now: Instant,
): { readonly sighting: Sighting; readonly until: Instant | null; readonly fresh: boolean }[] {
  return EVIDENCE_SOURCES.map((source) => state.sightings[source])
    .filter((sighting) => sighting !== undefined)
    .map((sighting) => {
      const end = lapses(sighting);
      return { sighting, until: Number.isFinite(end) ? end : null, fresh: freshAt(sighting, now) };
    });
}

/**
 * Since when the device has been in an order's areas: the start of the chain of stays wholly inside, absences under 24 hours
 * bridged. An absence is time known to have been spent outside: switching a device off does not renew a visitor's grace. `network`
 * asks for the serving network's stays. Null when it is not there now.
 */
export function arrivalIn(
  state: LocationState,
  reach: Reach,
  kind: 'present' | 'network',
  now: Instant,
): Instant | null {
  const { stays, networkStays } = settle(state, now);
  const known = kind === 'network' ? networkStays : stays;
  const here = known.find((stay) => stay.to === null);
  if (!here || relate(here.areas, reach) !== 'inside') return null;
  if (known.length === 1) return here.from;
  const inside = known.filter(({ areas, gaps }) => {
    const relation = relate(areas, reach);
    // Of several that are remembered as one nobody knows which was the last: who may have been there has not arrived anew.
    return relation === 'inside' || (gaps !== undefined && relation === 'contested');
  });
  const outside = known.filter((stay) => relate(stay.areas, reach) === 'outside');
  let arrival = here.from;
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

/** The earliest by any of these: by another tie nobody becomes a visitor anew, nor by an order that covers more. */
export function firstArrival(
  state: LocationState,
  reach: Reach,
  kinds: readonly ('present' | 'network')[],
  now: Instant,
): Instant | null {
  const arrivals = kinds.flatMap((kind) => arrivalIn(state, reach, kind, now) ?? []);
  return arrivals.length === 0 ? null : Math.min(...arrivals);
}

/** How much of the time from `from` to `to` the stays take up; they may overlap, since a stay taken up again includes its break. */
function spent(stays: readonly Stay[], from: Instant, to: Instant): number {
  const sum = stays.reduce(
    (time, stay) => time + Math.max(0, Math.min(stay.to ?? to, to) - Math.max(stay.from, from) - (stay.gaps ?? 0)),
    0,
  );
  return Math.min(sum, to - from);
}
