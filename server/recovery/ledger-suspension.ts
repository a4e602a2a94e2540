/**
 * Suspension of a restored server's ledger. While outsiders may have seen larger trees, the server signs no checkpoint. Devices send the
 * newest checkpoint that they verified. An admin may resume the ledger if it contains all sent checkpoints.
 */
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { openOwnCheckpoint } from '../../shared/ledger/checkpoint.ts';
import { continuationOf, judgeHeldTree, type NamedTree } from '../../shared/ledger/continuation.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type HashSource, rootOf } from '../../shared/ledger/merkle.ts';
import { parseVerifierKey } from '../../shared/ledger/signed-note.ts';
import type { LedgerContinuation } from '../../shared/order/documents.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { RecoveryState } from './recovery-state.ts';

/**
 * Comparison of a device's checkpoint with the ledger. `lost`: a tree with entries that a continuation gave up. `unreadable`: a note that
 * this installation did not sign.
 */
export type LedgerVerdict = 'contained' | 'beyond' | 'lost' | 'none' | 'unreadable';

export interface LedgerAnswer {
  readonly device: DeviceId;
  readonly at: number;
  /** Size and root hash (hex) of the checkpoint's tree; null without a readable checkpoint. */
  readonly size: number | null;
  readonly root: string | null;
  /** Name of the checkpoint's log; null without a readable checkpoint. */
  readonly origin: string | null;
  readonly verdict: LedgerVerdict;
}

export interface LedgerEvidence {
  readonly active: number;
  readonly answered: number;
  /** Number of devices that showed a checkpoint of this installation. */
  readonly checkpoints: number;
  /** Number of checkpoints that the ledger does not contain. */
  readonly beyond: number;
  /** Number of checkpoints with entries that a continuation gave up. */
  readonly lost: number;
  /** The largest tree in a device's checkpoint; null without a checkpoint. */
  readonly largest: { readonly size: number; readonly root: string } | null;
  /**
   * The largest tree that the ledger does not contain; null if there is none. `origin`: name of its log; null if an older version of the
   * server stored the tree.
   */
  readonly largestBeyond: { readonly size: number; readonly root: string; readonly origin: string | null } | null;
}

export interface LedgerAnswerStore {
  /** Stores a device's response in place of its earlier response. */
  saveAnswer(answer: LedgerAnswer): Promise<void>;
  /**
   * Responses of devices: checkpoints outside the ledger come first, then larger trees before smaller ones. `user`: null for a device that
   * the store lacks.
   */
  answers(limit: number): Promise<(LedgerAnswer & { readonly user: string | null })[]>;
  evidence(): Promise<LedgerEvidence>;
}

export interface RestoredLedger {
  /** Verifier key of the ledger under its present name. */
  readonly verifierKey: string;
  readonly installation: string;
  size(): Promise<number>;
  readonly hashes: HashSource;
  readonly continuations: () => readonly LedgerContinuation[];
}

export interface LedgerSuspensionPorts {
  readonly ledger: RestoredLedger;
  readonly store: LedgerAnswerStore;
  readonly state: () => RecoveryState | null;
  /** Stores the changed recovery state and the ledger entry in one transaction. */
  readonly update: (change: Partial<RecoveryState>, entry?: EntryDraft) => Promise<void>;
  readonly raise: (alert: {
    readonly device: DeviceId | null;
    readonly code: string;
    readonly detail: string;
  }) => Promise<void>;
  readonly now: () => number;
  readonly log: { info(facts: object, message: string): void; warn(facts: object, message: string): void };
}

interface Shown extends NamedTree {
  readonly verdict: 'contained' | 'beyond' | 'lost';
}

const MOST_ANSWERS = 1_000;

/**
 * Reason why an admin may not resume the ledger; null if the admin may. Pure. Without any checkpoint, nothing proves that the restored tree
 * is the newest one, and the server might sign a second history.
 */
export function whyNotResumed(given: {
  readonly seen: number;
  readonly beyond: number;
  readonly checkpoints: number;
  readonly file: boolean;
}): string | null {
  if (given.seen > 0 || given.beyond > 0) {
    const size = given.seen > 0 ? ` of ${given.seen} entries` : '';
    return `A signed checkpoint shows a ledger${size} that the restored ledger does not contain, so entries were lost. Restore again with --ledger and a newer copy. Without a newer copy, let approvers continue the ledger: cordon recovery continue-ledger.`;
  }
  if (given.checkpoints === 0 && !given.file) {
    return 'No device has shown a checkpoint of the ledger yet. Wait until devices connect, or name a saved checkpoint file.';
  }
  return null;
}

export function createLedgerSuspension({ ledger, store, state, update, raise, now, log }: LedgerSuspensionPorts) {
  /** Compares a checkpoint with the ledger. Throws `checkpoint_invalid`. */
  async function judge(note: string): Promise<Shown> {
    const present = await parseVerifierKey(ledger.verifierKey);
    const { origin, size, root } = await openOwnCheckpoint(note, ledger.installation, present.publicKey);
    const tree: NamedTree = { origin, size, root: Buffer.from(root).toString('hex') };
    const continuation = origin === present.name ? null : continuationOf(origin, ledger.continuations());
    // A checkpoint with an unknown log name belongs to a continuation that the backup lacks.
    if (origin !== present.name && continuation === null) return { ...tree, verdict: 'beyond' };
    const held = continuation === null ? 'prove' : judgeHeldTree(tree, continuation);
    if (held === 'lost' || held === 'lost-more') return { ...tree, verdict: 'lost' };
    const isContained =
      held === 'prove' && size <= (await ledger.size()) && (await rootOf(size, ledger.hashes)).equals(root);
    return { ...tree, verdict: isContained ? 'contained' : 'beyond' };
  }

  /** Stores the largest tree that the ledger does not contain. */
  async function remember({ origin, size, root }: Shown): Promise<void> {
    const known = state();
    if (known && size > known.seenLedger) await update({ seenLedger: size, seen: { origin, size, root } });
  }

  /** Raises an alert and adds a ledger entry if more entries are lost than the approvers knew. */
  async function tellLargerLoss(device: DeviceId, { origin, size, root }: Shown): Promise<void> {
    const known = state();
    const stated = continuationOf(origin, ledger.continuations())?.shown?.size ?? 0;
    if (!known || size <= Math.max(stated, known.lossShown)) return;
    const at = now();
    await update(
      { lossShown: size },
      { kind: 'ledger.loss-shown', at, subject: device, public: { origin, size, root } },
    );
    const detail = `The device has seen a ledger of ${size} entries before the continuation. The continuation states ${stated === 0 ? 'no number of lost entries' : `${stated} entries`}. More was lost than the approvers knew.`;
    await raise({ device, code: 'ledger_loss_larger', detail });
  }

  /** Reason why the server may sign no checkpoint; null if it may. */
  function suspended(): string | null {
    const known = state();
    if (!known || (known.ledger !== 'suspended' && known.seenLedger === 0)) return null;
    return known.seenLedger > 0
      ? `a signed checkpoint shows a ledger of ${known.seenLedger} entries that the ledger here does not contain`
      : 'the server was restored without a copy of the ledger, and entries may have been published after the backup';
  }

  /** Stores the checkpoint that a device has verified. `note`: the signed checkpoint; null if the device has none. */
  async function take(device: DeviceId, note: string | null): Promise<void> {
    const known = state();
    if (!known) return;
    const answer = { device, at: now(), size: null, root: null, origin: null };
    if (note === null) return await store.saveAnswer({ ...answer, verdict: 'none' });
    let shown: Shown;
    try {
      shown = await judge(note);
    } catch (error) {
      if (!isCordonError(error)) throw error;
      log.warn({ device, detail: error.message }, 'a device sent a checkpoint of another installation');
      return await store.saveAnswer({ ...answer, verdict: 'unreadable' });
    }
    await store.saveAnswer({ ...answer, ...shown });
    if (shown.verdict === 'contained') return;
    if (shown.verdict === 'lost') return await tellLargerLoss(device, shown);
    const before = known.ledger;
    await remember(shown);
    // A suspended ledger needs no alert, but a resumed or continued ledger now has a second history.
    if (before === 'suspended') return;
    const detail = `The device has seen a ledger of ${shown.size} entries that does not continue the one here.${CAUSES[before] ?? ''} The ledger is suspended. Restore again with a newer copy (cordon restore --ledger). Without a newer copy, let approvers continue the ledger: cordon recovery continue-ledger.`;
    await raise({ device, code: 'ledger_behind', detail });
  }

  /** Facts on which an admin decides whether to resume the ledger. */
  async function evidence() {
    const known = state();
    const [facts, answers, size] = await Promise.all([store.evidence(), store.answers(MOST_ANSWERS), ledger.size()]);
    const asked = { seen: known?.seenLedger ?? 0, beyond: facts.beyond, checkpoints: facts.checkpoints };
    return { ...facts, size, answers, obstacle: whyNotResumed({ ...asked, file: false }) };
  }

  /**
   * Resumes the ledger from the restored tree. `note`: a checkpoint from a file; null without a file. Throws `conflict` without sufficient
   * evidence, and `checkpoint_invalid` for a checkpoint of another log.
   */
  async function resume(note: string | null, account: string): Promise<void> {
    const known = state();
    if (!known || suspended() === null)
      throw new CordonError('conflict', 'The ledger is not suspended. Nothing was changed.');
    const file = note === null ? null : await judge(note);
    if (file?.verdict === 'beyond') await remember(file);
    const { active, answered, checkpoints, beyond, largest } = await store.evidence();
    const seen = state()?.seenLedger ?? 0;
    const obstacle = whyNotResumed({ seen, beyond, checkpoints, file: file !== null });
    if (obstacle !== null) throw new CordonError('conflict', `The ledger cannot be resumed. ${obstacle}`);
    const size = await ledger.size();
    const root = (await rootOf(size, ledger.hashes)).toString('hex');
    const shown = Math.max(largest?.size ?? 0, file?.size ?? 0);
    const at = now();
    await update(
      {
        ledger: 'resumed',
        resumed: { ...{ at, size, root, shown, active, answered, checkpoints }, file: file !== null },
      },
      {
        kind: 'ledger.resumed',
        at,
        subject: account,
        public: { size, root, shown, active, answered, checkpoints, file: file === null ? 0 : 1 },
      },
    );
    log.info({ size, shown, answered, checkpoints }, 'an admin resumed the ledger');
  }

  /**
   * Facts for the proposal of a continuation. `shown`: the largest tree outside the ledger; null if there is none. `note`: a checkpoint
   * from a file.
   */
  async function forContinuation(note: string | null) {
    const file = note === null ? null : await judge(note);
    if (file?.verdict === 'beyond') await remember(file);
    const [{ beyond, checkpoints, largestBeyond }, size] = await Promise.all([store.evidence(), ledger.size()]);
    const fork = { size, root: size === 0 ? '' : (await rootOf(size, ledger.hashes)).toString('hex') };
    const seen = state()?.seen ?? null;
    const { name } = await parseVerifierKey(ledger.verifierKey);
    const answered = largestBeyond && { ...largestBeyond, origin: largestBeyond.origin ?? name };
    const shown = seen && answered ? (answered.size > seen.size ? answered : seen) : (seen ?? answered);
    const asked = { seen: state()?.seenLedger ?? 0, beyond, checkpoints };
    return { origin: name, fork, shown, lossless: whyNotResumed({ ...asked, file: file !== null }) === null };
  }

  return { suspended, take, evidence, resume, forContinuation };
}

const CAUSES: Partial<Record<RecoveryState['ledger'], string>> = {
  resumed: ' An admin had resumed the ledger after the restore.',
  continued: ' Approvers had continued the ledger after the restore.',
};
