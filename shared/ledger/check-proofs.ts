/** Verification of a server's responses about its ledger. The verifier key `key` must come from another source, never from the response. */
import type { z } from 'zod';
import type { consistencyView, inclusionView } from '../api/ledger.ts';
import { CordonError } from '../errors.ts';
import { parseDocument } from '../order/canonical.ts';
import { readBase64 } from '../strict-base64.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { entrySchema, type LedgerEntry } from './ledger-entry.ts';
import { hashLeaf, verifyConsistency, verifyInclusion } from './proof.ts';
import { parseVerifierKey } from './signed-note.ts';

type Inclusion = Pick<z.output<typeof inclusionView>, 'index' | 'body' | 'proof' | 'checkpoint'>;
type Consistency = Pick<z.output<typeof consistencyView>, 'proof' | 'checkpoint'>;

const refused = (detail: string) => new CordonError('proof_invalid', detail);

function hashesOf(proof: readonly string[]): Uint8Array[] {
  return proof.map((text) => {
    const hash = readBase64(text);
    if (!hash) throw refused('The proof is not base64.');
    return hash;
  });
}

/** Ledger entry at `index`, verified with the checkpoint in the response. Throws `checkpoint_invalid` or `proof_invalid`. */
export async function checkInclusion(
  inclusion: Inclusion,
  index: number,
  key: string,
): Promise<{ readonly entry: LedgerEntry; readonly checkpoint: Checkpoint }> {
  if (inclusion.index !== index)
    throw refused(`The server responded about ledger entry ${inclusion.index} instead of ${index}.`);
  const checkpoint = await openCheckpoint(inclusion.checkpoint, await parseVerifierKey(key));
  return { entry: await checkInclusionIn(inclusion, checkpoint), checkpoint };
}

/**
 * Ledger entry in a response, verified against a tree (size and root hash) that the caller already knows. The checkpoint in the response is
 * ignored. Throws `proof_invalid`.
 */
export async function checkInclusionIn(
  { index, body, proof }: Pick<Inclusion, 'index' | 'body' | 'proof'>,
  { size, root }: Pick<Checkpoint, 'size' | 'root'>,
): Promise<LedgerEntry> {
  const bytes = new TextEncoder().encode(body);
  await verifyInclusion(await hashLeaf(bytes), index, size, hashesOf(proof), root);
  return parseDocument(entrySchema, bytes);
}

/** Verifies that the larger of two ledger trees begins with the entries of the smaller tree, unchanged. Throws `proof_invalid`. */
export async function checkBeginning(
  proof: readonly string[],
  older: Pick<Checkpoint, 'size' | 'root'>,
  newer: Pick<Checkpoint, 'size' | 'root'>,
): Promise<void> {
  // An empty tree has no entries that could have changed, so it needs no proof.
  if (older.size > 0) await verifyConsistency(older.size, newer.size, hashesOf(proof), older.root, newer.root);
}

/**
 * Checkpoint of the server, verified to contain all ledger entries of the saved checkpoint `earlier` unchanged. Throws `checkpoint_invalid`
 * or `proof_invalid`.
 */
export async function checkGrowth(response: Consistency, earlier: string, key: string): Promise<Checkpoint> {
  const verifier = await parseVerifierKey(key);
  const older = await openCheckpoint(earlier, verifier);
  const newer = await openCheckpoint(response.checkpoint, verifier);
  if (newer.size < older.size) {
    throw refused(`The ledger had ${older.size} entries and now has ${newer.size}: it was cut short or restored.`);
  }
  await checkBeginning(response.proof, older, newer);
  return newer;
}
