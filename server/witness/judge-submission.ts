/** Decision of a witness about a submitted checkpoint (C2SP tlog-witness). The functions have no side effects. */
import { isCordonError } from '../../shared/errors.ts';
import { EMPTY_ROOT } from '../../shared/ledger/merkle.ts';
import { verifyConsistency } from '../../shared/ledger/proof.ts';
import { type NoteVerifier, openNote } from '../../shared/ledger/signed-note.ts';
import type { Submission } from '../../shared/ledger/witness-protocol.ts';

/** Log that a witness observes, identified by its origin. */
export interface WitnessedLog {
  readonly origin: string;
  readonly verifier: NoteVerifier;
}

/** Largest tree of a log that the witness has cosigned. A log without a cosignature has size 0. */
export interface CosignedTree {
  readonly size: number;
  readonly root: Buffer;
}

export const NOTHING_COSIGNED: CosignedTree = { size: 0, root: EMPTY_ROOT };

/**
 * Response to a submission. `detail`: text for the submitter and for the log of the witness. `size`: with status 409, the size of the tree
 * that the witness has cosigned.
 */
export type Refusal =
  | { readonly status: 400 | 403 | 404 | 422; readonly detail: string }
  | { readonly status: 409; readonly size: number };

/** Checks that need no state of the witness: origin, signature, and the old size. Returns the log, or a refusal. */
export async function identifyLog(
  { checkpoint, oldSize, note }: Submission,
  logs: readonly WitnessedLog[],
): Promise<WitnessedLog | Refusal> {
  const log = logs.find(({ origin }) => origin === checkpoint.origin);
  if (!log) return { status: 404, detail: 'This witness does not know the origin of the checkpoint.' };
  try {
    await openNote(note, log.verifier);
  } catch (error) {
    if (!isCordonError(error, 'checkpoint_invalid')) throw error;
    return { status: 403, detail: error.message };
  }
  if (oldSize > checkpoint.size) {
    return {
      status: 400,
      detail: `The old size ${oldSize} is larger than the checkpoint’s ${checkpoint.size} entries.`,
    };
  }
  return log;
}

/**
 * Returns the refusal of a checkpoint with a valid signature; null if the witness may cosign it. `cosigned`: newest tree of the log that
 * the witness has cosigned.
 */
export async function judgeGrowth(
  { oldSize, proof, checkpoint }: Submission,
  cosigned: CosignedTree,
): Promise<Refusal | null> {
  const { size, root } = checkpoint;
  if (oldSize !== cosigned.size) return { status: 409, size: cosigned.size };
  if (size === 0 && !EMPTY_ROOT.equals(root)) {
    return { status: 422, detail: 'A tree without entries must have the hash of the empty string as its root.' };
  }
  if (oldSize === 0) {
    return proof.length === 0 ? null : { status: 422, detail: 'The proof must be empty if the old size is 0.' };
  }
  try {
    await verifyConsistency(oldSize, size, proof, cosigned.root, root);
    return null;
  } catch (error) {
    if (!isCordonError(error, 'proof_invalid')) throw error;
    return { status: 422, detail: error.message };
  }
}
