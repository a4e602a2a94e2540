/**
 * Cipher suite 1 of RFC 9420, which every MLS implementation supports, over WebCrypto. The configuration replaces defaults of ts-mls that
 * accept every member as authentic, and key packages without an expiry.
 */
import {
  type Capabilities,
  type CiphersuiteImpl,
  type ClientConfig,
  getCiphersuiteFromName,
  getCiphersuiteImpl,
} from 'ts-mls';
import { claimOf } from './credential.ts';
import type { Claim } from './terms.ts';

export const SUITE = 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519';

let made: Promise<CiphersuiteImpl> | null = null;
export function suite(): Promise<CiphersuiteImpl> {
  made ??= getCiphersuiteImpl(getCiphersuiteFromName(SUITE));
  return made;
}

/** Extension that marks a key package of last resort (RFC 9420, section 16.8). The MLS extensions draft assigns the number. */
export const LAST_RESORT = 10;

/** All MLS capabilities that Cordon uses. Every device has the same ones, so devices do not negotiate. */
export const CAPABILITIES: Capabilities = {
  versions: ['mls10'],
  ciphersuites: [SUITE],
  extensions: [LAST_RESORT],
  proposals: [],
  credentials: ['basic'],
};

/** Maximum number of missing messages of one sender. If more are missing, the sender's next message is refused (RFC 9420, section 9.1). */
export const LARGEST_GAP = 1000;

const RETENTION = {
  maximumForwardRatchetSteps: LARGEST_GAP,
  /** Maximum number of keys that a device stores for the late messages of each sender. */
  retainKeysForGenerations: 64,
  /**
   * Number of past epochs (earlier versions of the conversation's keys) whose messages remain readable. A message may arrive after a commit
   * that was sent later than the message.
   */
  retainKeysForEpochs: 4,
};

/** Size in bytes to which commits are padded. Without padding, the size of a message would reveal its kind. */
const COMMIT_PADDING = 2048;

const spelled = ({ device, generation, signatureKey }: Claim) => JSON.stringify([device, generation, signatureKey]);

/**
 * Returns a configuration for the MLS library that accepts only the given members. The caller must have checked that the key of each member
 * is certified (`Authenticate`).
 */
export function clientConfig(confirmed: Iterable<Claim>): ClientConfig {
  const known = new Set(Array.from(confirmed, spelled));
  return {
    keyRetentionConfig: RETENTION,
    // `key-package.ts` has already checked lifetimes against its argument `now`, so ts-mls must not check them.
    lifetimeConfig: { maximumTotalLifetime: 0n, validateLifetimeOnReceive: false },
    keyPackageEqualityConfig: {
      compareKeyPackages: (a, b) => isSame(claimOf(a.leafNode), claimOf(b.leafNode)),
      compareKeyPackageToLeafNode: (a, b) => isSame(claimOf(a.leafNode), claimOf(b)),
    },
    paddingConfig: { kind: 'padUntilLength', padUntilLength: COMMIT_PADDING },
    authService: {
      validateCredential: async (credential, signaturePublicKey) =>
        known.has(spelled(claimOf({ credential, signaturePublicKey }))),
    },
  };
}

/** Whether two claimed identities belong to the same client (RFC 9420, section 12.2): they have the same enrollment or the same key. */
export function isSame(a: Claim, b: Claim): boolean {
  return (a.device === b.device && a.generation === b.generation) || a.signatureKey === b.signatureKey;
}
