/**
 * Times of a location: the part that changes when new evidence confirms the location. Most reports of a device confirm its location, so the
 * store then writes only a short text with these times (column `times`), and not the whole location again.
 */
import { sameAreas } from '../../shared/verdict/locate.ts';
import {
  EVIDENCE_SOURCES,
  type EvidenceSource,
  type Folded,
  type LocationState,
  type Sighting,
} from '../../shared/verdict/terms.ts';

type Counted = NonNullable<Folded['counted']>;

/** Content of the column `times`. All times are in milliseconds since 1970. */
interface Times {
  readonly at: number;
  /** Confirmation of the location, and of the location before the newest observation; absent without a location. */
  readonly counted: number | undefined;
  readonly before: number | undefined;
  /** For each source: the time of its newest observation, and the number of consecutive observations with the same areas. */
  readonly sightings: Readonly<Record<string, readonly [at: number, count: number]>>;
}

/**
 * Returns the times of `state` if it differs from the stored location only in its times, and otherwise null. Compares lists of stays by
 * identity, because `observe` keeps the list if the evidence confirms the location. For equal lists that are not identical, the result is
 * null. The store then writes the whole location, which is also correct.
 */
export function timesOf(stored: LocationState, state: LocationState): string | null {
  if (!differInTimesOnly(stored, state)) return null;
  const { at, counted, before } = state;
  const sightings: Record<string, readonly [at: number, count: number]> = {};
  for (const source of EVIDENCE_SOURCES) {
    const sighting = state.sightings[source];
    if (sighting) sightings[source] = [sighting.at, sighting.count];
  }
  const times: Times = { at, counted: counted?.confirmed, before: before?.counted?.confirmed, sightings };
  return JSON.stringify(times);
}

/** Stored location with the times that the store wrote later. `times` must come from `timesOf` with the same stored location. */
export function withTimes(stored: LocationState, times: string): LocationState {
  const newer: Times = JSON.parse(times);
  const sightings: Partial<Record<EvidenceSource, Sighting>> = {};
  for (const source of EVIDENCE_SOURCES) {
    const sighting = stored.sightings[source];
    const [at, count] = newer.sightings[source] ?? [];
    if (sighting) sightings[source] = { ...sighting, at: at ?? sighting.at, count: count ?? sighting.count };
  }
  const confirm = (counted: Counted | null, confirmed: number | undefined) =>
    counted && { ...counted, confirmed: confirmed ?? counted.confirmed };
  return {
    ...stored,
    sightings,
    at: newer.at,
    counted: confirm(stored.counted, newer.counted),
    before: stored.before && { ...stored.before, counted: confirm(stored.before.counted, newer.before) },
  };
}

function differInTimesOnly(a: LocationState, b: LocationState): boolean {
  return (
    a.before !== null &&
    b.before !== null &&
    sameFolded(a, b) &&
    sameFolded(a.before, b.before) &&
    EVIDENCE_SOURCES.every((source) => sameSighting(a.sightings[source], b.sightings[source]))
  );
}

function sameFolded(a: Folded, b: Folded): boolean {
  return (
    a.stays === b.stays &&
    a.networkStays === b.networkStays &&
    a.pending === null &&
    b.pending === null &&
    sameCounted(a.counted, b.counted)
  );
}

function sameCounted(a: Counted | null, b: Counted | null): boolean {
  if (a === null || b === null) return a === b;
  return a.source === b.source && a.arrival === b.arrival && sameAreas(a.areas, b.areas);
}

function sameSighting(a: Sighting | undefined, b: Sighting | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return (
    a.first === b.first &&
    a.whole === b.whole &&
    a.until === b.until &&
    a.connected === b.connected &&
    sameAreas(a.areas, b.areas)
  );
}
