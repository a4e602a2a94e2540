import type { HomeArea, LocationArea, OrderArea, Territory } from '../../shared/areas/area-code.ts';
import type { TerritoryPolicy } from '../../shared/areas/territory-policy.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { AccountId, DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { LocationState, Observation } from '../../shared/verdict/terms.ts';

/** Facts about a device for a verdict, without its exemptions. */
export interface LocationFacts {
  /** Home area by an admin's statement, else the device's own, else its group's. */
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly location: LocationState;
}

/** Kinds of index entries. `present`: candidates of the location. `seen`: areas of any source. `connected`: the address does not expire. */
export type IndexedNexus = 'present' | 'seen' | 'network' | 'connected';

export interface Evidence {
  readonly observation: Observation;
  /** Text for admins: the address or the accuracy. Never coordinates. */
  readonly detail: string;
  /** Activation of the IP database that located an address (`IpDatabaseUse.id`). */
  readonly use?: number;
}

export interface StoredEvidence extends Evidence {
  readonly receivedAt: Instant;
}

export type UsedDatabase = Pick<IpDatabase, 'hash' | 'name' | 'builtAt'>;

export type WithDatabase<E extends Evidence> = E & {
  /** Null if the evidence is no address or its database was not recorded. */
  readonly database: UsedDatabase | null;
};

export interface PastAssignment {
  readonly generation: number;
  readonly status: 'active' | 'revoked' | 'unenrolled';
  readonly group: { readonly id: GroupId; readonly name: string };
  readonly home: HomeArea | null;
  readonly homeBy: 'statement' | 'device' | 'group' | null;
  readonly seat: HomeArea | null;
  /** Start of the records about the device's assignments. */
  readonly known: Instant;
}

export interface LocationWrite {
  readonly device: DeviceId;
  readonly generation: number;
  readonly state: LocationState;
  readonly nexus: readonly { readonly nexus: IndexedNexus; readonly area: LocationArea | '' }[];
  /** Time at which the last evidence expires; null if none expires. */
  readonly unknownAt: Instant | null;
  readonly evidence: readonly Evidence[];
  readonly at: Instant;
}

/** Query for devices that an order may affect: the union of all parts. */
export interface AffectedQuery {
  /** Areas of devices' locations, or areas that any source reports. */
  readonly locations: readonly LocationArea[];
  readonly homes: readonly HomeArea[];
  readonly seats: readonly HomeArea[];
  /** Includes devices whose location is unknown at this time; null to exclude them. */
  readonly unknownAt: Instant | null;
}

export interface Statement {
  readonly areas: readonly HomeArea[];
  readonly reason: string;
  readonly at: Instant;
  readonly until: Instant;
}

export interface FactsStore {
  /** Facts by device. Unknown devices are absent. */
  facts(devices: readonly DeviceId[]): Promise<Map<DeviceId, LocationFacts>>;
}

export interface IntakeStore extends FactsStore {
  /** Stores a change of location. It is durable when the promise resolves. */
  save(write: LocationWrite): Promise<void>;
  /** Devices whose address is recorded as connected. */
  connected(): Promise<{ device: DeviceId; generation: number }[]>;
  /** Observations since a time, oldest first. */
  history(device: DeviceId, since: Instant): Promise<Observation[]>;
  /** The admin's location statement; null without one. */
  statement(device: DeviceId): Promise<{ generation: number; statement: Statement | null } | null>;
}

export interface PastStore extends FactsStore {
  /** Null for an unknown device, and for a time before its enrollment. */
  pastAssignment(device: DeviceId, at: Instant): Promise<PastAssignment | null>;
  /** Evidence up to `until`, newest first. */
  evidenceUntil(device: DeviceId, until: Instant, limit: number): Promise<StoredEvidence[]>;
  /** Time of the oldest legal hold on the device or its user; null without one. */
  legalHoldSince(device: DeviceId): Promise<Instant | null>;
  databasesOf(uses: readonly number[]): Promise<ReadonlyMap<number, UsedDatabase>>;
}

export interface ViewStore extends PastStore {
  /** Active devices that the query finds. */
  affected(query: AffectedQuery): Promise<DeviceId[]>;
  /** Evidence of the device, newest first. */
  recent(device: DeviceId, limit: number): Promise<Evidence[]>;
}

export interface AddressStore {
  /**
   * Active devices with ids above `after`, sorted by id, with current address evidence: connected, or disconnected for less than `within`.
   */
  addresses(
    after: DeviceId | null,
    limit: number,
    counts: { readonly now: Instant; readonly within: number },
  ): Promise<{ device: DeviceId; address: string }[]>;
}

export type LocationStore = IntakeStore & ViewStore & AddressStore;

export interface IpDatabase {
  /** SHA-256 of the file, hex. */
  readonly hash: string;
  readonly name: string;
  readonly importedAt: Instant;
  /** Account of the import; null for an import by the server itself, from its package or configuration. */
  readonly importedBy: string | null;
  /** Size in bytes. */
  readonly size: number;
  /** Build time in the file's own metadata. */
  readonly builtAt: Instant;
  readonly active: boolean;
}

export interface IpDatabaseUse {
  /** Number of the activation, which increases. */
  readonly id: number;
  readonly hash: string;
  readonly at: Instant;
  readonly by: string | null;
}

export interface IpDatabaseStore {
  ipDatabases(): Promise<IpDatabase[]>;
  /** Records a database. Does nothing if the database exists. */
  addIpDatabase(database: Omit<IpDatabase, 'active'>): Promise<void>;
  /** Activations, newest first. */
  ipDatabaseUses(): Promise<IpDatabaseUse[]>;
  /** Returns the new activation, or null if no database has this hash. */
  activateIpDatabase(
    hash: string,
    by: string | null,
    entry: EntryDraft<'ip-database.activated'>,
  ): Promise<IpDatabaseUse | null>;
}

/** One version of a custom group (`members`) or of a polygon (`polygon`). The other field is null. */
export interface NamedArea {
  readonly code: OrderArea;
  readonly version: number;
  readonly title: string;
  readonly members: readonly HomeArea[] | null;
  /** Outline in the units of `OrderPolygon`. */
  readonly polygon: {
    readonly rings: readonly (readonly number[])[];
    readonly touches: readonly LocationArea[];
  } | null;
  readonly madeAt: Instant;
  readonly madeBy: AccountId;
}

/** The newest version of an area. `earlier`: newest first. */
export interface KnownArea extends NamedArea {
  readonly earlier: readonly Pick<NamedArea, 'version' | 'title' | 'madeAt' | 'madeBy'>[];
}

export type AreaContent = Pick<NamedArea, 'members' | 'polygon'>;

export interface NamedAreaStore {
  /** Areas of the operator, sorted by code. */
  namedAreas(): Promise<KnownArea[]>;
  /**
   * Adds a version. `check` gets the newest version within the transaction, or null for a new area. If `check` throws, the store changes
   * nothing.
   */
  addNamedArea(area: Omit<NamedArea, 'version'>, check: (newest: AreaContent | null) => void): Promise<NamedArea>;
  /**
   * Removes every version, unless a revision of an order names the area. Returns the numbers of those orders, sorted; null if the area does
   * not exist. `check` works as for `addNamedArea`.
   */
  removeNamedArea(code: OrderArea, check: (newest: AreaContent) => void): Promise<string[] | null>;
}

export interface StoredPolicy {
  readonly document: TerritoryPolicy;
  /** SHA-256 of the canonical JSON, hex. */
  readonly hash: string;
  readonly importedAt: Instant;
  readonly importedBy: string | null;
}

/** A policy and its import. The built-in one (version 0) has no document, so these fields are null. */
export interface ListedPolicy extends Pick<TerritoryPolicy, 'version' | 'title' | 'features'> {
  readonly date: string | null;
  readonly hash: string | null;
  readonly importedAt: Instant | null;
  readonly importedBy: string | null;
  readonly active: boolean;
}

export interface PolicyUse {
  readonly version: number;
  readonly at: Instant;
  readonly by: string | null;
}

/** A territory with different assignments in two policies; null: contested. */
export interface TerritoryChange {
  readonly territory: Territory;
  readonly from: HomeArea | null;
  readonly to: HomeArea | null;
}

export interface TerritoryPolicyStore {
  /** Policies, newest version first. */
  territoryPolicies(): Promise<StoredPolicy[]>;
  /** Returns false and changes nothing unless the version is above all others. */
  addTerritoryPolicy(policy: StoredPolicy): Promise<boolean>;
  /** Activations, newest first. `limit`: null for all. */
  territoryPolicyUses(limit: number | null): Promise<PolicyUse[]>;
  activateTerritoryPolicy(
    version: number,
    by: string | null,
    entry: EntryDraft<'disputed-policy.activated'>,
  ): Promise<void>;
}
