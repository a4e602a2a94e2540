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

/** Enrollment of this device: device id, generation and key. */
export interface Self {
  readonly device: DeviceId;
  readonly generation: number;
  readonly key: SigningKey;
}

/** Identity that a leaf or key package claims. `Authenticate` must confirm the identity before it counts. */
export interface Claim {
  readonly device: DeviceId;
  readonly generation: number;
  readonly signatureKey: string;
}

/**
 * Member of a conversation, with its leaf index (RFC 9420). A removal names this index. After the removal, another member may get the same
 * index.
 */
export interface Leaf extends Claim {
  readonly leafIndex: number;
}

/**
 * Whether this key is certified for this enrollment. The encryption layer asks for each leaf that a commit adds, and for all leaves when
 * this device joins. A leaf without confirmation is refused.
 */
export type Authenticate = (claim: Claim) => Promise<boolean>;

/** Parts of a message that are readable without a key. */
export type Peeked =
  | { readonly type: 'content' | 'commit'; readonly conversation: string; readonly epoch: number }
  | { readonly type: 'welcome'; readonly references: readonly string[] };
