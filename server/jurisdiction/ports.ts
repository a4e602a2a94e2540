import type { HomeArea, LocationArea, OrderArea, Territory } from '../../shared/areas/area-code.ts';
import type { TerritoryPolicy } from '../../shared/areas/territory-policy.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { AccountId, DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { LocationState, Observation } from '../../shared/verdict/terms.ts';

/** Facts about a device that a verdict needs, except the device's exemptions. */
export interface LocationFacts {
  /** Home area that applies to the device: from a location statement, or else set on the device itself, or else set on its group. */
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly location: LocationState;
}

/**
 * Kinds of index entries of a device. `present`: an area in which the device may be. `seen`: another area of any evidence. `network`: an
 * area of the mobile network. `connected`: the device is connected, so its address evidence does not expire.
 */
export type IndexedNexus = 'present' | 'seen' | 'network' | 'connected';

export interface Evidence {
  readonly observation: Observation;
  /** Detail of the evidence for admins: the IP address, or the accuracy of a position. It never contains coordinates. */
  readonly detail: string;
  /** Number of the activation of the IP database that located the address (`IpDatabaseUse.id`). */
  readonly use?: number;
}

export interface StoredEvidence extends Evidence {
  readonly receivedAt: Instant;
}

export type UsedDatabase = Pick<IpDatabase, 'hash' | 'name' | 'builtAt'>;

export type WithDatabase<E extends Evidence> = E & {
  /** IP database that located the address. Null if the evidence is not an address, or if the server did not record the database. */
  readonly database: UsedDatabase | null;
};

export interface PastAssignment {
  readonly generation: number;
  readonly status: 'active' | 'revoked' | 'unenrolled';
  readonly group: { readonly id: GroupId; readonly name: string };
  readonly home: HomeArea | null;
  readonly homeBy: 'statement' | 'device' | 'group' | null;
  readonly seat: HomeArea | null;
  /** Time since which the server records the assignments of the device. */
  readonly known: Instant;
}

export interface LocationWrite {
  readonly device: DeviceId;
  readonly generation: number;
  readonly state: LocationState;
  readonly nexus: readonly { readonly nexus: IndexedNexus; readonly area: LocationArea | '' }[];
  /** Time at which the last evidence expires, so that the location becomes unknown; null if no evidence expires. */
  readonly unknownAt: Instant | null;
  readonly evidence: readonly Evidence[];
  readonly at: Instant;
}

/** Query for the devices that an order may affect. A device matches if it matches at least one of the fields. */
export interface AffectedQuery {
  /** Areas to search for in the locations and in all evidence of devices. */
  readonly locations: readonly LocationArea[];
  readonly homes: readonly HomeArea[];
  readonly seats: readonly HomeArea[];
  /** Includes devices whose location is unknown at this time; null to exclude devices with an unknown location. */
  readonly unknownAt: Instant | null;
}

export interface Statement {
  readonly areas: readonly HomeArea[];
  readonly reason: string;
  readonly at: Instant;
  readonly until: Instant;
}

export interface FactsStore {
  /** Facts for verdicts, by device id. Unknown devices are absent. */
  facts(devices: readonly DeviceId[]): Promise<Map<DeviceId, LocationFacts>>;
}

export interface IntakeStore extends FactsStore {
  /** Stores a change of location. The change is durable when the promise resolves. */
  save(write: LocationWrite): Promise<void>;
  /** Devices whose address is recorded as connected. */
  connected(): Promise<{ device: DeviceId; generation: number }[]>;
  /** Observations of a device since the given time, oldest first. */
  history(device: DeviceId, since: Instant): Promise<Observation[]>;
  /** Location statement about the device; null if the device does not exist. */
  statement(device: DeviceId): Promise<{ generation: number; statement: Statement | null } | null>;
}

/** Store of past evidence and assignments. */
export interface PastStore {
  /**
   * Group, home, legal seat and status of the device at a past time. Null for an unknown device, and for a time before the device's
   * enrollment.
   */
  pastAssignment(device: DeviceId, at: Instant): Promise<PastAssignment | null>;
  /** Stored evidence of a device up to the time `until`, newest first. */
  evidenceUntil(device: DeviceId, until: Instant, limit: number): Promise<StoredEvidence[]>;
  /** Time of the oldest legal hold on the device or its user; null without a legal hold. */
  legalHoldSince(device: DeviceId): Promise<Instant | null>;
  databasesOf(uses: readonly number[]): Promise<ReadonlyMap<number, UsedDatabase>>;
  /** Newest evidence of the device, newest first. */
  recent(device: DeviceId, limit: number): Promise<Evidence[]>;
}

export interface ViewStore extends FactsStore {
  /** Active devices that match the query. */
  affected(query: AffectedQuery): Promise<DeviceId[]>;
}

export interface AddressStore {
  /**
   * Active devices with current address evidence, sorted by id, with ids above `after`. The evidence is current if the device is connected,
   * or was disconnected less than `within` milliseconds ago.
   */
  addresses(
    after: DeviceId | null,
    limit: number,
    counts: { readonly now: Instant; readonly within: number },
  ): Promise<{ device: DeviceId; address: string }[]>;
}

export interface IpDatabase {
  /** SHA-256 of the database file, hex. */
  readonly hash: string;
  readonly name: string;
  readonly importedAt: Instant;
  /** Account that imported the database. Null if the server itself imported it, from its package or configuration. */
  readonly importedBy: string | null;
  /** Size of the file in bytes. */
  readonly size: number;
  /** Build time according to the metadata of the file. */
  readonly builtAt: Instant;
  readonly active: boolean;
}

export interface IpDatabaseUse {
  /** Number of the activation, which increases with each activation. */
  readonly id: number;
  readonly hash: string;
  readonly at: Instant;
  readonly by: string | null;
}

export interface IpDatabaseStore {
  ipDatabases(): Promise<IpDatabase[]>;
  /** Records a database. Does nothing if the database is already recorded. */
  addIpDatabase(database: Omit<IpDatabase, 'active'>): Promise<void>;
  /** Activations, newest first. */
  ipDatabaseUses(): Promise<IpDatabaseUse[]>;
  /** Activates a database. Returns the new activation, or null if no database has this hash. */
  activateIpDatabase(
    hash: string,
    by: string | null,
    entry: EntryDraft<'ip-database.activated'>,
  ): Promise<IpDatabaseUse | null>;
}

/** One version of a named area. A group of countries has `members`, a polygon has `polygon`; the field that does not apply is null. */
export interface NamedArea {
  readonly code: OrderArea;
  readonly version: number;
  readonly title: string;
  readonly members: readonly HomeArea[] | null;
  /** Outline of the polygon. Coordinates have the units of `OrderPolygon`. */
  readonly polygon: {
    readonly rings: readonly (readonly number[])[];
    readonly touches: readonly LocationArea[];
  } | null;
  readonly madeAt: Instant;
  readonly madeBy: AccountId;
}

/** Newest version of a named area. `earlier`: the older versions, newest first. */
export interface KnownArea extends NamedArea {
  readonly earlier: readonly Pick<NamedArea, 'version' | 'title' | 'madeAt' | 'madeBy'>[];
}

export type AreaContent = Pick<NamedArea, 'members' | 'polygon'>;

export interface NamedAreaStore {
  /** Named areas of the operator, sorted by code. */
  namedAreas(): Promise<KnownArea[]>;
  /**
   * Adds a version of a named area. Calls `check` within the transaction, with the newest stored version, or with null for a new area. If
   * `check` throws, the store changes nothing.
   */
  addNamedArea(area: Omit<NamedArea, 'version'>, check: (newest: AreaContent | null) => void): Promise<NamedArea>;
  /**
   * Deletes every version of a named area, unless a revision of an order names the area. Returns the numbers of the orders that name the
   * area, sorted; if the array is empty, the area was deleted. Returns null if the area does not exist. Calls `check` within the
   * transaction, with the newest version; if `check` throws, the store changes nothing.
   */
  removeNamedArea(code: OrderArea, check: (newest: AreaContent) => void): Promise<string[] | null>;
}

export interface StoredPolicy {
  readonly document: TerritoryPolicy;
  /** SHA-256 of the policy's canonical JSON, hex. */
  readonly hash: string;
  readonly importedAt: Instant;
  readonly importedBy: string | null;
}

/** Territory policy with the facts about its import. The built-in policy (version 0) was not imported, so its nullable fields are null. */
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

/**
 * Territory that two policies assign differently. `from` and `to`: the assigned country; null if the policy assigns the territory to no
 * country.
 */
export interface TerritoryChange {
  readonly territory: Territory;
  readonly from: HomeArea | null;
  readonly to: HomeArea | null;
}

export interface TerritoryPolicyStore {
  /** Territory policies, newest version first. */
  territoryPolicies(): Promise<StoredPolicy[]>;
  /** Stores a policy. Returns false, without a change, if a stored policy has the same or a higher version. */
  addTerritoryPolicy(policy: StoredPolicy): Promise<boolean>;
  /** Activations of policies, newest first. `limit`: maximum number of activations; null for all. */
  territoryPolicyUses(limit: number | null): Promise<PolicyUse[]>;
  activateTerritoryPolicy(
    version: number,
    by: string | null,
    entry: EntryDraft<'disputed-policy.activated'>,
  ): Promise<void>;
}
