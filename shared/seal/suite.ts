/**
 * Suite 1 of RFC 9420, MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519, the one that every implementation has (section 17.1), over WebCrypto; and what
 * we give ts-mls instead of its defaults, whose authentication takes anybody in and whose key packages never expire.
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

/** A key package that may be handed out again and again (RFC 9420, section 16.8), by the number that the MLS extensions draft gives it. */
export const LAST_RESORT = 10;

/** All that we speak: nothing that anybody could negotiate away. */
export const CAPABILITIES: Capabilities = {
  versions: ['mls10'],
  ciphersuites: [SUITE],
  extensions: [LAST_RESORT],
  proposals: [],
  credentials: ['basic'],
};

/** How many messages of one sender may be missing before the next one is refused (RFC 9420, section 9.1). */
export const LARGEST_GAP = 1000;

const RETENTION = {
  maximumForwardRatchetSteps: LARGEST_GAP,
  /** So many keys of messages that were passed over are kept for each sender, in case they come late. */
  retainKeysForGenerations: 64,
  /** So many epochs before this one can still be read: a message and a commit may cross. */
  retainKeysForEpochs: 4,
};

/** What a commit and the messages of its epoch weigh tells of their kind; small ones weigh the same. Content has buckets of its own. */
const COMMIT_PADDING = 2048;

const spelled = ({ device, generation, signatureKey }: Claim) => JSON.stringify([device, generation, signatureKey]);

/** `vouchedFor`: the only ones whom ts-mls shall take, because `Authenticate` has said yes to them, now or when they came in. */
export function clientConfig(vouchedFor: Iterable<Claim>): ClientConfig {
  const known = new Set(Array.from(vouchedFor, spelled));
  return {
    keyRetentionConfig: RETENTION,
    // Whether a package is in its time is for `key-package.ts`, whose `now` is an argument.
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

/** One client (RFC 9420, section 12.2): an enrolment, or whoever signs with its key. */
export function isSame(a: Claim, b: Claim): boolean {
  return (a.device === b.device && a.generation === b.generation) || a.signatureKey === b.signatureKey;
}
