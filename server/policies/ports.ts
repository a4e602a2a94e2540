import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { PolicyDocument } from '../../shared/policy/policy-document.ts';
import type { VersionsInUse } from '../../shared/policy/staged-rollout.ts';
import type { DeviceId, GroupId, PolicyId } from '../../shared/protocol/ids.ts';
import type { Devices } from '../devices/devices.ts';

/** Scope of an admin: the devices that the admin may see. */
export type Scope = Parameters<Devices['select']>[1];

export interface Policy extends VersionsInUse {
  readonly id: PolicyId;
  readonly name: string;
  /** Position in the order of precedence. The policy with the lower number has precedence. */
  readonly precedence: number;
  readonly createdAt: number;
  /** Groups to whose devices the policy applies, in the order of their identifiers. */
  readonly groups: readonly GroupId[];
  readonly newestVersion: number;
}

export interface PolicyVersion {
  readonly policy: PolicyId;
  readonly version: number;
  readonly document: PolicyDocument;
  readonly digest: string;
  readonly note: string;
  readonly createdAt: number;
  readonly createdBy: string;
}

type Entry = EntryDraft<'policy.version' | 'policy.rollout' | 'policy.assigned' | 'policy.ordered' | 'policy.deleted'>;

export interface PolicyStore {
  /** Policies in their order of precedence. */
  policies(): Promise<Policy[]>;
  /** Versions of a policy, newest first. */
  versions(policy: PolicyId, before: number | null, limit: number): Promise<PolicyVersion[]>;
  version(policy: PolicyId, version: number): Promise<PolicyVersion | null>;
  /** Stores a new policy behind all others. Throws `conflict` if another policy has the name, or if there are `most` policies. */
  insert(
    policy: Pick<Policy, 'id' | 'name' | 'createdAt'>,
    first: PolicyVersion,
    most: number,
    entry: Entry,
  ): Promise<void>;
  /** Stores the next version. Throws `conflict` unless the newest version is the one before it, and `not_found` for an unknown policy. */
  addVersion(version: PolicyVersion, entry: Entry): Promise<void>;
  rename(policy: PolicyId, name: string): Promise<boolean>;
  /** Assigns a policy to groups. Throws `not_found` for an unknown group. Returns false if the policy does not exist. */
  assign(policy: PolicyId, groups: readonly GroupId[], entry: Entry): Promise<boolean>;
  setVersions(policy: PolicyId, versions: VersionsInUse, entry: Entry): Promise<boolean>;
  /** Numbers the policies in the given order. Throws `conflict` if the list is not the list of all policies. */
  order(policies: readonly PolicyId[], entry: Entry): Promise<void>;
  /** Deletes a policy with its versions. Throws `conflict` if it is assigned to a group. */
  remove(policy: PolicyId, entry: Entry): Promise<boolean>;
  /** Groups of each active device: its primary group, and its further static and dynamic groups. */
  groupsOf(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, readonly GroupId[]>>;
  /** Active devices in the order of their identifiers. `groups`: only members of these groups, whether primary, static or dynamic. */
  devices(selection: {
    readonly scope: Scope;
    readonly groups: readonly GroupId[] | null;
    readonly after: DeviceId | null;
    readonly limit: number;
  }): Promise<DeviceId[]>;
}
