/**
 * Types of the encryption layer, for agents. A conversation is one MLS group (RFC 9420). The caller stores its state as bytes, and no
 * function here keeps data between two calls.
 */
import type { DeviceId } from '../protocol/ids.ts';

/** Key with which an enrollment signs in conversations. The enrollment's messaging certificate names the public key. */
export interface SigningKey {
  /** Public key, raw Ed25519 (RFC 8032, section 5.1.5), 32 bytes in base64. */
  readonly publicKey: string;
  /** Secret seed of the Ed25519 key, 32 bytes. */
  readonly privateKey: Uint8Array;
}

/** Enrollment of this device: the device id, the number of the enrollment (`generation`), and the signing key. */
export interface Self {
  readonly device: DeviceId;
  readonly generation: number;
  readonly key: SigningKey;
}

/** Identity that a leaf or key package claims. `Authenticate` must confirm the identity before it is accepted. */
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
 * Function that says whether a key is certified for an enrollment. The encryption layer calls it for each leaf that a commit adds, and for
 * all leaves when this device joins. A leaf that the function does not confirm is refused.
 */
export type Authenticate = (claim: Claim) => Promise<boolean>;

/** Parts of a message that are readable without a key. */
export type Peeked =
  | { readonly type: 'content' | 'commit'; readonly conversation: string; readonly epoch: number }
  | { readonly type: 'welcome'; readonly references: readonly string[] };
