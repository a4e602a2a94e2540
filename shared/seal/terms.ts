/**
 * Types of the sealed layer, for agents. A conversation is one MLS group (RFC 9420). Its state is bytes that the caller stores. No function
 * here keeps data between two calls.
 */
import type { DeviceId } from '../protocol/ids.ts';

/** An enrollment's key for signing in conversations. Its messaging certificate names the public key. */
export interface SigningKey {
  /** Public key, raw Ed25519 (RFC 8032, section 5.1.5), 32 bytes in base64. */
  readonly publicKey: string;
  /** Secret seed of the key, 32 bytes. */
  readonly privateKey: Uint8Array;
}

/** The enrollment that this device acts as. */
export interface Self {
  readonly device: DeviceId;
  readonly generation: number;
  readonly key: SigningKey;
}

/** Identity that a leaf or key package states. The identity counts after `Authenticate` has confirmed it. */
export interface Claim {
  readonly device: DeviceId;
  readonly generation: number;
  readonly signatureKey: string;
}

/** A member with its leaf index (RFC 9420). A removal names the index, and a later member may get the same index. */
export interface Leaf extends Claim {
  readonly leafIndex: number;
}

/**
 * Whether this key is certified for this enrollment. The sealed layer asks for each leaf that a commit adds, and for all leaves when this
 * device joins. A refused leaf is not accepted.
 */
export type Authenticate = (claim: Claim) => Promise<boolean>;

/** Parts of a message that are readable without a key. */
export type Peeked =
  | { readonly type: 'content' | 'commit'; readonly conversation: string; readonly epoch: number }
  | { readonly type: 'welcome'; readonly references: readonly string[] };
