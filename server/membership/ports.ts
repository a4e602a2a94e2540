import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { ApproverSet } from '../../shared/order/approvers.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import type { Devices } from '../devices/devices.ts';
import type { Ledger } from '../ledger/ledger.ts';

export type MemberScope = Parameters<Devices['select']>[1];

export interface KeyRow {
  readonly device: DeviceId;
  readonly generation: number;
  readonly person: string;
  readonly name: string;
  readonly signatureKey: string;
  readonly payload: string;
  readonly digest: string;
  readonly certifiedAt: number;
}

export interface KeySignature {
  readonly keyid: string;
  readonly role: 'online' | 'organization';
  readonly signature: string;
  /** Index of the ledger entry; null until the ledger has sequenced it. */
  readonly entryIndex: number | null;
}

/** Messaging key with its signatures; the oldest signature is first. */
export type SignedKey = KeyRow & { readonly signatures: readonly KeySignature[] };

export interface OtherDevice {
  readonly device: DeviceId;
  /** Host name of the device; null if not reported or outside the admin's scope. */
  readonly hostname: string | null;
  /** Time of the enrollment, by the server clock. */
  readonly enrolledAt: number;
  readonly verified: boolean;
}

export interface ListedKey extends SignedKey {
  readonly group: { readonly id: GroupId; readonly name: string };
  /**
   * The user's active devices except the device of this key, newest first. If the user has many devices, only the newest ones are included.
   */
  readonly others: readonly OtherDevice[];
  /** The account that created the activation code; null if the code was deleted. */
  readonly codeBy: {
    readonly account: string;
    readonly name: string;
    /**
     * True if this account may create activation codes only for some groups or areas. Such a code could bring a user's additional device
     * into conversations outside the account's scope, so a person must check and sign the device's key.
     */
    readonly scoped: boolean;
  } | null;
}

export interface NewSignature {
  readonly key: Pick<KeyRow, 'device' | 'generation'>;
  readonly keyid: string;
  readonly role: KeySignature['role'];
  readonly signature: string;
  readonly entry: EntryDraft<'messaging-key.certified' | 'messaging-key.countersigned'>;
}

export interface KeyQuery {
  /** True to list only keys that no organization key of the current approver set has signed. */
  readonly waiting: boolean;
  /** Identifier of an organization key. If set, the query returns only messaging keys that this organization key has not signed. */
  readonly lacking: string | null;
  readonly group: string | null;
  readonly scope: MemberScope;
  /** Last messaging key of the previous page. Keys are sorted by age, oldest first. */
  readonly after: { readonly certifiedAt: number; readonly device: string } | null;
  readonly limit: number;
}

export interface MessagingKeyStore {
  keyOf(device: DeviceId, generation: number): Promise<SignedKey | null>;
  /**
   * Stores a messaging key, its first signature and its ledger entry in one transaction. Changes nothing if the enrollment already has a
   * key or is no longer current, so the caller must read the stored key afterward.
   */
  certify(key: KeyRow & { readonly folded: string }, signature: NewSignature): Promise<void>;
}

/**
 * Store of countersignatures, with which an organization key confirms devices' messaging keys. In the names of methods, a *present*
 * messaging key belongs to the current enrollment of an active device.
 */
export interface CountersignatureStore {
  present(digests: readonly string[], scope: MemberScope): Promise<KeyRow[]>;
  list(query: KeyQuery): Promise<ListedKey[]>;
  /**
   * Number of messaging keys within the admin's scope that wait for a countersignature. Call `settle` first, because it determines which
   * messaging keys wait.
   */
  waiting(scope: MemberScope): Promise<number>;
  /**
   * Marks the messaging keys that wait for a countersignature, because none of the given organization keys has signed them. Removes the
   * mark from all other messaging keys. Idempotent.
   */
  settle(keyids: readonly string[]): Promise<void>;
  /**
   * Stores signatures on messaging keys, each with its ledger entry, in one transaction. Skips a signature if the same signing key has
   * already signed the messaging key.
   */
  sign(signatures: readonly NewSignature[]): Promise<void>;
}

export interface VerifiedDeviceStore {
  /**
   * Returns the countersigned messaging keys of active devices in their current enrollment: the devices in `devices`, and all devices of
   * the people in `people`.
   */
  members(of: { readonly people: readonly string[]; readonly devices: readonly string[] }): Promise<SignedKey[]>;
  search(
    folded: string,
    limit: number,
  ): Promise<{ readonly person: string; readonly name: string; readonly devices: number }[]>;
  /** Returns all past and present owners of the device. */
  peopleOf(device: DeviceId): Promise<string[]>;
}

export interface ApproverSetPort {
  current(): ApproverSet | null;
}

export type LedgerPort = Pick<Ledger, 'sequence'> & {
  readonly published: Pick<Ledger['published'], 'proveEntries' | 'verifierKey' | 'size'>;
};

export interface Log {
  error(fields: object, message: string): void;
}
