/** Port of custom roles to the store. */
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { AccountId, CustomRoleId } from '../../shared/protocol/ids.ts';
import type { RightName } from './rights.ts';

export interface CustomRole {
  readonly id: CustomRoleId;
  readonly name: string;
  readonly description: string;
  readonly rights: readonly RightName[];
  readonly version: number;
  readonly createdAt: number;
  readonly changedAt: number;
}

export interface CustomRoleVersion {
  readonly version: number;
  readonly name: string;
  readonly description: string;
  readonly rights: readonly string[];
  readonly digest: string;
  readonly changedBy: string;
  readonly at: number;
}

export interface CustomRoleUses {
  readonly grants: readonly {
    readonly account: AccountId;
    readonly name: string;
    readonly group: string | null;
    readonly area: string | null;
    readonly invited: boolean;
    readonly source: 'manual' | 'provider';
  }[];
  readonly tokens: readonly { readonly id: string; readonly name: string; readonly account: AccountId }[];
}

export type CustomRoleKind = 'custom-role.created' | 'custom-role.changed' | 'custom-role.deleted';

export interface StoredVersion {
  readonly role: CustomRole;
  readonly digest: string;
  readonly by: AccountId;
  readonly entry: EntryDraft<CustomRoleKind>;
}

export interface CustomRoleStore {
  roles(): Promise<CustomRole[]>;
  role(id: CustomRoleId): Promise<CustomRole | null>;
  /** Newest first. */
  versions(id: CustomRoleId, limit: number): Promise<CustomRoleVersion[]>;
  uses(id: CustomRoleId): Promise<CustomRoleUses>;
  /** Stores a new role. Throws `conflict` if another role has the name, or if `most` roles exist. */
  create(created: StoredVersion, most: number): Promise<void>;
  /** Stores the next version of a role. Throws `conflict` if the stored version is not its predecessor, or if another role has the name. */
  change(changed: StoredVersion): Promise<void>;
  /** Deletes the role with its versions. If a grant or an API token uses the role, deletes nothing and returns these uses. */
  remove(id: CustomRoleId, entry: EntryDraft<CustomRoleKind>): Promise<CustomRoleUses | null>;
}
