import { canonicalText } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';
import type { Destruction } from './destruction.ts';

/**
 * Returns the SHA-256 in hex of the record about the end of one device's enrollment. The record contains a random salt, so that readers of
 * the ledger cannot guess the record from its digest.
 */
export function endDigest(end: Pick<Destruction['devices'][number], 'outcome' | 'at' | 'destroyed' | 'salt'>): string {
  const { outcome, at, destroyed, salt } = end;
  return sha256(canonicalText({ outcome, at, destroyed, salt }));
}
