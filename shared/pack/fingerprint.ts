/** Fingerprint of a public root, computed with Node. */
import { encodeCanonical } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';
import type { PublicRoot } from './public-root.ts';

/** SHA-256 of the public root's canonical bytes, in hex. */
export function fingerprintOf(root: PublicRoot): string {
  return sha256(encodeCanonical(root));
}
