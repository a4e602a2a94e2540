/** Hashes of the activity log: of an entry, of the entries of a batch, and of a batch. */
import { createHash } from 'node:crypto';
import { EMPTY_ROOT, leafHash, nodeHash } from '../ledger/merkle.ts';
import { canonicalText } from '../order/canonical.ts';
import type { ActivityBatch, ActivityEntry } from './activity-entry.ts';

export const activityLeaf = (entry: ActivityEntry): Buffer => leafHash(Buffer.from(canonicalText(entry)));

export const batchHash = (batch: ActivityBatch): string =>
  createHash('sha256').update(canonicalText(batch)).digest('hex');

/** Merkle root of leaf hashes (RFC 9162, section 2.1.1). */
export function activityRoot(leaves: readonly Buffer[]): Buffer {
  const [first] = leaves;
  if (!first) return EMPTY_ROOT;
  if (leaves.length === 1) return first;
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  return nodeHash(activityRoot(leaves.slice(0, half)), activityRoot(leaves.slice(half)));
}
