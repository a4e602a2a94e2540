/** Check of the ledger. The server must prove that its current checkpoint extends the checkpoint that this browser stored earlier. */
import { checkpointView, consistencyView } from '../../../shared/api/ledger.ts';
import { CordonError } from '../../../shared/errors.ts';
import { checkGrowth } from '../../../shared/ledger/check-proofs.ts';
import { type Checkpoint, openCheckpoint } from '../../../shared/ledger/checkpoint.ts';
import { parseVerifierKey } from '../../../shared/ledger/signed-note.ts';
import { ApiError } from '../../../shared/look/api-error.ts';
import { call, withQuery } from '../client/call.ts';
import { followContinuation } from './follow-continuation.ts';
import { MOST_CONTINUATIONS, type PinnedCheckpoint, pinCheckpoint, readPinnedCheckpoint } from './pinned-checkpoint.ts';

export interface LedgerCheck {
  readonly checkpoint: Checkpoint;
  /** Signed note of the checkpoint, with the cosignatures of witnesses. */
  readonly note: string;
  readonly key: string;
  readonly before: { readonly size: number; readonly at: number; readonly firstAt: number } | null;
  /** Checkpoints that this browser stored before the ledger lost entries and continued under a new name, oldest first. */
  readonly givenUp: PinnedCheckpoint['givenUp'];
}

/**
 * Checks the ledger. Throws `checkpoint_invalid` or `proof_invalid` if the current ledger does not extend the ledger of the previous check.
 * The browser then keeps its stored checkpoint.
 */
export async function checkLedger(installation: string, now: number): Promise<LedgerCheck> {
  const pinned = readPinnedCheckpoint(installation);
  return pinned ? laterCheck(installation, pinned, now) : firstCheck(installation, now);
}

async function firstCheck(installation: string, now: number): Promise<LedgerCheck> {
  const { checkpoint: note, key } = await call('GET', '/ledger/checkpoint', checkpointView);
  const checkpoint = await openCheckpoint(note, await parseVerifierKey(key));
  pinCheckpoint(installation, { checkpoint: note, key, firstAt: now, lastAt: now, givenUp: [] });
  return { checkpoint, note, key, before: null, givenUp: [] };
}

async function laterCheck(installation: string, pinned: PinnedCheckpoint, now: number): Promise<LedgerCheck> {
  const { key, lastAt, firstAt, givenUp } = pinned;
  const older = await openCheckpoint(pinned.checkpoint, await parseVerifierKey(key));
  const before = { size: older.size, at: lastAt, firstAt };
  const shown = await call('GET', '/ledger/checkpoint', checkpointView);
  if (shown.key !== key) {
    const { checkpoint, document, lost } = await followContinuation(installation, older, key, shown);
    const old = {
      checkpoint: pinned.checkpoint,
      key,
      at: now,
      remained: document.fork.size,
      lost,
      reason: document.reason,
    };
    const continuations = [...givenUp, old].slice(-MOST_CONTINUATIONS);
    pinCheckpoint(installation, {
      checkpoint: shown.checkpoint,
      key: shown.key,
      firstAt,
      lastAt: now,
      givenUp: continuations,
    });
    return { checkpoint, note: shown.checkpoint, key: shown.key, before, givenUp: continuations };
  }
  const growth = await growthFrom(older.size);
  const checkpoint = await checkGrowth(growth, pinned.checkpoint, key);
  pinCheckpoint(installation, { checkpoint: growth.checkpoint, key, firstAt, lastAt: now, givenUp });
  return { checkpoint, note: growth.checkpoint, key, before, givenUp };
}

async function growthFrom(size: number) {
  try {
    return await call('GET', withQuery('/ledger/consistency', { from: size }), consistencyView);
  } catch (error) {
    if (!(error instanceof ApiError && error.code === 'proof_invalid')) throw error;
    // The server refuses a proof if its ledger is shorter than the stored checkpoint. A refusal therefore means that the ledger differs.
    const detail = `The ledger had ${size} entries when this browser last saw it. The server cannot prove that the ledger still starts with these entries: ${error.message}. Ask the operator of the server for the reason.`;
    throw new CordonError('proof_invalid', detail);
  }
}
