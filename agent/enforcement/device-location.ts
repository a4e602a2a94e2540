import { parseEvidenceArea } from '../../shared/areas/area-code.ts';
import type { DeviceRecord } from '../../shared/order/documents.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { emptyLocation, endStatement, observe } from '../../shared/verdict/locate.ts';
import type { LocationState, Observation } from '../../shared/verdict/terms.ts';
import { limitEvidenceTimes } from '../evidence/pull-back.ts';
import type { LocationStore, ReportStore, Transactions } from './enforcement-store.ts';

export interface DeviceLocation {
  readonly state: LocationState;
  observe(observations: readonly Observation[]): void;
  /**
   * Records the end of the connection at the time `at`. From then on, the network address that the server saw is location evidence only for
   * a limited time. Returns false if there is no such evidence.
   */
  connectionEnded(at: Instant): boolean;
  /** Applies the admin's location statement from the device record. If the record contains none, ends the previous statement. */
  applyStatement(record: DeviceRecord | null, now: Instant): void;
  /** After a correction of the device's time, moves the date of evidence that is later than `now` to `now`. */
  limit(now: Instant): void;
}

export function openDeviceLocation(
  store: LocationStore & ReportStore & Pick<Transactions, 'transaction'>,
  onFailure: (what: string, error: unknown) => void,
): DeviceLocation {
  let state = store.location() ?? emptyLocation();

  const save = (next: LocationState) => {
    state = next;
    store.saveLocation(state);
  };
  const add = (observations: readonly Observation[]) =>
    save(observations.reduce((next, observation) => observe(next, observation), state));

  const report = (observations: readonly Observation[]) => {
    const own = observations.filter(({ source }) => source === 'position' || source === 'network');
    if (own.length === 0) return;
    store.report({
      type: 'evidence',
      observations: own.map(({ source, areas, at, whole }) => ({
        source,
        areas: [...areas],
        at,
        ...(whole === undefined ? {} : { whole }),
      })),
    });
  };

  return {
    get state() {
      return state;
    },
    observe(observations) {
      try {
        store.transaction(() => {
          add(observations);
          report(observations);
        });
      } catch (error) {
        // The new location decides about services even if the disk is full and the report about the location cannot be stored.
        onFailure('evidence', error);
        add(observations);
      }
    },
    connectionEnded(at) {
      const { address } = state.sightings;
      if (!address?.connected) return false;
      add([{ source: 'address', areas: address.areas, at: Math.max(at, address.at), connected: false }]);
      return true;
    },
    applyStatement(record, now) {
      const statement = record?.statement;
      if (!statement) return save(endStatement(state, now));
      const areas = statement.areas.map(parseEvidenceArea);
      add([{ source: 'statement', areas, at: Date.parse(statement.at), until: Date.parse(statement.until) }]);
    },
    limit(now) {
      if (state.at > now) save(limitEvidenceTimes(state, now));
    },
  };
}
