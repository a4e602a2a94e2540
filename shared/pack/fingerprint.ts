import { encodeCanonical } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';
import type { PublicRoot } from './public-root.ts';

/** Returns the SHA-256, in hex, of the canonical JSON of the public root (document with the keys that auditors need). */
export function fingerprintOf(root: PublicRoot): string {
  return sha256(encodeCanonical(root));
}
