/**
 * What the sealed layer says to whoever uses it: agents only, and the console's page for them. A conversation is one MLS group (RFC 9420); its
 * state is bytes that the caller stores, and no function here keeps anything between two calls.
 */
import type { DeviceId } from '../protocol/ids.ts';

/** One enrolment's key for signing in conversations: what its messaging certificate names. */
export interface SigningKey {
  /** Raw Ed25519 (RFC 8032, section 5.1.5), 32 bytes in base64. */
  readonly publicKey: string;
  /** The seed, 32 bytes: a secret. */
  readonly privateKey: Uint8Array;
}

/** The enrolment that acts. */
export interface Self {
  readonly device: DeviceId;
  readonly generation: number;
  readonly key: SigningKey;
}

/** Who somebody claims to be: true once `Authenticate` says so. */
export interface Claim {
  readonly device: DeviceId;
  readonly generation: number;
  readonly signatureKey: string;
}

/** A member's place in a conversation. The index is what a removal names; it may be given to somebody else afterwards. */
export interface Leaf extends Claim {
  readonly leafIndex: number;
}

/**
 * Whether this key is certified for this enrolment. The layer asks for every leaf that comes into a conversation, by whoever's commit, and for
 * all of them when one joins; what it says no to does not come in.
 */
export type Authenticate = (claim: Claim) => Promise<boolean>;

/** What a message says of itself to whoever has no key, this device before it opens it among them. */
export type Peeked =
  | { readonly type: 'content' | 'commit'; readonly conversation: string; readonly epoch: number }
  /** The key packages that it is for, by their references. */
  | { readonly type: 'welcome'; readonly references: readonly string[] };
