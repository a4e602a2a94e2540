import { encodeCanonical } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';
import type { PublicRoot } from './public-root.ts';

/** SHA-256 of the canonical bytes of the public root document, in hex. */
export function fingerprintOf(root: PublicRoot): string {
  return sha256(encodeCanonical(root));
}
