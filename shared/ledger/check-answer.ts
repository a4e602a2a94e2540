/**
 * Checks what a server answers about its ledger, so that a console says "it is in the ledger" only of what it has verified itself. `key` is
 * the verifier key as the one who asks holds it from before, never the one that stands in the answer.
 */
import type { z } from 'zod';
import type { consistencyView, inclusionView } from '../api/ledger.ts';
import { CordonError } from '../errors.ts';
import { parseDocument } from '../order/canonical.ts';
import { readBase64 } from '../strict-base64.ts';
import { type Checkpoint, openCheckpoint } from './checkpoint.ts';
import { type Leaf, leafSchema } from './leaf.ts';
import { hashLeaf, verifyConsistency, verifyInclusion } from './proof.ts';
import { parseVerifierKey } from './signed-note.ts';

type Inclusion = Pick<z.output<typeof inclusionView>, 'index' | 'body' | 'proof' | 'checkpoint'>;
type Consistency = Pick<z.output<typeof consistencyView>, 'proof' | 'checkpoint'>;

const refused = (detail: string) => new CordonError('proof_invalid', detail);

function hashesOf(proof: readonly string[]): Uint8Array[] {
  return proof.map((text) => {
    const hash = readBase64(text);
    if (!hash) throw refused('the proof is not base64');
    return hash;
  });
}

/** The leaf that the answer proves to stand at `index`, and the checkpoint that it is proved against. Throws `checkpoint_invalid`, `proof_invalid`. */
export async function checkInclusion(
  answer: Inclusion,
  index: number,
  key: string,
): Promise<{ readonly leaf: Leaf; readonly checkpoint: Checkpoint }> {
  if (answer.index !== index) throw refused(`the server answered about leaf ${answer.index} instead of ${index}`);
  const checkpoint = await openCheckpoint(answer.checkpoint, await parseVerifierKey(key));
  return { leaf: await checkInclusionIn(answer, checkpoint), checkpoint };
}

/** The leaf that the answer proves to stand in a tree that was verified before; the checkpoint in the answer is not looked at. Throws `proof_invalid`. */
export async function checkInclusionIn(
  { index, body, proof }: Pick<Inclusion, 'index' | 'body' | 'proof'>,
  { size, root }: Pick<Checkpoint, 'size' | 'root'>,
): Promise<Leaf> {
  const bytes = new TextEncoder().encode(body);
  await verifyInclusion(await hashLeaf(bytes), index, size, hashesOf(proof), root);
  return parseDocument(leafSchema, bytes);
}

/** That the larger of two trees begins with the smaller, by their sizes and roots alone. Throws `proof_invalid`. */
export async function checkBeginning(
  proof: readonly string[],
  older: Pick<Checkpoint, 'size' | 'root'>,
  newer: Pick<Checkpoint, 'size' | 'root'>,
): Promise<void> {
  // Every tree begins with the empty one, and there is nothing to prove.
  if (older.size > 0) await verifyConsistency(older.size, newer.size, hashesOf(proof), older.root, newer.root);
}

/** The newer checkpoint, which the answer proves only to add to `earlier` (a note that was kept). Throws `checkpoint_invalid`, `proof_invalid`. */
export async function checkGrowth(answer: Consistency, earlier: string, key: string): Promise<Checkpoint> {
  const verifier = await parseVerifierKey(key);
  const older = await openCheckpoint(earlier, verifier);
  const newer = await openCheckpoint(answer.checkpoint, verifier);
  if (newer.size < older.size) {
    throw refused(`the ledger had ${older.size} leaves and now shows ${newer.size}: it was cut short or restored`);
  }
  await checkBeginning(answer.proof, older, newer);
  return newer;
}
