/** Types of the encryption layer. A conversation is one MLS group (RFC 9420), whose state the caller stores as bytes. */
import type { DeviceId } from '../protocol/ids.ts';

/**
 * Key pair with which a device signs its messages. The key pair belongs to one enrollment of the device. The messaging certificate of this
 * enrollment contains the public key.
 */
export interface SigningKey {
  /** Public key, raw Ed25519 (RFC 8032, section 5.1.5), 32 bytes in base64. */
  readonly publicKey: string;
  /** Secret seed of the signing key (Ed25519), 32 bytes. */
  readonly privateKey: Uint8Array;
}

/** Enrollment of this device. `generation`: number of the enrollment. */
export interface Self {
  readonly device: DeviceId;
  readonly generation: number;
  readonly key: SigningKey;
}

/** Claimed identity of a leaf or key package, not yet confirmed with `Authenticate`. */
export interface Claim {
  readonly device: DeviceId;
  readonly generation: number;
  readonly signatureKey: string;
}

/**
 * Member of a conversation, with its leaf index (RFC 9420). A commit that removes the member names this index. Afterward, a new member may
 * get the same index.
 */
export interface Leaf extends Claim {
  readonly leafIndex: number;
}

/**
 * Checks whether a key is certified for an enrollment. The encryption layer calls the function for each leaf that a commit adds, and for
 * all other leaves when this device joins. An unconfirmed leaf is refused.
 */
export type Authenticate = (claim: Claim) => Promise<boolean>;

export type Peeked =
  | { readonly type: 'content' | 'commit'; readonly conversation: string; readonly epoch: number }
  | { readonly type: 'welcome'; readonly references: readonly string[] };
