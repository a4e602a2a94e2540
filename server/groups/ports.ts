import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import type { Scope } from '../devices/devices.ts';
import type { FactValues } from './facts.ts';

export interface DynamicGroup {
  readonly id: GroupId;
  readonly expression: string;
  /** Last device, by id, for which the server has evaluated the expression; null if it has evaluated all devices. */
  readonly builtAfter: string | null;
}

/** Device whose facts changed. `sources`: sum of bits of `FACT_SOURCES`. `version` changes with each further change. */
export interface ChangedDevice {
  readonly device: DeviceId;
  readonly sources: number;
  readonly version: number;
}

export interface MembershipPair {
  readonly group: GroupId;
  readonly device: DeviceId;
}

/** Result of an evaluation. The store ignores the result for a group whose expression has changed since. */
export interface MembershipChange {
  readonly evaluated: readonly DynamicGroup[];
  readonly add: readonly MembershipPair[];
  readonly remove: readonly MembershipPair[];
  readonly processed: readonly ChangedDevice[];
  /**
   * Position that the build of the incomplete groups in `evaluated` has reached: the last evaluated device, or null at the end of the
   * fleet.
   */
  readonly builtAfter?: string | null;
}

/** Kind of a device's membership. A device has one primary group, which gives it its home area, legal seat and mail rule. */
export type MembershipKind = 'primary' | 'static' | 'dynamic';

export interface DeviceMembership {
  readonly id: GroupId;
  readonly name: string;
  readonly kind: MembershipKind;
}

/** Reason why a group cannot be deleted. `count`: number of uses of this kind. */
export interface GroupUse {
  readonly kind: string;
  readonly count: number;
  readonly names: readonly string[];
}

export interface NewDynamicGroup {
  readonly id: GroupId;
  readonly name: string;
  readonly expression: string;
  readonly createdAt: number;
}

export interface GroupMemberStore {
  dynamicGroups(): Promise<DynamicGroup[]>;
  /** Stores a dynamic group. Throws `conflict` if the name is in use, or if there are too many dynamic groups. */
  insertDynamic(group: NewDynamicGroup): Promise<void>;
  /**
   * Makes a dynamic group trusted or untrusted. Throws `not_found` for an unknown group, and `conflict` for a static group or while a role
   * uses the group.
   */
  setTrusted(group: GroupId, trusted: boolean): Promise<void>;
  /** Adds devices to a static group and removes others. Throws `not_found` for an unknown group, and `conflict` for a dynamic group. */
  changeMembers(group: GroupId, add: readonly DeviceId[], remove: readonly DeviceId[]): Promise<void>;
  /** Devices with changed facts, at most `limit`. */
  changed(limit: number): Promise<ChangedDevice[]>;
  /** Devices with ids above `after`, in the order of their ids. Ended devices are included. */
  devicesAfter(after: string, limit: number, scope: Scope): Promise<DeviceId[]>;
  /** Memberships of the devices in the given groups, without primary groups. */
  memberships(devices: readonly DeviceId[], groups: readonly GroupId[]): Promise<MembershipPair[]>;
  apply(change: MembershipChange): Promise<void>;
  /**
   * Marks devices whose location expired before `now` as changed. Returns false if there may be more. Each call marks at most `limit`
   * devices and stores its position.
   */
  markExpiredLocations(now: number, limit: number): Promise<boolean>;
  /** Deletes members of deleted groups. Returns false if there may be more. */
  deleteEndedMembers(limit: number): Promise<boolean>;
  membershipsOf(device: DeviceId): Promise<DeviceMembership[]>;
  uses(group: GroupId): Promise<GroupUse[]>;
}

export interface FactReader {
  /** Facts of the given sources (sum of bits of `FACT_SOURCES`) for each of the devices. */
  facts(devices: readonly DeviceId[], sources: number, now: number): Promise<ReadonlyMap<DeviceId, FactValues>>;
}
