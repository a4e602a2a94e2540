/**
 * Cipher suite 1 of RFC 9420, MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519, over WebCrypto. Every implementation supports it (section
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

/** All capabilities of this profile. Nothing is negotiable. */
export const CAPABILITIES: Capabilities = {
  versions: ['mls10'],
  ciphersuites: [SUITE],
  extensions: [LAST_RESORT],
  proposals: [],
  credentials: ['basic'],
};

/** Missing messages of one sender before the next one is refused (RFC 9420, section 9.1). */
export const LARGEST_GAP = 1000;

const RETENTION = {
  maximumForwardRatchetSteps: LARGEST_GAP,
  /** Number of keys of skipped messages for each sender, for late messages. */
  retainKeysForGenerations: 64,
  /** Number of past epochs that stay readable, because a message and a commit may cross. */
  retainKeysForEpochs: 4,
};

/** Padding of commits. The size of a commit and of its epoch's messages would reveal their kind. Contents have their own padding. */
const COMMIT_PADDING = 2048;

const spelled = ({ device, generation, signatureKey }: Claim) => JSON.stringify([device, generation, signatureKey]);

/** Configuration for ts-mls. `vouchedFor`: the only members that ts-mls accepts, because `Authenticate` has confirmed them. */
export function clientConfig(vouchedFor: Iterable<Claim>): ClientConfig {
  const known = new Set(Array.from(vouchedFor, spelled));
  return {
    keyRetentionConfig: RETENTION,
    // `key-package.ts` checks lifetimes, with `now` as an argument.
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

/** Whether two claims are the same client (RFC 9420, section 12.2): same enrollment or same key. */
export function isSame(a: Claim, b: Claim): boolean {
  return (a.device === b.device && a.generation === b.generation) || a.signatureKey === b.signatureKey;
}
