/**
 * Cipher suite 1 of RFC 9420, MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519, over WebCrypto. Every MLS implementation supports it (section
 * 17.1). The configuration here replaces the defaults of ts-mls, which authenticate every member and accept key packages without an end.
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

/** All capabilities of this profile. Devices negotiate none of them. */
export const CAPABILITIES: Capabilities = {
  versions: ['mls10'],
  ciphersuites: [SUITE],
  extensions: [LAST_RESORT],
  proposals: [],
  credentials: ['basic'],
};

/** Maximum number of a sender's missing messages before the next message is refused (RFC 9420, section 9.1). */
export const LARGEST_GAP = 1000;

const RETENTION = {
  maximumForwardRatchetSteps: LARGEST_GAP,
  /** Maximum number of stored keys for late messages of each sender. */
  retainKeysForGenerations: 64,
  /** Number of past epochs whose messages remain readable. A message may arrive after a commit that was sent later. */
  retainKeysForEpochs: 4,
};

/**
 * Padding of commits. The sizes of a commit and of the messages in its epoch would otherwise reveal their kind. Contents have their own
 * padding.
 */
const COMMIT_PADDING = 2048;

const spelled = ({ device, generation, signatureKey }: Claim) => JSON.stringify([device, generation, signatureKey]);

/** Configuration of ts-mls. ts-mls accepts only the members in `confirmed`, which `Authenticate` has confirmed. */
export function clientConfig(confirmed: Iterable<Claim>): ClientConfig {
  const known = new Set(Array.from(confirmed, spelled));
  return {
    keyRetentionConfig: RETENTION,
    // ts-mls does not check lifetimes here, because `key-package.ts` checks them with `now` as an argument.
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

/** Whether two claimed identities are the same client (RFC 9420, section 12.2): the same enrollment or the same key. */
export function isSame(a: Claim, b: Claim): boolean {
  return (a.device === b.device && a.generation === b.generation) || a.signatureKey === b.signatureKey;
}
