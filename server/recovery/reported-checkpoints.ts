/** Checkpoints that a restored server receives from devices or in files, compared with the restored ledger. */
import { isCordonError } from '../../shared/errors.ts';
import { openOwnCheckpoint } from '../../shared/ledger/checkpoint.ts';
import { continuationOf, judgeEarlierTree, type NamedTree } from '../../shared/ledger/continuation.ts';
import { type HashSource, rootOf } from '../../shared/ledger/merkle.ts';
import { parseVerifierKey } from '../../shared/ledger/signed-note.ts';
import type { LedgerContinuation } from '../../shared/order/documents.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { RecoveryState } from './recovery-state.ts';
import type { StoredRecovery } from './stored-recovery.ts';

/**
 * Result of comparing a device's checkpoint with the ledger.
 * - `contained`: the ledger contains the checkpoint's tree.
 * - `not_contained`: the ledger does not contain the tree.
 * - `lost`: the tree has entries that approvers declared lost.
 * - `none`: the device has no checkpoint.
 * - `unreadable`: this installation did not sign the checkpoint.
 */
export type LedgerResult = 'contained' | 'not_contained' | 'lost' | 'none' | 'unreadable';

export interface CheckpointResponse {
  readonly device: DeviceId;
  readonly at: number;
  /** Size and root hash (hex) of the checkpoint's tree; null without a readable checkpoint. */
  readonly size: number | null;
  readonly root: string | null;
  readonly origin: string | null;
  readonly result: LedgerResult;
}

export interface LedgerEvidence {
  readonly active: number;
  readonly responded: number;
  readonly checkpoints: number;
  readonly notContained: number;
  /**
   * Number of reported checkpoints that cover lost entries. The entries were lost before approvers continued the ledger under a new name.
   */
  readonly lost: number;
  readonly largest: { readonly size: number; readonly root: string } | null;
  /**
   * Largest tree in the devices' checkpoints that the restored ledger does not contain; null if there is none. `origin`: name of the tree's
   * ledger.
   */
  readonly largestNotContained: { readonly size: number; readonly root: string; readonly origin: string } | null;
}

export interface CheckpointResponseStore {
  saveResponse(response: CheckpointResponse): Promise<void>;
  /**
   * Responses of devices to the restored server's request for their newest ledger checkpoint. Checkpoints that the ledger does not contain
   * come first, and larger trees come before smaller trees. `user`: null for a device that the store lacks.
   */
  responses(limit: number): Promise<(CheckpointResponse & { readonly user: string | null })[]>;
  evidence(): Promise<LedgerEvidence>;
}

export interface RestoredLedger {
  readonly verifierKey: string;
  readonly installation: string;
  size(): Promise<number>;
  readonly hashes: HashSource;
  readonly continuations: () => readonly LedgerContinuation[];
}

export interface ReportedCheckpointsPorts {
  readonly ledger: RestoredLedger;
  readonly store: CheckpointResponseStore;
  readonly recovery: Pick<StoredRecovery, 'state' | 'update'>;
  readonly raise: (alert: {
    readonly device: DeviceId | null;
    readonly code: string;
    readonly detail: string;
  }) => Promise<void>;
  readonly now: () => number;
  readonly log: { info(facts: object, message: string): void; warn(facts: object, message: string): void };
}

export interface ReportedTree extends NamedTree {
  readonly result: 'contained' | 'not_contained' | 'lost';
}

export function createReportedCheckpoints({ ledger, store, recovery, raise, now, log }: ReportedCheckpointsPorts) {
  async function remember({ origin, size, root }: ReportedTree): Promise<void> {
    const known = recovery.state();
    if (known && size > known.notContainedSize)
      await recovery.update({ notContainedSize: size, notContained: { origin, size, root } });
  }

  /** Raises an alert and adds a ledger entry if a device proves a larger loss than the approvers stated when they renamed the ledger. */
  async function reportLargerLoss(device: DeviceId, { origin, size, root }: ReportedTree): Promise<void> {
    const known = recovery.state();
    const stated = continuationOf(origin, ledger.continuations())?.reported?.size ?? 0;
    if (!known || size <= Math.max(stated, known.reportedLoss)) return;
    const at = now();
    await recovery.update(
      { reportedLoss: size },
      { kind: 'ledger.loss-reported', at, subject: device, public: { origin, size, root } },
    );
    const detail = `The device has seen a ledger of ${size} entries before the continuation. The continuation states ${stated === 0 ? 'no number of lost entries' : `${stated} entries`}. More was lost than the approvers knew.`;
    await raise({ device, code: 'ledger_loss_larger', detail });
  }

  /** Stores the checkpoint that a device has verified. `note`: the signed checkpoint; null if the device has none. */
  async function recordCheckpoint(device: DeviceId, note: string | null): Promise<void> {
    const known = recovery.state();
    if (!known) return;
    const response = { device, at: now(), size: null, root: null, origin: null };
    if (note === null) return await store.saveResponse({ ...response, result: 'none' });
    let reported: ReportedTree;
    try {
      reported = await judgeCheckpoint(note, ledger);
    } catch (error) {
      if (!isCordonError(error)) throw error;
      log.warn({ device, detail: error.message }, 'a device sent a checkpoint of another installation');
      return await store.saveResponse({ ...response, result: 'unreadable' });
    }
    await store.saveResponse({ ...response, ...reported });
    if (reported.result === 'contained') return;
    if (reported.result === 'lost') return await reportLargerLoss(device, reported);
    const before = known.ledger;
    await remember(reported);
    // A suspended ledger needs no alert about the checkpoint. If the ledger was resumed or continued, it now has a second history, so the
    // server raises an alert.
    if (before === 'suspended') return;
    const detail = `The device has seen a ledger of ${reported.size} entries that does not continue the one here.${CAUSES[before] ?? ''} The ledger is suspended. Restore again with a newer copy (cordon restore --ledger). Without a newer copy, let approvers continue the ledger: cordon recovery continue-ledger.`;
    await raise({ device, code: 'ledger_behind', detail });
  }

  async function examine(note: string): Promise<ReportedTree> {
    const tree = await judgeCheckpoint(note, ledger);
    if (tree.result === 'not_contained') await remember(tree);
    return tree;
  }

  return { recordCheckpoint, examine };
}

/** Compares a checkpoint with the ledger. Throws `checkpoint_invalid` for a checkpoint of another log. */
async function judgeCheckpoint(note: string, ledger: RestoredLedger): Promise<ReportedTree> {
  const present = await parseVerifierKey(ledger.verifierKey);
  const { origin, size, root } = await openOwnCheckpoint(note, ledger.installation, present.publicKey);
  const tree: NamedTree = { origin, size, root: Buffer.from(root).toString('hex') };
  const continuation = origin === present.name ? null : continuationOf(origin, ledger.continuations());
  // A checkpoint with an unknown ledger name belongs to a continuation (new name after a loss of entries) that the backup lacks.
  if (origin !== present.name && continuation === null) return { ...tree, result: 'not_contained' };
  const judgment = continuation === null ? 'prove' : judgeEarlierTree(tree, continuation);
  if (judgment === 'lost' || judgment === 'lost-more') return { ...tree, result: 'lost' };
  const isContained =
    judgment === 'prove' && size <= (await ledger.size()) && (await rootOf(size, ledger.hashes)).equals(root);
  return { ...tree, result: isContained ? 'contained' : 'not_contained' };
}

const CAUSES: Partial<Record<RecoveryState['ledger'], string>> = {
  resumed: ' An admin had resumed the ledger after the restore.',
  continued: ' Approvers had continued the ledger after the restore.',
};
