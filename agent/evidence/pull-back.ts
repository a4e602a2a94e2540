/**
 * Location evidence that is dated in the future, because the device's clock was ahead, gets the current time as its date. Otherwise the
 * evidence would override all observations until that date.
 */
import type { Instant } from '../../shared/time/clock.ts';
import {
  EVIDENCE_SOURCES,
  type EvidenceSource,
  type Folded,
  type LocationState,
  type Sighting,
  type Stay,
} from '../../shared/verdict/terms.ts';

export function limitEvidenceTimes(state: LocationState, now: Instant): LocationState {
  if (state.at <= now) return state;
  const sightings: { [S in EvidenceSource]?: Sighting } = {};
  for (const source of EVIDENCE_SOURCES) {
    const seen = state.sightings[source];
    if (seen) sightings[source] = { ...seen, at: Math.min(seen.at, now), first: Math.min(seen.first, now) };
  }
  return { ...limitLocation(state, now), sightings, at: now, before: state.before && limitLocation(state.before, now) };
}

function limitLocation({ counted, pending, stays, networkStays }: Folded, now: Instant): Folded {
  const stay = ({ from, to, ...rest }: Stay): Stay => ({
    ...rest,
    from: Math.min(from, now),
    to: to === null ? null : Math.min(to, now),
  });
  return {
    counted: counted && {
      ...counted,
      arrival: Math.min(counted.arrival, now),
      confirmed: Math.min(counted.confirmed, now),
    },
    pending: pending && { ...pending, since: Math.min(pending.since, now) },
    stays: stays.map(stay),
    networkStays: networkStays.map(stay),
  };
}
