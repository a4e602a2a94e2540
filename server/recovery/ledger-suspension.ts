/**
 * Suspension of a restored server's ledger. As long as outsiders may have seen ledger entries that the backup lacks, the server signs no
 * checkpoint. Devices send the newest checkpoint that they verified. An admin may resume the ledger if it contains the trees of all these
 * checkpoints.
 */
import { CordonError } from '../../shared/errors.ts';
import { rootOf } from '../../shared/ledger/merkle.ts';
import { parseVerifierKey } from '../../shared/ledger/signed-note.ts';
import type { RecoveryState } from './recovery-state.ts';
import { createReportedCheckpoints, type ReportedCheckpointsPorts } from './reported-checkpoints.ts';

const MOST_RESPONSES = 1_000;

/** Reason why the server may sign no checkpoint; null if the server may sign. The function is pure. */
export function whySuspended(known: RecoveryState | null): string | null {
  if (!known || (known.ledger !== 'suspended' && known.notContainedSize === 0)) return null;
  return known.notContainedSize > 0
    ? `a signed checkpoint shows a ledger of ${known.notContainedSize} entries that the ledger here does not contain`
    : 'the server was restored without a copy of the ledger, and entries may have been published after the backup';
}

/**
 * Returns the reason why an admin may not let a restored server sign ledger checkpoints again; null if the admin may. The function is pure.
 * Without any known checkpoint, nothing proves that the restored ledger has all published entries. The server might then sign a second,
 * contradicting ledger.
 */
export function whyNotResumed(facts: {
  readonly notContainedSize: number;
  readonly notContained: number;
  readonly checkpoints: number;
  readonly file: boolean;
}): string | null {
  if (facts.notContainedSize > 0 || facts.notContained > 0) {
    const size = facts.notContainedSize > 0 ? ` of ${facts.notContainedSize} entries` : '';
    return `A signed checkpoint shows a ledger${size} that the restored ledger does not contain, so entries were lost. Restore again with --ledger and a newer copy. Without a newer copy, let approvers continue the ledger: cordon recovery continue-ledger.`;
  }
  if (facts.checkpoints === 0 && !facts.file) {
    return 'No device has reported a checkpoint of the ledger yet. Wait until devices connect, or name a saved checkpoint file.';
  }
  return null;
}

export function createLedgerSuspension(ports: ReportedCheckpointsPorts) {
  const { ledger, store, recovery, now, log } = ports;
  const reportedCheckpoints = createReportedCheckpoints(ports);
  const suspended = () => whySuspended(recovery.state());

  async function evidence() {
    const known = recovery.state();
    const [facts, responses, size] = await Promise.all([
      store.evidence(),
      store.responses(MOST_RESPONSES),
      ledger.size(),
    ]);
    const reportedFacts = {
      notContainedSize: known?.notContainedSize ?? 0,
      notContained: facts.notContained,
      checkpoints: facts.checkpoints,
    };
    return { ...facts, size, responses, obstacle: whyNotResumed({ ...reportedFacts, file: false }) };
  }

  /**
   * Lets the suspended ledger continue from the restored entries. `note`: a saved checkpoint from a file, or null. Throws `conflict` if the
   * ledger is not suspended, no checkpoint is known, or a checkpoint proves that entries were lost. Throws `checkpoint_invalid` for a
   * checkpoint of another ledger.
   */
  async function resume(note: string | null, account: string): Promise<void> {
    const known = recovery.state();
    if (!known || suspended() === null)
      throw new CordonError('conflict', 'The ledger is not suspended. Nothing was changed.');
    const file = note === null ? null : await reportedCheckpoints.examine(note);
    const { active, responded, checkpoints, notContained, largest } = await store.evidence();
    const notContainedSize = recovery.state()?.notContainedSize ?? 0;
    const obstacle = whyNotResumed({ notContainedSize, notContained, checkpoints, file: file !== null });
    if (obstacle !== null) throw new CordonError('conflict', `The ledger cannot be resumed. ${obstacle}`);
    const size = await ledger.size();
    const root = (await rootOf(size, ledger.hashes)).toString('hex');
    const largestReported = Math.max(largest?.size ?? 0, file?.size ?? 0);
    const at = now();
    await recovery.update(
      {
        ledger: 'resumed',
        resumed: { at, size, root, largestReported, active, responded, checkpoints, file: file !== null },
      },
      {
        kind: 'ledger.resumed',
        at,
        subject: account,
        public: {
          size,
          root,
          largestReported,
          activeDevices: active,
          responded,
          checkpoints,
          savedCheckpoint: file === null ? 0 : 1,
        },
      },
    );
    log.info({ size, largestReported, responded, checkpoints }, 'an admin resumed the ledger');
  }

  /**
   * Data for the proposal of a continuation, by which the ledger goes on under a new name. `reported`: the largest tree in a checkpoint that
   * the ledger does not contain, or null. `note`: signed checkpoint from a file, or null.
   */
  async function forContinuation(note: string | null) {
    const file = note === null ? null : await reportedCheckpoints.examine(note);
    const [{ notContained, checkpoints, largestNotContained }, size] = await Promise.all([
      store.evidence(),
      ledger.size(),
    ]);
    const fork = { size, root: size === 0 ? '' : (await rootOf(size, ledger.hashes)).toString('hex') };
    const remembered = recovery.state()?.notContained ?? null;
    const { name } = await parseVerifierKey(ledger.verifierKey);
    const reported =
      remembered && largestNotContained
        ? largestNotContained.size > remembered.size
          ? largestNotContained
          : remembered
        : (remembered ?? largestNotContained);
    const reportedFacts = { notContainedSize: recovery.state()?.notContainedSize ?? 0, notContained, checkpoints };
    return {
      origin: name,
      fork,
      reported,
      lossless: whyNotResumed({ ...reportedFacts, file: file !== null }) === null,
    };
  }

  const { recordCheckpoint, examine } = reportedCheckpoints;
  return { suspended, recordCheckpoint, examine, evidence, resume, forContinuation };
}
