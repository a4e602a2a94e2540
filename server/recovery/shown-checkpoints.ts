/** Checkpoints that devices and files show to a restored server, compared with the restored ledger. */
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
 * - `beyond`: the ledger does not contain the tree.
 * - `lost`: the tree has entries that approvers declared lost.
 * - `none`: the device has no checkpoint.
 * - `unreadable`: this installation did not sign the checkpoint.
 */
export type LedgerVerdict = 'contained' | 'beyond' | 'lost' | 'none' | 'unreadable';

export interface CheckpointResponse {
  readonly device: DeviceId;
  readonly at: number;
  /** Size and root hash (hex) of the checkpoint's tree; null without a readable checkpoint. */
  readonly size: number | null;
  readonly root: string | null;
  readonly origin: string | null;
  readonly verdict: LedgerVerdict;
}

export interface LedgerEvidence {
  readonly active: number;
  readonly answered: number;
  readonly checkpoints: number;
  readonly beyond: number;
  /**
   * Number of reported checkpoints that cover lost entries. The entries were lost before approvers continued the ledger under a new name.
   */
  readonly lost: number;
  readonly largest: { readonly size: number; readonly root: string } | null;
  /**
   * Largest tree in the devices' checkpoints that the restored ledger does not contain; null if there is none. `origin`: name of the tree's
   * ledger; null if an older version of the server stored the tree.
   */
  readonly largestBeyond: { readonly size: number; readonly root: string; readonly origin: string | null } | null;
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

export interface ShownCheckpointsPorts {
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

export interface ShownTree extends NamedTree {
  readonly verdict: 'contained' | 'beyond' | 'lost';
}

export function createShownCheckpoints({ ledger, store, recovery, raise, now, log }: ShownCheckpointsPorts) {
  async function remember({ origin, size, root }: ShownTree): Promise<void> {
    const known = recovery.state();
    if (known && size > known.seenLedger) await recovery.update({ seenLedger: size, seen: { origin, size, root } });
  }

  /** Raises an alert and adds a ledger entry if a device proves a larger loss than the approvers stated when they renamed the ledger. */
  async function reportLargerLoss(device: DeviceId, { origin, size, root }: ShownTree): Promise<void> {
    const known = recovery.state();
    const stated = continuationOf(origin, ledger.continuations())?.shown?.size ?? 0;
    if (!known || size <= Math.max(stated, known.lossShown)) return;
    const at = now();
    await recovery.update(
      { lossShown: size },
      { kind: 'ledger.loss-shown', at, subject: device, public: { origin, size, root } },
    );
    const detail = `The device has seen a ledger of ${size} entries before the continuation. The continuation states ${stated === 0 ? 'no number of lost entries' : `${stated} entries`}. More was lost than the approvers knew.`;
    await raise({ device, code: 'ledger_loss_larger', detail });
  }

  /** Stores the checkpoint that a device has verified. `note`: the signed checkpoint; null if the device has none. */
  async function recordCheckpoint(device: DeviceId, note: string | null): Promise<void> {
    const known = recovery.state();
    if (!known) return;
    const response = { device, at: now(), size: null, root: null, origin: null };
    if (note === null) return await store.saveResponse({ ...response, verdict: 'none' });
    let shown: ShownTree;
    try {
      shown = await judgeCheckpoint(note, ledger);
    } catch (error) {
      if (!isCordonError(error)) throw error;
      log.warn({ device, detail: error.message }, 'a device sent a checkpoint of another installation');
      return await store.saveResponse({ ...response, verdict: 'unreadable' });
    }
    await store.saveResponse({ ...response, ...shown });
    if (shown.verdict === 'contained') return;
    if (shown.verdict === 'lost') return await reportLargerLoss(device, shown);
    const before = known.ledger;
    await remember(shown);
    // A suspended ledger needs no alert. A ledger that was resumed or continued now has a second history, so the server raises an alert.
    if (before === 'suspended') return;
    const detail = `The device has seen a ledger of ${shown.size} entries that does not continue the one here.${CAUSES[before] ?? ''} The ledger is suspended. Restore again with a newer copy (cordon restore --ledger). Without a newer copy, let approvers continue the ledger: cordon recovery continue-ledger.`;
    await raise({ device, code: 'ledger_behind', detail });
  }

  async function examine(note: string): Promise<ShownTree> {
    const tree = await judgeCheckpoint(note, ledger);
    if (tree.verdict === 'beyond') await remember(tree);
    return tree;
  }

  return { recordCheckpoint, examine };
}

/** Compares a checkpoint with the ledger. Throws `checkpoint_invalid` for a checkpoint of another log. */
async function judgeCheckpoint(note: string, ledger: RestoredLedger): Promise<ShownTree> {
  const present = await parseVerifierKey(ledger.verifierKey);
  const { origin, size, root } = await openOwnCheckpoint(note, ledger.installation, present.publicKey);
  const tree: NamedTree = { origin, size, root: Buffer.from(root).toString('hex') };
  const continuation = origin === present.name ? null : continuationOf(origin, ledger.continuations());
  // A checkpoint with an unknown ledger name belongs to a continuation (new name after a loss of entries) that the backup lacks.
  if (origin !== present.name && continuation === null) return { ...tree, verdict: 'beyond' };
  const judgment = continuation === null ? 'prove' : judgeEarlierTree(tree, continuation);
  if (judgment === 'lost' || judgment === 'lost-more') return { ...tree, verdict: 'lost' };
  const isContained =
    judgment === 'prove' && size <= (await ledger.size()) && (await rootOf(size, ledger.hashes)).equals(root);
  return { ...tree, verdict: isContained ? 'contained' : 'beyond' };
}

const CAUSES: Partial<Record<RecoveryState['ledger'], string>> = {
  resumed: ' An admin had resumed the ledger after the restore.',
  continued: ' Approvers had continued the ledger after the restore.',
};
