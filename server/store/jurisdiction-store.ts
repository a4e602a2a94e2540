/**
 * Store of location evidence, of locations, and of the index in which the server finds the devices of an order. One transaction stores all
 * three.
 */
import { sql } from 'kysely';
import { createBatcher } from '../../shared/loops/batcher.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { emptyLocation, unknownFrom } from '../../shared/verdict/locate.ts';
import type { LocationState, Observation } from '../../shared/verdict/terms.ts';
import { haveSameNexus, nexusOf, wholeAreasOf } from '../jurisdiction/nexus-index.ts';
import type {
  AddressStore,
  AffectedQuery,
  Evidence,
  IntakeStore,
  LocationFacts,
  LocationWrite,
  Statement,
  ViewStore,
} from '../jurisdiction/ports.ts';
import { affectedDevices } from './affected-devices.ts';
import { areaOf } from './area-column.ts';
import { type Cell, insertOf, tableOf } from './bulk.ts';
import { markFactsOf } from './changed-facts.ts';
import type { Database, Db, Tx } from './database.ts';
import { keyedQuery } from './keyed-query.ts';
import { timesOf, withTimes } from './location-times.ts';
import { markReports, OF_CONNECTIONS } from './presence-store.ts';
import { StoreCache } from './store-cache.ts';

const CHUNK = 500;
/** Maximum number of locations in memory. One location takes about 1 KiB. */
const MOST_COMMITTED = 20_000;

/** Location of all devices without evidence. They share it, to save memory. */
const NOWHERE = emptyLocation();

interface Committed {
  readonly state: LocationState;
  /**
   * Location from the columns `state` and `previous_location`, without the newer times in the column `times`. The field `state` above
   * includes these times. Null if the device has no row.
   */
  readonly stored: LocationState | null;
  /**
   * True if the index entries are known to be current. Before the first write they must be compared, because an update of the server can
   * change the codes of the index.
   */
  readonly indexed: boolean;
}

interface Saving {
  readonly write: LocationWrite;
  /** True if the index already has the entries of the new location. */
  readonly indexed: boolean;
  /** True if `locations` already has the areas and the expiry of the new location. */
  readonly listed: boolean;
  /** Times of the new location if only they changed, and otherwise null. */
  readonly times: string | null;
}

function* chunks<T>(items: readonly T[]): Generator<readonly T[]> {
  for (let from = 0; from < items.length; from += CHUNK) yield items.slice(from, from + CHUNK);
}

export class JurisdictionStore implements IntakeStore, ViewStore, AddressStore {
  readonly #database: Database;
  readonly #save: (write: Saving) => Promise<void>;
  readonly #saveOfConnection: (write: Saving) => Promise<void>;
  /**
   * Locations as last committed, because a device reports its location far more often than the location changes. No other process writes
   * locations (`store-lock.ts`).
   */
  readonly #committed = new StoreCache<DeviceId, Committed>(MOST_COMMITTED);
  readonly #selectLocationFacts: ReturnType<typeof locationFactsQuery>;
  readonly #selectStatements: ReturnType<typeof statementsQuery>;
  readonly #factsOf = createBatcher((devices: readonly DeviceId[]) => this.#readFacts(devices), { most: CHUNK });

  readonly #statementOf = createBatcher(
    async (devices: readonly DeviceId[]) => {
      const rows = await this.#selectStatements(devices);
      return new Map(rows.map((row) => [deviceIdSchema.parse(row.id), row]));
    },
    { most: CHUNK },
  );

  constructor(database: Database) {
    this.#database = database;
    this.#selectLocationFacts = locationFactsQuery(database.db);
    this.#selectStatements = statementsQuery(database.db);
    this.#saveOfConnection = database.grouped(saveAll, OF_CONNECTIONS);
    this.#save = database.grouped(saveAll, { first: true });
    database.onReset(() => this.#committed.clear());
  }

  async facts(devices: readonly DeviceId[]): Promise<Map<DeviceId, LocationFacts>> {
    const [only] = devices;
    if (only === undefined || devices.length > 1) return this.#readFacts(devices);
    const facts = await this.#factsOf(only);
    return new Map(facts ? [[only, facts]] : []);
  }

  async #readFacts(devices: readonly DeviceId[]): Promise<Map<DeviceId, StoredFacts>> {
    const found = new Map<DeviceId, StoredFacts>();
    for (const ids of chunks(devices)) {
      const rows = await this.#selectLocationFacts(ids);
      for (const row of rows) found.set(deviceIdSchema.parse(row.id), locationFactsOf(row));
    }
    return found;
  }

  async location(device: DeviceId): Promise<LocationState> {
    const committed = this.#committed.get(device);
    if (committed) return committed.state;
    const row = await this.#factsOf(device);
    const state = row === undefined || row.location.at === 0 ? NOWHERE : row.location;
    const stored = row?.stored ?? null;
    // Writes of one device never overlap, so the newest revision is correct.
    this.#committed.add(device, { state, stored, indexed: false }, this.#committed.revision);
    return state;
  }

  async save(write: LocationWrite): Promise<void> {
    const { device, state, unknownAt } = write;
    const committed = this.#committed.get(device);
    const indexed = committed?.indexed === true && haveSameNexus(committed.state, state);
    const listed = indexed && unknownFrom(committed.state) === unknownAt;
    const times = indexed && committed.stored ? timesOf(committed.stored, state) : null;
    const stored = times === null ? state : (committed?.stored ?? null);
    const save = write.ofConnection ? this.#saveOfConnection : this.#save;
    const saving: Saving = { write, indexed, listed, times };
    await this.#committed.write(device, { state, stored, indexed: true }, () => save(saving));
  }

  affected(query: AffectedQuery): Promise<DeviceId[]> {
    return affectedDevices(this.#database.db, query);
  }

  async connected(after: DeviceId | null, limit: number): Promise<{ device: DeviceId; generation: number }[]> {
    const rows = await this.#database.db
      .selectFrom('device_nexus')
      .innerJoin('devices', 'devices.id', 'device_nexus.device_id')
      .select(['devices.id', 'devices.generation'])
      .where('device_nexus.nexus', '=', 'connected')
      .where('device_nexus.area', '=', '')
      .where('device_nexus.device_id', '>', after ?? '')
      .orderBy('device_nexus.device_id')
      .limit(limit)
      .execute();
    return rows.map(({ id, generation }) => ({ device: deviceIdSchema.parse(id), generation }));
  }

  async history(device: DeviceId, since: Instant): Promise<Observation[]> {
    const rows = await this.#database.db
      .selectFrom('evidence')
      .select('detail')
      .where('device_id', '=', device)
      .where('at', '>=', since)
      .orderBy('at')
      .orderBy('id')
      .execute();
    return rows.map(({ detail }) => evidenceOf(detail).observation);
  }

  async statement(device: DeviceId): Promise<{ generation: number; statement: Statement | null } | null> {
    const row = await this.#statementOf(device);
    if (!row) return null;
    const statement: (Statement & { kind: string }) | null = row.statement === null ? null : JSON.parse(row.statement);
    return { generation: row.generation, statement: statement?.kind === 'presence' ? statement : null };
  }

  async addresses(
    after: DeviceId | null,
    limit: number,
    { now, within }: { readonly now: Instant; readonly within: number },
  ): Promise<{ device: DeviceId; address: string }[]> {
    const rows = await this.#database.db
      .selectFrom('devices')
      .innerJoin('device_presence as presence', 'presence.device_id', 'devices.id')
      .select(['devices.id', 'presence.address'])
      .where('devices.status', '=', 'active')
      .where('devices.id', '>', after ?? '')
      .where('presence.address', 'is not', null)
      .where((eb) => eb.or([eb('presence.connected', '=', 1), eb('presence.changed_at', '>', now - within)]))
      .orderBy('devices.id')
      .limit(limit)
      .execute();
    return rows.map(({ id, address }) => ({ device: deviceIdSchema.parse(id), address: address ?? '' }));
  }
}

interface StoredFacts extends LocationFacts {
  /** Location from the columns `state` and `previous_location`; null if the device has no row. */
  readonly stored: LocationState | null;
}

/** Parses a stored location without validation, because the server validates each location before it stores the location. */
function locationOf(state: string, before: string | null): LocationState {
  return { ...JSON.parse(state), before: before === null ? null : JSON.parse(before) };
}

export function locationColumns({ before, sightings, at, counted, pending, stays, networkStays }: LocationState) {
  const state = { sightings, at, counted, pending, stays, networkStays } satisfies Omit<LocationState, 'before'>;
  return { state: JSON.stringify(state), previous_location: before && JSON.stringify(before) };
}

/** Content of the column `areas` for a location. */
export const areasColumn = (state: LocationState): string => wholeAreasOf(state).join(' ');

export function evidenceOf(text: string): Evidence {
  const evidence: Evidence = JSON.parse(text);
  return evidence;
}

async function saveAll(tx: Tx, savings: readonly Saving[]): Promise<void> {
  const writes = savings.map(({ write }) => write);
  const evidence = writes.flatMap(({ device, generation, evidence, at: received }) =>
    evidence.map((one) => [device, generation, one.observation.at, JSON.stringify(one), received]),
  );
  if (evidence.length > 0) await insertOf('evidence', EVIDENCE, evidence).execute(tx);
  // If a device has several writes in this group, the last one decides the location. The evidence of all of them is stored.
  const last = [...new Map(writes.map((write) => [write.device, write])).values()];
  await storeStates(tx, savings);
  const without = (part: 'listed' | 'indexed') => {
    const incomplete = new Set(savings.flatMap((saving) => (saving[part] ? [] : [saving.write.device])));
    return last.filter(({ device }) => incomplete.has(device));
  };
  await replaceLocations(tx, without('listed'));
  for (const some of chunks(without('indexed'))) await replaceNexus(tx, some);
  await markReports(
    tx,
    writes.flatMap(({ device, at, report }) => (report ? [{ device, at, ...report }] : [])),
  );
}

/** Writes the locations of a group: only the times of a location if nothing else changed, and otherwise the whole location. */
async function storeStates(tx: Tx, savings: readonly Saving[]): Promise<void> {
  const last = new Map<DeviceId, Saving>();
  for (const saving of savings) {
    // Times apply to the stored location only, and an earlier write of this group replaces that location.
    const first = !last.has(saving.write.device);
    last.set(saving.write.device, first ? saving : { ...saving, times: null });
  }
  const whole: Cell[][] = [];
  const confirmed: Cell[][] = [];
  for (const { write, times } of last.values()) {
    const { device, state: location } = write;
    if (times !== null) {
      confirmed.push([device, times]);
      continue;
    }
    const { state, previous_location } = locationColumns(location);
    whole.push([device, state, previous_location]);
  }
  if (whole.length > 0)
    await sql`${insertOf('location_states', STATES, whole)} on conflict (device_id) do update set
      state = excluded.state, previous_location = excluded.previous_location, times = null`.execute(tx);
  if (confirmed.length > 0)
    await sql`update location_states set times = v.column2 from ${tableOf(['text', 'text'], confirmed)} as v
      where device_id = v.column1`.execute(tx);
}

const EVIDENCE = {
  device_id: 'text',
  generation: 'bigint',
  at: 'bigint',
  detail: 'text',
  received_at: 'bigint',
} as const;
const STATES = { device_id: 'text', state: 'text', previous_location: 'text' } as const;
const LOCATIONS = { device_id: 'text', areas: 'text', unknown_at: 'bigint' } as const;

/** Stores the areas and the expiry of locations. Most new locations change neither, so their rows and the index stay untouched. */
async function replaceLocations(tx: Tx, writes: readonly LocationWrite[]): Promise<void> {
  if (writes.length === 0) return;
  const known = writes.map(({ device, state, at }) => [device, areasColumn(state), at]);
  await markFactsOf(
    tx,
    sql`select v.column1 from ${tableOf(['text', 'text', 'bigint'], known)} as v
      left join locations on locations.device_id = v.column1
      where locations.areas is distinct from v.column2 or locations.unknown_at <= v.column3`,
    'location',
  );
  const rows = insertOf(
    'locations',
    LOCATIONS,
    writes.map(({ device, state, unknownAt }) => [device, areasColumn(state), unknownAt]),
  );
  await sql`${rows} on conflict (device_id) do update set
    areas = excluded.areas, unknown_at = excluded.unknown_at`.execute(tx);
}

/** Index entries of a location as a text, so that two locations can be compared. */
const nexusKey = (nexus: readonly { readonly nexus: string; readonly area: string }[]): string =>
  nexus
    .map((each) => `${each.nexus} ${each.area}`)
    .sort()
    .join();

/**
 * Replaces the index entries of devices (areas with which they have a connection). Unchanged entries are not written, because most new
 * locations change nothing in the index.
 */
async function replaceNexus(tx: Tx, writes: readonly LocationWrite[]): Promise<void> {
  const devices = writes.map(({ device }) => device);
  const stored = new Map<string, { nexus: string; area: string }[]>();
  const rows = await tx.selectFrom('device_nexus').selectAll().where('device_id', 'in', devices).execute();
  for (const { device_id, nexus, area } of rows)
    stored.set(device_id, [...(stored.get(device_id) ?? []), { nexus, area }]);
  await markLocated(
    tx,
    devices.filter((device) => !stored.has(device)),
  );
  const changed = writes
    .map(({ device, state }) => ({ device, nexus: nexusOf(state) }))
    .filter(({ device, nexus }) => nexusKey(nexus) !== nexusKey(stored.get(device) ?? []));
  if (changed.length === 0) return;
  await tx
    .deleteFrom('device_nexus')
    .where(
      'device_id',
      'in',
      changed.map(({ device }) => device),
    )
    .execute();
  const fresh = changed.flatMap(({ device, nexus }) => nexus.map((each) => ({ device_id: device, ...each })));
  for (const some of chunks(fresh)) await tx.insertInto('device_nexus').values(some).execute();
}

const locationFactsQuery = (db: Db) =>
  keyedQuery(db, (devices) =>
    selectLocationFacts(db).select('states.previous_location').where('devices.id', 'in', devices),
  );

const statementsQuery = (db: Db) =>
  keyedQuery(db, (devices) =>
    db.selectFrom('devices').select(['id', 'generation', 'statement']).where('id', 'in', devices),
  );

/** Marks devices as located, including devices whose index entries did not change: the location may be their first one. */
async function markLocated(tx: Tx, devices: readonly DeviceId[]): Promise<void> {
  if (devices.length === 0) return;
  await tx
    .updateTable('devices')
    .set({ located: 1 })
    .where('id', 'in', devices)
    .where('located', '=', sql.lit(0))
    .execute();
}

/** Home area, legal seat and location of devices, without the column `previous_location`, which only an update of the location reads. */
export function selectLocationFacts(db: Db) {
  return db
    .selectFrom('devices')
    .innerJoin('groups', 'groups.id', 'devices.group_id')
    .leftJoin('location_states as states', 'states.device_id', 'devices.id')
    .select(['devices.id', 'devices.stated_home', 'devices.home', 'devices.seat', 'states.state', 'states.times'])
    .select(['groups.home as group_home', 'groups.seat as group_seat']);
}

type LocationRow = Awaited<ReturnType<ReturnType<typeof selectLocationFacts>['executeTakeFirstOrThrow']>>;

export function locationFactsOf(row: LocationRow & { readonly previous_location?: string | null }): StoredFacts {
  const stored = row.state === null ? null : locationOf(row.state, row.previous_location ?? null);
  return {
    home: areaOf(row.stated_home ?? row.home ?? row.group_home),
    seat: areaOf(row.seat ?? row.group_seat),
    location: stored && row.times !== null ? withTimes(stored, row.times) : (stored ?? emptyLocation()),
    stored,
  };
}
