import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import { locationAt, sourcesAt } from '../../shared/verdict/locate.ts';
import type { EvidenceSource, Location, OrderRule } from '../../shared/verdict/terms.ts';
import { locationStateOf } from './location-state.ts';
import { affectedQuery } from './nexus-index.ts';
import { EVIDENCE_DAYS, type PastLocation, pastLocation, withDatabases } from './past-location.ts';
import type { LocationFacts, PastStore, UsedDatabase, ViewStore } from './ports.ts';

const RECENT = 50;

export interface LocationViews {
  facts(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, LocationFacts>>;
  /**
   * Returns all devices that an order may affect. The result may also contain unaffected devices, so the caller must evaluate the order for
   * each device.
   */
  affectedBy(rule: OrderRule): Promise<DeviceId[]>;
  evidence(device: DeviceId): Promise<{ location: LocationView; sources: SourceView[]; observations: EvidenceView[] }>;
  /**
   * Returns the location of the device at a past time. Throws `beyond_retention` for a time whose evidence was deleted, `invalid_input` for
   * a future time, and `not_found` for a time before the device's enrollment.
   */
  past(device: DeviceId, at: Instant): Promise<PastLocation>;
  locations(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, string[]>>;
}

/** Location in an API response: copies, because the API's schemas require mutable arrays. */
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
