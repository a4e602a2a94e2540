import { canonicalText } from '../order/canonical.ts';
import { sha256 } from '../order/digest.ts';
import type { Destruction } from './destruction.ts';

/** What the ledger says of one device's end: nothing to whoever has not the salt. SHA-256 in hex. */
export function endDigest(end: Pick<Destruction['devices'][number], 'outcome' | 'at' | 'destroyed' | 'salt'>): string {
  const { outcome, at, destroyed, salt } = end;
  return sha256(canonicalText({ outcome, at, destroyed, salt }));
}
