import type { HomeArea, LocationArea, OrderArea, Territory } from '../../shared/areas/area-code.ts';
import type { TerritoryPolicy } from '../../shared/areas/territory-policy.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { AccountId, DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { LocationState, Observation } from '../../shared/verdict/terms.ts';

export interface LocationFacts {
  /** Home area from the location statement, or else from the device, or else from the device's group. */
  readonly home: HomeArea | null;
  readonly seat: HomeArea | null;
  readonly location: LocationState;
}

/**
 * Kinds of entries in the index by which an order finds devices.
 * - `present`: area in which the device may be.
 * - `seen`: any other area in the device's evidence, even if the evidence has expired.
 * - `network`: area of the mobile network.
 * - `connected`: the device is connected, so the location evidence from its IP address does not expire.
 */
export type IndexedNexus = 'present' | 'seen' | 'network' | 'connected';

export interface IndexEntry {
  readonly nexus: IndexedNexus;
  readonly area: LocationArea | '';
}

export interface Evidence {
  readonly observation: Observation;
  /** Detail of the evidence for admins: the IP address, or the accuracy of a position. It never contains coordinates. */
  readonly detail: string;
  readonly use?: number;
}

export interface StoredEvidence extends Evidence {
  readonly receivedAt: Instant;
}

export type UsedDatabase = Pick<IpDatabase, 'hash' | 'name' | 'builtAt'>;

export type WithDatabase<E extends Evidence> = E & {
  /** IP database that located the address. Null for evidence that is not an address, or if the server did not record the database. */
  readonly database: UsedDatabase | null;
};

export interface PastAssignment {
  readonly generation: number;
  readonly status: 'active' | 'revoked' | 'unenrolled';
  readonly group: { readonly id: GroupId; readonly name: string };
  readonly home: HomeArea | null;
  readonly homeBy: 'statement' | 'device' | 'group' | null;
  readonly seat: HomeArea | null;
  /** Start of the stored history of the device's group, home area and legal seat. */
  readonly known: Instant;
}

export interface LocationWrite {
  readonly device: DeviceId;
  readonly generation: number;
  readonly state: LocationState;
  /** Time at which the last evidence expires and the location becomes unknown; null if no evidence expires. */
  readonly unknownAt: Instant | null;
  readonly evidence: readonly Evidence[];
  readonly at: Instant;
  /** Report that contained the evidence. The same transaction marks the report as stored. Null for evidence of the server itself. */
  readonly report: ReportMark | null;
  /** True if the evidence is the address of a connection. A power failure may undo such a write, because it also ends the connection. */
  readonly ofConnection: boolean;
}

/** Sequence number of a device's report, and the number of the session (`epoch`) in which the report arrived. */
export interface ReportMark {
  readonly epoch: number;
  readonly seq: number;
}

/** Query for the devices that an order may affect. A matching device matches at least one of the fields. */
export interface AffectedQuery {
  readonly locations: readonly LocationArea[];
  readonly homes: readonly HomeArea[];
  readonly seats: readonly HomeArea[];
  /**
   * Reference time for unknown locations: devices whose location is unknown at this time also match the query. Null if an unknown location
   * does not match.
   */
  readonly unknownAt: Instant | null;
}

export interface Statement {
  readonly areas: readonly HomeArea[];
  readonly reason: string;
  readonly at: Instant;
  readonly until: Instant;
}

export interface FactsStore {
  facts(devices: readonly DeviceId[]): Promise<Map<DeviceId, LocationFacts>>;
}

export interface IntakeStore {
  /** Location of a device. For one device, calls of this method and of `save` must not overlap. */
  location(device: DeviceId): Promise<LocationState>;
  /** Stores a change of location. The change is durable when the promise resolves. */
  save(write: LocationWrite): Promise<void>;
  /** Devices with evidence of a connection, sorted by id. `after`: last id of the previous page. */
  connected(after: DeviceId | null, limit: number): Promise<{ device: DeviceId; generation: number }[]>;
  /** Observations of a device, oldest first. */
  history(device: DeviceId, since: Instant): Promise<Observation[]>;
  statement(device: DeviceId): Promise<{ generation: number; statement: Statement | null } | null>;
}

export interface PastStore {
  /**
   * Returns the device's group, home area, legal seat and enrollment at a past time. Null for an unknown device, and for a time before the
   * device's enrollment.
   */
  pastAssignment(device: DeviceId, at: Instant): Promise<PastAssignment | null>;
  evidenceUntil(device: DeviceId, until: Instant, limit: number): Promise<StoredEvidence[]>;
  /** Time of the oldest legal hold on the device or its user; null without a legal hold. */
  legalHoldSince(device: DeviceId): Promise<Instant | null>;
  databasesOf(uses: readonly number[]): Promise<ReadonlyMap<number, UsedDatabase>>;
  recent(device: DeviceId, limit: number): Promise<Evidence[]>;
}

export interface ViewStore extends FactsStore {
  affected(query: AffectedQuery): Promise<DeviceId[]>;
}

export interface AddressStore {
  /**
   * Active devices with current address evidence, sorted by id, with ids above `after`. Evidence is current while the device is connected,
   * and for `within` milliseconds after a disconnection.
   */
  addresses(
    after: DeviceId | null,
    limit: number,
    counts: { readonly now: Instant; readonly within: number },
  ): Promise<{ device: DeviceId; address: string }[]>;
}

export interface IpDatabase {
  readonly hash: string;
  readonly name: string;
  readonly importedAt: Instant;
  /** Account that imported the IP database. Null if the server itself imported the IP database, from its package or configuration. */
  readonly importedBy: string | null;
  readonly size: number;
  readonly builtAt: Instant;
  readonly active: boolean;
}

export interface IpDatabaseUse {
  readonly id: number;
  readonly hash: string;
  readonly at: Instant;
  readonly by: string | null;
}

export interface IpDatabaseStore {
  ipDatabases(): Promise<IpDatabase[]>;
  addIpDatabase(database: Omit<IpDatabase, 'active'>): Promise<void>;
  ipDatabaseUses(): Promise<IpDatabaseUse[]>;
  activateIpDatabase(
    hash: string,
    by: string | null,
    entry: EntryDraft<'ip-database.activated'>,
  ): Promise<IpDatabaseUse | null>;
}

/** One version of a named area. Exactly one of `members` (group of countries) and `polygon` is not null. */
export interface NamedArea {
  readonly code: OrderArea;
  readonly version: number;
  readonly title: string;
  readonly members: readonly HomeArea[] | null;
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
  namedAreas(): Promise<KnownArea[]>;
  /**
   * Adds a version of a named area. Calls `check` within the transaction, with the newest stored version (null for a new area). An error of
   * `check` prevents the change.
   */
  addNamedArea(area: Omit<NamedArea, 'version'>, check: (newest: AreaContent | null) => void): Promise<NamedArea>;
  /**
   * Deletes every version of a named area, unless a revision of an order names the area. Returns the sorted numbers of the orders that name
   * the area; empty if the area was deleted, null if the area does not exist. Calls `check` within the transaction, with the newest
   * version. An error of `check` prevents the deletion.
   */
  removeNamedArea(code: OrderArea, check: (newest: AreaContent) => void): Promise<string[] | null>;
}

export interface StoredPolicy {
  readonly document: TerritoryPolicy;
  readonly hash: string;
  readonly importedAt: Instant;
  readonly importedBy: string | null;
}

/** Territory policy with its import data, which is null for the built-in policy (version 0). */
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

/** Territory that two policies assign differently. `from` and `to`: assigned country; null for no country. */
export interface TerritoryChange {
  readonly territory: Territory;
  readonly from: HomeArea | null;
  readonly to: HomeArea | null;
}

export interface TerritoryPolicyStore {
  territoryPolicies(): Promise<StoredPolicy[]>;
  /** Stores a territory policy. Returns false and changes nothing if the store has a policy with the same or a higher version. */
  addTerritoryPolicy(policy: StoredPolicy): Promise<boolean>;
  /** Returns the activations of territory policies, newest first. If `limit` is null, returns all activations. */
  territoryPolicyUses(limit: number | null): Promise<PolicyUse[]>;
  activateTerritoryPolicy(
    version: number,
    by: string | null,
    entry: EntryDraft<'territory-policy.activated'>,
  ): Promise<void>;
}
