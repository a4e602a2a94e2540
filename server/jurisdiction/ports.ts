/** What the jurisdiction module asks of the store, and the shapes that go through it. */
import type { AreaCode } from '../../shared/areas/area-code.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
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
  /** The admin's word on where the device is; null for none. */
  statement(device: DeviceId): Promise<{ generation: number; statement: Statement | null } | null>;
}

export interface IpDatabase {
  /** SHA-256 of the file, hex. */
  readonly hash: string;
  readonly name: string;
  readonly importedAt: Instant;
  /** When its maker built it. */
  readonly builtAt: Instant;
  readonly active: boolean;
}

export interface IpDatabaseStore {
  ipDatabases(): Promise<IpDatabase[]>;
  /** Does nothing when it is there already. */
  addIpDatabase(database: Omit<IpDatabase, 'active'>): Promise<void>;
  /** False when there is none of this hash. */
  activateIpDatabase(hash: string, leaf: LeafDraft<'ip-database.activated'>): Promise<boolean>;
}
