/** What the jurisdiction module asks of the store, and the shapes that go through it. */
import type { AreaCode, DisputedFeature } from '../../shared/areas/area-code.ts';
import type { DisputedPolicy } from '../../shared/areas/disputed-policy.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { AccountId, DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { LocationState, Observation } from '../../shared/verdict/terms.ts';

/** What is known of a device but for its exemptions, which the orders module holds. */
export interface PlaceFacts {
  /** What a statement says, or else the device's own, or else its group's. */
  readonly home: AreaCode | null;
  readonly seat: AreaCode | null;
  readonly location: LocationState;
}

/** `present`: candidates of the location; `seen`: what any source says; `connected`: its address does not age. */
export type Tie = 'present' | 'seen' | 'network' | 'connected';

export interface Evidence {
  readonly observation: Observation;
  /** For an admin to read: the address, the accuracy. Never coordinates. */
  readonly detail: string;
  /** By which use of which IP database an address was located (`IpDatabaseUse.id`). */
  readonly use?: number;
}

/** As it is kept. */
export interface KeptEvidence extends Evidence {
  /** When the server was told. */
  readonly receivedAt: Instant;
}

export type UsedDatabase = Pick<IpDatabase, 'hash' | 'name' | 'builtAt'>;

export type Located<E extends Evidence> = E & {
  /** By which an address was located; null: it is no address, or one whose database was not noted. */
  readonly database: UsedDatabase | null;
};

/** To what a device belonged at some time. */
export interface Belonging {
  readonly generation: number;
  readonly status: 'active' | 'revoked' | 'unenrolled';
  readonly group: { readonly id: GroupId; readonly name: string };
  readonly home: AreaCode | null;
  /** Whose word the home was. */
  readonly homeBy: 'statement' | 'device' | 'group' | null;
  readonly seat: AreaCode | null;
  /** From when on it is known to what the device belonged. */
  readonly known: Instant;
}

/** One step of a device's location: what was observed, what it amounts to, and where the index finds the device from now on. */
export interface LocationWrite {
  readonly device: DeviceId;
  readonly generation: number;
  readonly state: LocationState;
  readonly ties: readonly { readonly tie: Tie; readonly area: AreaCode | '' }[];
  /** When the last evidence lapses; null: not by itself. */
  readonly unknownAt: Instant | null;
  readonly evidence: readonly Evidence[];
  readonly at: Instant;
}

/** Which devices an order may reach; every part is a union with the others. */
export interface Reached {
  /** Located, seen or served there. */
  readonly places: readonly AreaCode[];
  readonly homes: readonly AreaCode[];
  readonly seats: readonly AreaCode[];
  /** Those whose location is unknown at this instant; null: do not care. */
  readonly unknownAt: Instant | null;
}

export interface Statement {
  readonly areas: readonly AreaCode[];
  readonly reason: string;
  readonly at: Instant;
  readonly until: Instant;
}

export interface LocationStore {
  /** Devices that do not exist are left out. */
  facts(devices: readonly DeviceId[]): Promise<Map<DeviceId, PlaceFacts>>;
  /** Resolves when it is durable. */
  save(write: LocationWrite): Promise<void>;
  /** Active devices only. */
  reached(query: Reached): Promise<DeviceId[]>;
  /** Devices whose address is held to be still connected. */
  connected(): Promise<{ device: DeviceId; generation: number }[]>;
  /** Observations made at `since` or later, oldest first. */
  history(device: DeviceId, since: Instant): Promise<Observation[]>;
  /** The newest evidence first. */
  recent(device: DeviceId, limit: number): Promise<Evidence[]>;
  /** What was observed at `until` or before, the newest first. */
  evidenceUntil(device: DeviceId, until: Instant, limit: number): Promise<KeptEvidence[]>;
  /** Since when a legal hold has stood on the device or its user; null: none does. */
  heldSince(device: DeviceId): Promise<Instant | null>;
  /** The IP databases behind these uses. */
  databasesOf(uses: readonly number[]): Promise<ReadonlyMap<number, UsedDatabase>>;
  /** Active devices by id, from behind `after`, whose address counts at `now`: connected, or left less than `within` ago. */
  addresses(
    after: DeviceId | null,
    limit: number,
    counts: { readonly now: Instant; readonly within: number },
  ): Promise<{ device: DeviceId; address: string }[]>;
  /** Null when it was not enrolled yet, or is not known. */
  belonging(device: DeviceId, at: Instant): Promise<Belonging | null>;
  /** The admin's word on where the device is; null for none. */
  statement(device: DeviceId): Promise<{ generation: number; statement: Statement | null } | null>;
}

export interface IpDatabase {
  /** SHA-256 of the file, hex. */
  readonly hash: string;
  readonly name: string;
  readonly importedAt: Instant;
  /** An account; null: the server itself, from its package or its configuration. */
  readonly importedBy: string | null;
  /** Bytes. */
  readonly size: number;
  /** When its maker built it. */
  readonly builtAt: Instant;
  readonly active: boolean;
}

export interface IpDatabaseUse {
  /** Rises. */
  readonly id: number;
  readonly hash: string;
  /** From when on. */
  readonly at: Instant;
  readonly by: string | null;
}

export interface IpDatabaseStore {
  ipDatabases(): Promise<IpDatabase[]>;
  /** Does nothing when it is there already. */
  addIpDatabase(database: Omit<IpDatabase, 'active'>): Promise<void>;
  /** The newest first. */
  ipDatabaseUses(): Promise<IpDatabaseUse[]>;
  /** The use that begins with it; null when there is none of this hash. */
  activateIpDatabase(
    hash: string,
    by: string | null,
    leaf: LeafDraft<'ip-database.activated'>,
  ): Promise<IpDatabaseUse | null>;
}

/** One version of a group of one's own (`members`) or of a polygon (`polygon`); the other is null. */
export interface NamedArea {
  /** `XG-sales`, `XZ-lahore`. */
  readonly code: AreaCode;
  readonly version: number;
  readonly title: string;
  readonly members: readonly AreaCode[] | null;
  /** `OrderPolygon` has the units. */
  readonly polygon: { readonly rings: readonly (readonly number[])[]; readonly touches: readonly AreaCode[] } | null;
  readonly madeAt: Instant;
  readonly madeBy: AccountId;
}

/** The newest version, and what is known of those before it, the newest first. */
export interface KnownArea extends NamedArea {
  readonly earlier: readonly Pick<NamedArea, 'version' | 'title' | 'madeAt' | 'madeBy'>[];
}

/** The countries of a named area: members of a group, or outline of a polygon. */
export type AreaContent = Pick<NamedArea, 'members' | 'polygon'>;

export interface NamedAreaStore {
  /** By code. */
  namedAreas(): Promise<KnownArea[]>;
  /**
   * Adds the version after the newest. `check` gets the newest version within the transaction, null if the area is new. If `check` throws, the
   * store changes nothing.
   */
  addNamedArea(area: Omit<NamedArea, 'version'>, check: (newest: AreaContent | null) => void): Promise<NamedArea>;
  /**
   * Removes every version, unless a revision of an order names the area. Returns the numbers of those orders, in their order; null when there is
   * no such area. `check` works as for `addNamedArea`.
   */
  removeNamedArea(code: AreaCode, check: (newest: AreaContent) => void): Promise<string[] | null>;
}

/** As it was imported. */
export interface KeptPolicy {
  readonly document: DisputedPolicy;
  /** SHA-256 of its canonical JSON, hex. */
  readonly hash: string;
  readonly importedAt: Instant;
  readonly importedBy: string | null;
}

/** A policy that can be taken. Of the one that is built in (version 0) nobody has a document: `date`, `hash` and the rest are null. */
export interface PolicyInHand extends Pick<DisputedPolicy, 'version' | 'title' | 'features'> {
  readonly date: string | null;
  readonly hash: string | null;
  readonly importedAt: Instant | null;
  readonly importedBy: string | null;
  readonly active: boolean;
}

export interface DisputedPolicyUse {
  readonly version: number;
  /** From when on. */
  readonly at: Instant;
  readonly by: string | null;
}

/** Ground that another policy counts otherwise; null: contested. */
export interface GroundMove {
  readonly feature: DisputedFeature;
  readonly from: AreaCode | null;
  readonly to: AreaCode | null;
}

export interface DisputedPolicyStore {
  /** The newest version first. */
  disputedPolicies(): Promise<KeptPolicy[]>;
  /** False, and nothing has changed, unless its version is above all that are kept. */
  addDisputedPolicy(policy: KeptPolicy): Promise<boolean>;
  /** The newest first; null: all of them. */
  disputedPolicyUses(limit: number | null): Promise<DisputedPolicyUse[]>;
  activateDisputedPolicy(
    version: number,
    by: string | null,
    leaf: LeafDraft<'disputed-policy.activated'>,
  ): Promise<void>;
}
