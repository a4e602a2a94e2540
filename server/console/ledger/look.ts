/** One look at the ledger: what the server shows now, checked against what this browser saw before. */
import { checkpointView, consistencyView } from '../../../shared/api/ledger.ts';
import { CordonError } from '../../../shared/errors.ts';
import { checkGrowth } from '../../../shared/ledger/check-answer.ts';
import { type Checkpoint, openCheckpoint } from '../../../shared/ledger/checkpoint.ts';
import { parseVerifierKey } from '../../../shared/ledger/signed-note.ts';
import { Refusal } from '../../../shared/look/refusal.ts';
import { call, withQuery } from '../client/call.ts';
import { keepPinned, type Pinned, readPinned } from './pinned.ts';

export interface Look {
  readonly checkpoint: Checkpoint;
  /** As this browser holds it, not as the answer says. */
  readonly key: string;
  /** The last look before this one; null: this is the first. */
  readonly before: { readonly size: number; readonly at: number; readonly firstAt: number } | null;
}

/** Throws `checkpoint_invalid` or `proof_invalid` when the server shows another ledger than before: then nothing is kept. */
export async function look(installation: string, now: number): Promise<Look> {
  const pinned = readPinned(installation);
  return pinned ? lookAgain(installation, pinned, now) : lookFirst(installation, now);
}

async function lookFirst(installation: string, now: number): Promise<Look> {
  const { checkpoint: note, key } = await call('GET', '/ledger/checkpoint', checkpointView);
  const checkpoint = await openCheckpoint(note, await parseVerifierKey(key));
  keepPinned(installation, { checkpoint: note, key, firstAt: now, lastAt: now });
  return { checkpoint, key, before: null };
}

async function lookAgain(installation: string, pinned: Pinned, now: number): Promise<Look> {
  const { key, lastAt, firstAt } = pinned;
  const older = await openCheckpoint(pinned.checkpoint, await parseVerifierKey(key));
  const answer = await growthFrom(older.size);
  if (answer.key !== key) {
    const detail =
      'The server shows a ledger signed by another key than the one that this browser has seen. Ask whoever runs the server why.';
    throw new CordonError('checkpoint_invalid', detail);
  }
  const checkpoint = await checkGrowth(answer, pinned.checkpoint, key);
  keepPinned(installation, { checkpoint: answer.checkpoint, key, firstAt, lastAt: now });
  return { checkpoint, key, before: { size: older.size, at: lastAt, firstAt } };
}

async function growthFrom(size: number) {
  try {
    return await call('GET', withQuery('/ledger/consistency', { from: size }), consistencyView);
  } catch (error) {
    if (!(error instanceof Refusal && error.code === 'proof_invalid')) throw error;
    // That nothing can be proved is what is to be noticed, not a failure of the question: an honest server refuses it when its ledger is shorter.
    const detail = `The ledger had ${size} entries when this browser saw it last, and the server can no longer prove that it begins with them: ${error.message}.`;
    throw new CordonError('proof_invalid', detail);
  }
}
