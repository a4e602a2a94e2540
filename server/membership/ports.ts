/** What membership asks of the rest, each as narrow as it uses it. `server/main.ts` plugs the adapters in. */
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { Root } from '../../shared/order/approvers.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import type { Devices } from '../devices/devices.ts';
import type { Ledger } from '../ledger/ledger.ts';

export type MemberScope = Parameters<Devices['reached']>[1];

/** A messaging key with the certificate that the server has made for it. */
export interface KeyRow {
  readonly device: DeviceId;
  readonly generation: number;
  readonly person: string;
  readonly name: string;
  readonly signatureKey: string;
  /** The exact text that is signed. */
  readonly payload: string;
  readonly digest: string;
  readonly certifiedAt: number;
}

export interface KeySignature {
  readonly keyid: string;
  readonly role: 'online' | 'organisation';
  /** Base64. */
  readonly signature: string;
  /** Where the ledger has its leaf; null until the sequencer has placed it. */
  readonly leafIndex: number | null;
}

/** Signatures in the order in which they were made. */
export type SignedKey = KeyRow & { readonly signatures: readonly KeySignature[] };

/** Another active device of the person whose key waits. */
export interface OtherDevice {
  readonly device: DeviceId;
  /** Null: not reported, or outside the scope. */
  readonly hostname: string | null;
  /** Domain time. */
  readonly enrolledAt: number;
  /** The organization's key has confirmed the device. */
  readonly verified: boolean;
}

export interface ListedKey extends SignedKey {
  readonly group: { readonly id: GroupId; readonly name: string };
  /** The newest first, at most `MOST_OTHERS`. */
  readonly others: readonly OtherDevice[];
  /** The account that created the activation code. Null: the code is not kept any more. */
  readonly codeBy: {
    readonly account: string;
    readonly name: string;
    /** No role of this account creates codes in all groups. */
    readonly scoped: boolean;
  } | null;
}

export interface NewSignature {
  readonly key: Pick<KeyRow, 'device' | 'generation'>;
  readonly keyid: string;
  readonly role: KeySignature['role'];
  readonly signature: string;
  readonly at: number;
  readonly leaf: LeafDraft<'messaging-key.certified' | 'messaging-key.countersigned'>;
}

export interface KeyQuery {
  /** Those that no organisation key of the root in force has signed. */
  readonly waiting: boolean;
  /** Those that this key has not signed. */
  readonly lacking: string | null;
  readonly group: string | null;
  readonly scope: MemberScope;
  /** Past this one; oldest first. */
  readonly after: { readonly certifiedAt: number; readonly device: string } | null;
  readonly limit: number;
}

/** `present`: of a device that is active, in its present enrolment. */
export interface MembershipStore {
  keyOf(device: DeviceId, generation: number): Promise<SignedKey | null>;
  /**
   * The key, its first signature and its leaf in one transaction. Changes nothing when the enrolment has a key, or is not the present one of an
   * active device: what stands there afterwards says so.
   */
  certify(key: KeyRow & { readonly folded: string }, signature: NewSignature): Promise<void>;
  /** Each signature with its leaf, all in one transaction. One that is there already stays as it is. */
  sign(signatures: readonly NewSignature[]): Promise<void>;
  /** The present keys among these, within the scope. */
  present(digests: readonly string[], scope: MemberScope): Promise<KeyRow[]>;
  list(query: KeyQuery): Promise<ListedKey[]>;
  /** How many present keys wait, as of the last `settle`. */
  waiting(scope: MemberScope): Promise<number>;
  /** The organisation keys of the root in force are these: which keys wait follows. Idempotent. */
  settle(keyids: readonly string[]): Promise<void>;
  /** The present keys of these people and of these devices that do not wait. */
  members(of: { readonly people: readonly string[]; readonly devices: readonly string[] }): Promise<SignedKey[]>;
  /** People with such keys, whose folded name holds the text. */
  search(
    folded: string,
    limit: number,
  ): Promise<{ readonly person: string; readonly name: string; readonly devices: number }[]>;
  /** Everybody whose the device has been. */
  peopleOf(device: DeviceId): Promise<string[]>;
}

/** The root in force. */
export interface RootPort {
  root(): Root | null;
}

export type LedgerPort = Pick<Ledger, 'sequence' | 'proveLeaves' | 'verifierKey'>;

export interface Log {
  error(fields: object, message: string): void;
}
