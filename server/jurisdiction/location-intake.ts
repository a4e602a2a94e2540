/**
 * Adds new evidence to the locations of devices. An offline device sends its evidence late; the module then computes the location again
 * from all stored evidence. The module stores only occasional samples of unchanged evidence.
 */
import type { HomeArea } from '../../shared/areas/area-code.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import {
  emptyLocation,
  endStatement,
  observe as fold,
  inSequence,
  locationAt,
  nextLocationChange,
  observeAll,
  observeTogether,
  settle,
  unknownFrom,
} from '../../shared/verdict/locate.ts';
import { EVIDENCE_SOURCES, type LocationState, type Observation, type Sighting } from '../../shared/verdict/terms.ts';
import type { DeviceChanges } from '../bus/device-changes.ts';
import type { AddressLookup } from './ip-database.ts';
import { createLostConnections } from './lost-connections.ts';
import type { Evidence, IntakeStore, LocationWrite, ReportMark } from './ports.ts';

const HOUR = 3_600_000;
/**
 * Age in milliseconds up to which stored evidence is read again when evidence arrives late, for example from a device that was offline. The
 * server then computes the location again from the stored and the late evidence.
 */
const HISTORY = 32 * 24 * HOUR;
/**
 * Milliseconds between two stored samples of unchanged evidence. Evidence is valid for longer than this interval, so the samples give the
 * same location as all of the evidence.
 */
const SAMPLE = 6 * HOUR;

export interface ConnectedAddress {
  readonly device: DeviceId;
  readonly generation: number;
  readonly address: string | null;
  readonly areas: readonly string[];
  readonly open: boolean;
}

/**
 * Changes of locations. A change is durable when its promise resolves, except that a power failure can undo evidence from the address of a
 * connection (ADR 48).
 */
export interface LocationIntake {
  areasOfAddress(address: string): readonly HomeArea[];
  /**
   * Records the location of the device's IP address as evidence, and returns the areas of the address. `connected`: true when the device's
   * connection starts, false when the connection ends.
   */
  observeAddress(
    device: DeviceId,
    generation: number,
    address: string | null,
    connected: boolean,
  ): Promise<readonly HomeArea[]>;
  /**
   * Looks up a device's address again, after a change of the IP database. Returns the new areas; null if the areas are the same or the
   * connection has ended.
   */
  relocate(connection: ConnectedAddress): Promise<readonly HomeArea[] | null>;
  /**
   * Adds the positions and mobile networks that a device reports; other evidence cannot come from a device. A time in the future is
   * replaced by the current time. `report`: report that contains the observations. Resolves to true if the store has marked the report as
   * stored, in the same transaction as the evidence.
   */
  observe(
    device: DeviceId,
    generation: number,
    observations: readonly Observation[],
    report?: ReportMark | null,
  ): Promise<boolean>;
  deviceChanged(device: DeviceId): Promise<void>;
  /**
   * Marks the location evidence from IP addresses as disconnected, for all devices that have not connected since the call. The server calls
   * this method before its first connection, because evidence without a connection must expire. The method ends early when `work` stops.
   */
  disconnectAll(work?: { readonly stopped: boolean }): Promise<void>;
}

export interface IntakePorts {
  readonly store: IntakeStore;
  readonly ip: AddressLookup;
  readonly clock: Clock;
  readonly changes: Pick<DeviceChanges, 'devicesMoved'>;
}

export function createLocationIntake({ store, ip, clock, changes }: IntakePorts): LocationIntake {
  const queue = createDeviceQueues();

  async function change(
    device: DeviceId,
    generation: number,
    step: (state: LocationState, now: Instant) => Step | Promise<Step>,
    { report = null, ofConnection = false }: Partial<Pick<LocationWrite, 'report' | 'ofConnection'>> = {},
  ): Promise<boolean> {
    const now = clock.now();
    const before = await store.location(device);
    const { state, evidence } = await step(before, now);
    if (state === before) return false;
    await store.save({
      device,
      generation,
      state,
      evidence,
      at: now,
      unknownAt: unknownFrom(state),
      report,
      ofConnection,
    });
    if (mayChangeVerdict(before, state, now)) changes.devicesMoved([device]);
    return report !== null;
  }

  async function add(
    device: DeviceId,
    generation: number,
    all: readonly Evidence[],
    options: Parameters<typeof change>[3] = {},
  ): Promise<boolean> {
    if (all.length === 0) return false;
    const step = (before: LocationState) => addEvidence(store, device, before, all);
    return change(device, generation, step, options);
  }

  function areasOfAddress(address: string): readonly HomeArea[] {
    const { country } = ip.lookUp(address);
    return country ? [country] : [];
  }

  async function addAddress(
    device: DeviceId,
    generation: number,
    address: string | null,
    connected: boolean,
  ): Promise<readonly HomeArea[]> {
    const { use } = ip.current();
    const areas = address === null ? [] : areasOfAddress(address);
    const at = clock.now();
    if (address !== null && areas.length > 0) {
      const observation: Observation = { source: 'address', areas, at, ...(connected && { connected }) };
      await add(device, generation, [{ observation, detail: '', use }], { ofConnection: true });
    } else {
      await change(device, generation, disconnect, { ofConnection: true });
    }
    return areas;
  }

  const lost = createLostConnections({
    store,
    disconnect: (device, generation) =>
      queue(device, async () => {
        if (lost.isLost(device)) await change(device, generation, disconnect, { ofConnection: true });
      }),
  });

  return {
    areasOfAddress,

    observeAddress: (device, generation, address, connected) =>
      queue(device, () => {
        lost.noteConnection(device);
        return addAddress(device, generation, address, connected);
      }),

    relocate: async (connection) => {
      const { device, generation, address, areas } = connection;
      if (address === null || areasOfAddress(address).join() === areas.join()) return null;
      // `connection.open` must be read inside the device's queue. If the connection ends later, a later task of the queue records the end.
      return queue(device, async () => (connection.open ? addAddress(device, generation, address, true) : null));
    },

    observe: (device, generation, observations, report = null) =>
      queue(device, () => add(device, generation, evidenceOfDevice(observations, clock.now()), { report })),

    deviceChanged: (device) =>
      queue(device, async () => {
        const known = await store.statement(device);
        if (!known) return;
        const { generation, statement } = known;
        if (statement) {
          const { areas, until, reason } = statement;
          const at = Math.min(statement.at, clock.now());
          const applied = (await store.location(device)).sightings.statement;
          if (applied && applied.at === at && applied.until === until) return;
          const observation: Observation = { source: 'statement', areas, at, until };
          await add(device, generation, [{ observation, detail: reason }]);
          return;
        }
        await change(device, generation, withdrawStatement);
      }),

    disconnectAll: (work = { stopped: false }) => lost.endAll(work),
  };
}

interface Step {
  readonly state: LocationState;
  readonly evidence: readonly Evidence[];
}

/** Tasks of one device run one after another, because each task reads and writes the device's location. */
function createDeviceQueues() {
  const last = new Map<DeviceId, Promise<unknown>>();
  return <T>(device: DeviceId, task: () => Promise<T>): Promise<T> => {
    const before = last.get(device) ?? Promise.resolve();
    const current = before.then(task);
    const settled = current.catch(() => undefined);
    last.set(device, settled);
    void settled.then(() => last.get(device) === settled && last.delete(device));
    return current;
  };
}

/** Keeps only positions and mobile networks. A time in the future is replaced by the current time. */
function evidenceOfDevice(observations: readonly Observation[], now: Instant): Evidence[] {
  const own = observations.filter(({ source }) => source === 'position' || source === 'network');
  return own.map(({ source, areas, at, whole }) => ({
    observation: { source, areas, at: Math.min(at, now), ...(whole && { whole }) },
    detail: '',
  }));
}

async function addEvidence(
  store: Pick<IntakeStore, 'history'>,
  device: DeviceId,
  before: LocationState,
  all: readonly Evidence[],
): Promise<Step> {
  const isLate = ({ observation: { source, at } }: Evidence) =>
    at < before.at && at > (before.sightings[source]?.at ?? 0);
  const step = foldInSequence(before, all);
  if (!all.some(isLate)) return step;
  const stored = await store.history(device, before.at - HISTORY);
  const newest = EVIDENCE_SOURCES.map((source) => before.sightings[source]).filter((known) => known !== undefined);
  const observations = all.map(({ observation }) => observation);
  const state = observeAll(emptyLocation(), [...stored, ...newest.map(observationOf), ...observations]);
  return { state, evidence: step.evidence };
}

/** Marks a device's address evidence as disconnected. From then on, the evidence ages and expires. */
function disconnect(state: LocationState, now: Instant): Step {
  const sighting = state.sightings.address;
  if (!sighting?.connected) return { state, evidence: [] };
  const observation: Observation = { source: 'address', areas: sighting.areas, at: Math.max(now, sighting.at) };
  return { state: fold(state, observation), evidence: [{ observation, detail: 'disconnected' }] };
}

function withdrawStatement(state: LocationState, now: Instant): Step {
  const ended = endStatement(state, now);
  const { statement } = ended.sightings;
  const changed = ended !== state && statement;
  return { state: ended, evidence: changed ? [{ observation: observationOf(statement), detail: 'ended' }] : [] };
}

function observationOf({ source, areas, at, whole, until, connected }: Observation): Observation {
  return {
    source,
    areas,
    at,
    ...(whole !== undefined && { whole }),
    ...(until !== undefined && { until }),
    ...(connected !== undefined && { connected }),
  };
}

/** Location after a batch of evidence that arrived in time, and the evidence that the server must store, both in the sequence of time. */
function foldInSequence(before: LocationState, all: readonly Evidence[]): Step {
  let state = before;
  const evidence: Evidence[] = [];
  for (const group of inSequence(all, observationIn)) {
    for (const each of group) {
      const { observation } = each;
      if (!mustStore(state, observation)) continue;
      const known = state.sightings[observation.source];
      if (known && endsRun(known, observation)) evidence.push(evidenceOf(known));
      evidence.push(each);
    }
    state = observeTogether(state, group.map(observationIn));
  }
  return { state, evidence };
}

/**
 * True if an observation is the last of a series of equal observations. It must be stored, because the series' last stored sample is older.
 */
function endsRun(known: Sighting, { source, areas, at }: Observation): boolean {
  if (source === 'address' || source === 'statement' || known.count < 3) return false;
  return at - known.at > SAMPLE || known.areas.join() !== [...areas].sort().join();
}

const observationIn = ({ observation }: Evidence) => observation;

const evidenceOf = (known: Sighting): Evidence => ({ observation: observationOf(known), detail: '' });

/**
 * True if the observation is a change, the confirmation of a change, or a sample. The location can later be computed again from these
 * observations.
 */
function mustStore(state: LocationState, { source, areas, at, connected }: Observation): boolean {
  const known = state.sightings[source];
  if (!known) return true;
  if (at <= known.at) return false;
  const same = known.areas.length === areas.length && known.areas.every((area) => areas.includes(area));
  if (!same || known.count < 2 || Boolean(known.connected) !== Boolean(connected)) return true;
  return Math.floor(at / SAMPLE) !== Math.floor(known.at / SAMPLE);
}

/** True if the change of location may change a verdict, or may let a verdict change at an earlier time than before. */
function mayChangeVerdict(before: LocationState, after: LocationState, now: Instant): boolean {
  const next = (state: LocationState) => nextLocationChange(state, now) ?? Number.POSITIVE_INFINITY;
  if (next(after) < next(before)) return true;
  if (onlyConfirms(before, after, now)) return false;
  const picture = (state: LocationState) => {
    const { areas, network } = locationAt(state, Math.max(now, state.at));
    return JSON.stringify([areas, network, settle(state, now).pending, state.stays, state.networkStays]);
  };
  return picture(before) !== picture(after);
}

/** Quick test for the most frequent case: the new evidence confirms the earlier location, and nothing expires between the two. */
function onlyConfirms(before: LocationState, after: LocationState, now: Instant): boolean {
  const at = Math.max(now, after.at);
  return (
    before.stays === after.stays &&
    before.networkStays === after.networkStays &&
    before.pending === null &&
    after.pending === null &&
    before.counted?.areas.join() === after.counted?.areas.join() &&
    before.sightings.network?.areas.join() === after.sightings.network?.areas.join() &&
    settle(before, at) === before &&
    settle(after, at) === after
  );
}
