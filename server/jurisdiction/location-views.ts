/** Reads locations and evidence, for verdicts, admins and explanations. */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import { locationAt, sourcesAt } from '../../shared/verdict/locate.ts';
import type { EvidenceSource, Location, OrderRule } from '../../shared/verdict/terms.ts';
import { locationStateOf } from './location-state.ts';
import { affectedQuery } from './nexus-index.ts';
import { EVIDENCE_DAYS, type PastLocation, pastLocation, withDatabases } from './past-location.ts';
import type { LocationFacts, PastStore, UsedDatabase, ViewStore } from './ports.ts';

/** Maximum number of observations in a view of a device's evidence. */
const RECENT = 50;

export interface LocationViews {
  facts(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, LocationFacts>>;
  /** All devices that the order may affect, and possibly some others. The verdict then decides for each device. */
  affectedBy(rule: OrderRule): Promise<DeviceId[]>;
  evidence(device: DeviceId): Promise<{ location: LocationView; sources: SourceView[]; observations: EvidenceView[] }>;
  /** Past location of a device. `past-location.ts` documents the errors. */
  past(device: DeviceId, at: Instant): Promise<PastLocation>;
  /** Possible areas of each device; empty if the location is unknown. */
  locations(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, string[]>>;
}

/** Location for the API, whose schemas require mutable copies. */
interface LocationView {
  certainty: Location['certainty'];
  areas: string[];
  source: string | null;
  disagree: string[];
  network: string[] | null;
}
interface SourceView {
  source: EvidenceSource;
  areas: string[];
  at: Instant;
  since: Instant;
  until: Instant | null;
  fresh: boolean;
}
interface EvidenceView {
  source: string;
  areas: string[];
  at: Instant;
  detail: string;
  database: UsedDatabase | null;
}

export interface ViewPorts {
  readonly store: ViewStore;
  readonly past: PastStore;
  readonly clock: Clock;
  /** Number of past days whose verdicts can be explained. */
  readonly evidenceDays?: number;
}

export function createLocationViews({ store, past, clock, evidenceDays = EVIDENCE_DAYS }: ViewPorts): LocationViews {
  return {
    facts: (devices) => store.facts(devices),

    affectedBy: (rule) => store.affected(affectedQuery(rule, clock.now())),

    async evidence(device) {
      const now = clock.now();
      const state = await locationStateOf(store, device);
      const { certainty, areas, source, disagree, network } = locationAt(state, now);
      const recent = await withDatabases(past, await past.recent(device, RECENT));
      return {
        location: { certainty, areas: [...areas], source, disagree: [...disagree], network: network && [...network] },
        sources: sourcesAt(state, now).map(({ sighting, until, fresh }) => ({
          source: sighting.source,
          areas: [...sighting.areas],
          at: sighting.at,
          since: sighting.first,
          until,
          fresh,
        })),
        observations: recent.map(({ observation, detail, database }) => ({
          source: observation.source,
          areas: [...observation.areas],
          at: observation.at,
          detail,
          database,
        })),
      };
    },

    past: (device, at) => pastLocation(store, past, device, { at, now: clock.now(), days: evidenceDays }),

    async locations(devices) {
      const now = clock.now();
      const found = await store.facts(devices);
      return new Map([...found].map(([device, { location }]) => [device, [...locationAt(location, now).areas]]));
    },
  };
}
