/**
 * Where devices are: takes evidence in, keeps each device's location and the index by which an order finds its devices. It decides no
 * verdict and knows no order; coordinates never come here (the device turns them into areas), and a device's own word on its address
 * or an admin's statement is not believed.
 */
import { type AreaCode, parseEvidenceArea } from '../../shared/areas/area-code.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import {
  emptyLocation,
  endStatement,
  observe as fold,
  locationAt,
  nextLocationChange,
  observeAll,
  settle,
  sourcesAt,
  unknownFrom,
} from '../../shared/verdict/locate.ts';
import {
  EVIDENCE_SOURCES,
  type EvidenceSource,
  type Location,
  type LocationState,
  type Observation,
  type OrderRule,
  type Sighting,
} from '../../shared/verdict/terms.ts';
import type { Bus } from '../bus/bus.ts';
import { compareDatabases, type IpComparison } from './ip-comparison.ts';
import type { IpDatabases } from './ip-database.ts';
import { EVIDENCE_DAYS, type PastPlace, pastPlace, withDatabases } from './past.ts';
import type { Evidence, IpDatabase, IpDatabaseUse, LocationStore, PlaceFacts, UsedDatabase } from './ports.ts';
import { reachOf, tiesOf } from './ties.ts';

const HOUR = 3_600_000;
/** How far back the evidence is folded again when some of it comes late. */
const HISTORY = 32 * 24 * HOUR;
/** Evidence that says the same again is kept this often: enough to fold it again, since it stays fresh for longer. */
const SAMPLE = 6 * HOUR;
const RECENT = 50;

/** An observation as a device sends it: areas not yet checked. */
export interface Reported {
  readonly source: Observation['source'];
  readonly areas: readonly string[];
  readonly at: Instant;
  readonly whole?: boolean | undefined;
}

export interface Jurisdiction {
  /** Where an address is: nothing for one that is no evidence. */
  areasOfAddress(ip: string): readonly AreaCode[];
  /** The observed source address of a device's connection; `connected: false` when it ends. Durable when it resolves. */
  observeAddress(
    device: DeviceId,
    generation: number,
    ip: string | null,
    connected: boolean,
  ): Promise<readonly AreaCode[]>;
  /**
   * The address of a device that is connected, by the database that is in use now: what it says if that is something else than `areas`, and is evidence
   * then. Null: it says the same, or the connection is over. Durable when it resolves.
   */
  locateAnew(seen: SeenAddress): Promise<readonly AreaCode[] | null>;
  /**
   * What a device observed: its positions and networks, others are ignored. Throws `unknown_area` and then changes nothing. Durable when
   * it resolves.
   */
  observe(device: DeviceId, generation: number, observations: readonly Reported[]): Promise<void>;
  /** The admin's statement on the device may have changed. */
  deviceChanged(device: DeviceId): Promise<void>;
  /** At the start of the server: no address is connected until a device connects again. */
  disconnectAll(): Promise<void>;
  facts(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, PlaceFacts>>;
  /** Every device that the order may reach, and perhaps a few more: the verdict decides. */
  affectedBy(rule: OrderRule): Promise<DeviceId[]>;
  evidence(device: DeviceId): Promise<{ location: LocationView; sources: SourceView[]; observations: EvidenceView[] }>;
  /** See `past.ts`. */
  past(device: DeviceId, at: Instant): Promise<PastPlace>;
  /** Where each of them is, or may be; nothing of those whose place is not known. */
  whereabouts(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, string[]>>;
  ipDatabases(): Promise<IpDatabase[]>;
  ipDatabaseUses(): Promise<IpDatabaseUse[]>;
  importIpDatabase(name: string, bytes: AsyncIterable<Uint8Array>, by: string | null): Promise<IpDatabase>;
  activateIpDatabase(hash: string, by: string | null): Promise<IpDatabase>;
  /** Takes again what was in use before; throws `conflict` when nothing was. */
  rollBackIpDatabase(by: string | null): Promise<IpDatabase>;
  /** What this one would say of the addresses that count now, against the one in use. One at a time. */
  compareIpDatabase(hash: string): Promise<IpComparison>;
  /** Takes up what another node has taken. */
  followIpDatabase(): Promise<void>;
  currentIpDatabase(): ReturnType<IpDatabases['current']>;
}

/** A connection and what was said of its address. */
export interface SeenAddress {
  readonly device: DeviceId;
  readonly generation: number;
  readonly address: string | null;
  readonly areas: readonly string[];
  /** It still stands. */
  readonly open: boolean;
}

/** Copies that a view may hold: what the rules hand out is read-only. */
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

interface Ports {
  readonly store: LocationStore;
  readonly ip: IpDatabases;
  readonly clock: Clock;
  readonly bus: Bus;
  /** How many days back a device can be explained. */
  readonly evidenceDays?: number;
}

export function createJurisdiction(ports: Ports): Jurisdiction {
  const { store, ip, clock, bus, evidenceDays = EVIDENCE_DAYS } = ports;

  /** A location is read, folded and written by one at a time for each device. */
  const turns = new Map<DeviceId, Promise<unknown>>();

  let comparing: Promise<unknown> = Promise.resolve();

  function inTurn<T>(device: DeviceId, task: () => Promise<T>): Promise<T> {
    const before = turns.get(device) ?? Promise.resolve();
    const mine = before.then(task, task);
    const settled = mine.then(
      () => undefined,
      () => undefined,
    );
    turns.set(device, settled);
    void settled.then(() => turns.get(device) === settled && turns.delete(device));
    return mine;
  }

  async function stateOf(device: DeviceId): Promise<LocationState> {
    return (await store.facts([device])).get(device)?.location ?? emptyLocation();
  }

  async function change(
    device: DeviceId,
    generation: number,
    step: (state: LocationState, now: Instant) => Promise<{ state: LocationState; evidence: readonly Evidence[] }>,
  ): Promise<void> {
    const now = clock.now();
    const before = await stateOf(device);
    const { state, evidence } = await step(before, now);
    if (state === before) return;
    await store.save({
      device,
      generation,
      state,
      evidence,
      at: now,
      unknownAt: unknownFrom(state),
      ties: tiesOf(state),
    });
    if (moved(before, state, now)) bus.publish({ kind: 'verdicts', devices: [device] });
  }

  async function take(device: DeviceId, generation: number, all: readonly Evidence[]): Promise<void> {
    if (all.length === 0) return;
    await change(device, generation, async (before) => {
      const observations = all.map(({ observation }) => observation);
      const evidence = news(before, all);
      return { state: await foldIn(device, before, observations), evidence };
    });
  }

  /** Evidence from a time that has already been folded over (a device that was away) is put in its place among what is kept. */
  async function foldIn(
    device: DeviceId,
    state: LocationState,
    observations: readonly Observation[],
  ): Promise<LocationState> {
    const late = observations.filter(({ source, at }) => at < state.at && at > (state.sightings[source]?.at ?? 0));
    if (late.length === 0) return observeAll(state, observations);
    const kept = await store.history(device, state.at - HISTORY);
    const newest = EVIDENCE_SOURCES.map((source) => state.sightings[source]).filter(
      (sighting) => sighting !== undefined,
    );
    return observeAll(emptyLocation(), [...kept, ...newest.map(observationOf), ...observations]);
  }

  function areasOfAddress(address: string): readonly AreaCode[] {
    const { country } = ip.look(address);
    return country ? [country] : [];
  }

  async function seeAddress(
    device: DeviceId,
    generation: number,
    address: string | null,
    connected: boolean,
  ): Promise<readonly AreaCode[]> {
    const { use } = ip.current();
    const areas = address === null ? [] : areasOfAddress(address);
    const at = clock.now();
    if (address !== null && areas.length > 0) {
      const observation: Observation = { source: 'address', areas, at, ...(connected && { connected }) };
      await take(device, generation, [{ observation, detail: address, use }]);
    } else {
      await disconnect(device, generation);
    }
    return areas;
  }

  /** Whoever is connected is located by it from now on, on this node and on others. */
  async function taken(database: Promise<IpDatabase>): Promise<IpDatabase> {
    const active = await database;
    bus.publish({ kind: 'ip-database' });
    return active;
  }

  return {
    areasOfAddress,

    observeAddress: (device, generation, address, connected) =>
      inTurn(device, () => seeAddress(device, generation, address, connected)),

    locateAnew: async (seen) => {
      const { device, generation, address, areas } = seen;
      if (address === null || areasOfAddress(address).join() === areas.join()) return null;
      // Within its turn: one that ends meanwhile has its end recorded behind this.
      return inTurn(device, async () => (seen.open ? seeAddress(device, generation, address, true) : null));
    },

    observe: (device, generation, reported) =>
      inTurn(device, async () => {
        const now = clock.now();
        const believed = reported.filter(({ source }) => source === 'position' || source === 'network');
        const evidence = believed.map(({ source, areas, at, whole }): Evidence => {
          const observation = { source, areas: areas.map(parseEvidenceArea), at: Math.min(at, now) };
          return { observation: whole ? { ...observation, whole } : observation, detail: '' };
        });
        await take(device, generation, evidence);
      }),

    deviceChanged: (device) =>
      inTurn(device, async () => {
        const known = await store.statement(device);
        if (!known) return;
        const { generation, statement } = known;
        if (statement) {
          const { areas, until, reason } = statement;
          const observation: Observation = {
            source: 'statement',
            areas,
            at: Math.min(statement.at, clock.now()),
            until,
          };
          const held = (await stateOf(device)).sightings.statement;
          if (held && held.at === observation.at && held.until === until) return;
          await take(device, generation, [{ observation, detail: reason }]);
          return;
        }
        await change(device, generation, async (state, now) => {
          const ended = endStatement(state, now);
          const word = ended.sightings.statement;
          return {
            state: ended,
            evidence: ended !== state && word ? [{ observation: observationOf(word), detail: 'ended' }] : [],
          };
        });
      }),

    async disconnectAll() {
      const left = await store.connected();
      await Promise.all(left.map(({ device, generation }) => inTurn(device, () => disconnect(device, generation))));
    },

    facts: (devices) => store.facts(devices),

    affectedBy: (rule) => store.reached(reachOf(rule, clock.now())),

    async evidence(device) {
      const now = clock.now();
      const state = await stateOf(device);
      const { certainty, areas, source, disagree, network } = locationAt(state, now);
      const recent = await withDatabases(store, await store.recent(device, RECENT));
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

    past: (device, at) => pastPlace(store, device, { at, now: clock.now(), days: evidenceDays }),

    async whereabouts(devices) {
      const now = clock.now();
      const found = await store.facts(devices);
      return new Map([...found].map(([device, { location }]) => [device, [...locationAt(location, now).areas]]));
    },

    ipDatabases: () => ip.list(),
    ipDatabaseUses: () => ip.uses(),
    importIpDatabase: (name, bytes, by) => ip.import(name, bytes, by),
    activateIpDatabase: (hash, by) => taken(ip.activate(hash, by)),
    rollBackIpDatabase: (by) => taken(ip.rollback(by)),
    compareIpDatabase: (hash) => {
      const compared = comparing.then(async () => compareDatabases(store, clock.now(), ip.look, await ip.open(hash)));
      comparing = compared.catch(() => undefined);
      return compared;
    },
    followIpDatabase: () => ip.follow(),
    currentIpDatabase: () => ip.current(),
  };

  /** The address that was seen begins to age. */
  async function disconnect(device: DeviceId, generation: number): Promise<void> {
    await change(device, generation, async (state, now) => {
      const seen = state.sightings.address;
      if (!seen?.connected) return { state, evidence: [] };
      const observation: Observation = { source: 'address', areas: seen.areas, at: Math.max(now, seen.at) };
      return { state: fold(state, observation), evidence: [{ observation, detail: 'disconnected' }] };
    });
  }
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

/** What must be kept of a batch, in the order of time. */
function news(before: LocationState, all: readonly Evidence[]): Evidence[] {
  let state = before;
  return [...all]
    .sort((a, b) => a.observation.at - b.observation.at)
    .flatMap((each) => {
      const { observation } = each;
      const known = state.sightings[observation.source];
      const kept = isNews(state, observation) ? [each] : [];
      const last = known && kept.length > 0 && endsRun(known, observation) ? [lastOf(known)] : [];
      state = fold(state, observation);
      return [...last, ...kept];
    });
}

/** Whether a source breaks off what it had been saying, so that its last word counts and not the last sample of it alone. */
function endsRun(known: Sighting, { source, areas, at }: Observation): boolean {
  if (source === 'address' || source === 'statement' || known.count < 3) return false;
  return at - known.at > SAMPLE || known.areas.join() !== [...areas].sort().join();
}

const lastOf = (known: Sighting): Evidence => ({ observation: observationOf(known), detail: '' });

/** Whether an observation must be kept to fold the evidence again: a change, its confirmation, and now and then a sample. */
function isNews(state: LocationState, { source, areas, at, connected }: Observation): boolean {
  const known = state.sightings[source];
  if (!known) return true;
  if (at <= known.at) return false;
  const same = known.areas.length === areas.length && known.areas.every((area) => areas.includes(area));
  if (!same || known.count < 2 || Boolean(known.connected) !== Boolean(connected)) return true;
  return Math.floor(at / SAMPLE) !== Math.floor(known.at / SAMPLE);
}

/** Whether a verdict may differ, or change sooner than it said: the location, the network, or what will count or lapse. */
function moved(before: LocationState, after: LocationState, now: Instant): boolean {
  const picture = (state: LocationState) => {
    const { areas, network } = locationAt(state, Math.max(now, state.at));
    return JSON.stringify([areas, network, settle(state, now).pending, state.stays, state.networkStays]);
  };
  const next = (state: LocationState) => nextLocationChange(state, now) ?? Number.POSITIVE_INFINITY;
  return next(after) < next(before) || picture(before) !== picture(after);
}
