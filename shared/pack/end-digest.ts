import { canonicalText } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';
import type { Destruction } from './destruction.ts';

/** Digest of one device's end in the ledger, SHA-256 in hex. Without the salt, it reveals nothing. */
export function endDigest(end: Pick<Destruction['devices'][number], 'outcome' | 'at' | 'destroyed' | 'salt'>): string {
  const { outcome, at, destroyed, salt } = end;
  return sha256(canonicalText({ outcome, at, destroyed, salt }));
}
