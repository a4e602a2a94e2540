/**
 * Check of a ledger continuation: after a loss of entries, the ledger continues under a new name (ADR 39). The approver set comes from the
 * server, so the check proves only that the server's documents agree. A device compares the signatures with its own stored approver set.
 */
import { approversView } from '../../../shared/api/approvers.ts';
import { consistencyView, inclusionView } from '../../../shared/api/ledger.ts';
import { type ContinuationView, continuationList } from '../../../shared/api/recovery.ts';
import { CordonError } from '../../../shared/errors.ts';
import { checkBeginning, checkInclusion } from '../../../shared/ledger/check-proofs.ts';
import { type Checkpoint, openCheckpoint, originOrder } from '../../../shared/ledger/checkpoint.ts';
import {
  continuationOf,
  judgeEarlierTree,
  type NamedTree,
  parseContinuation,
} from '../../../shared/ledger/continuation.ts';
import { parseVerifierKey } from '../../../shared/ledger/signed-note.ts';
import { describeApproverSet } from '../../../shared/order/describe-revision.ts';
import { type LedgerContinuation, PAYLOAD_TYPES } from '../../../shared/order/documents.ts';
import { webSha256 } from '../../../shared/order/web-digest.ts';
import { webSigners } from '../../../shared/order/web-signers.ts';
import { call, withQuery } from '../client/call.ts';

export interface FollowedLedger {
  readonly checkpoint: Checkpoint;
  readonly document: LedgerContinuation;
  /** True if this browser had verified ledger entries that are now lost. */
  readonly lost: boolean;
}

const refuse = (detail: string): CordonError => new CordonError('checkpoint_invalid', detail);

/**
 * Verifies that a ledger that lost entries continues under a new name with the approvers' signatures. `verified`: last checkpoint that this
 * browser verified, with the key `pinned`. `shown`: checkpoint and key from the server. Throws `checkpoint_invalid` or `proof_invalid`.
 */
export async function followContinuation(
  installation: string,
  verified: Checkpoint,
  pinned: string,
  shown: { readonly checkpoint: string; readonly key: string },
): Promise<FollowedLedger> {
  const [ours, theirs] = [await parseVerifierKey(pinned), await parseVerifierKey(shown.key)];
  const isLater = Number(originOrder(installation, theirs.name) ?? -1) > Number(originOrder(installation, ours.name));
  if (theirs.publicKey.toHex() !== ours.publicKey.toHex() || !isLater) {
    throw refuse(
      'The ledger is signed by another key than this browser has seen before. Ask the operator of the server for the reason.',
    );
  }
  const checkpoint = await openCheckpoint(shown.checkpoint, theirs);
  const { continuations } = await call('GET', '/recovery/ledger/continuations', continuationList);
  const adopted = continuations.filter(({ state }) => state === 'adopted');
  const documents = adopted.map(({ payload }) => parseContinuation(new TextEncoder().encode(payload)));
  const before: NamedTree = { origin: verified.origin, size: verified.size, root: verified.root.toHex() };
  let [tree, lost, last]: [NamedTree, boolean, LedgerContinuation | null] = [before, false, null];
  while (tree.origin !== checkpoint.origin) {
    const next = continuationOf(tree.origin, documents);
    const view = next && adopted[documents.indexOf(next)];
    if (!next || !view)
      throw refuse(
        `The server shows the ledger as ${checkpoint.origin}, but no document of the approvers contains this name. Ask the operator of the server for the reason.`,
      );
    await requireSigned(view, shown.key);
    const verdict = judgeEarlierTree(tree, next);
    if (verdict === 'prove') await requireBeginning(tree, checkpoint);
    else if (verdict === 'lost' || verdict === 'lost-more') lost = true;
    else
      throw refuse(
        `The document of the approvers contradicts the ${tree.size} entries that this browser has seen. Ask the operator of the server for the reason.`,
      );
    tree = { origin: next.newOrigin, ...next.fork };
    await requireBeginning(tree, checkpoint);
    last = next;
  }
  if (!last)
    throw refuse('The server shows no continuation of the ledger. Ask the operator of the server for the reason.');
  return { checkpoint, document: last, lost };
}

async function requireBeginning({ size, root }: NamedTree, newer: Checkpoint): Promise<void> {
  const consistency = await call('GET', withQuery('/ledger/consistency', { from: size }), consistencyView);
  // The ledger may have grown since the server sent `shown`. The proof is for the checkpoint in this new response, which must have the same
  // ledger name.
  const grown = await openCheckpoint(consistency.checkpoint, await parseVerifierKey(consistency.key));
  if (grown.origin !== newer.origin) throw refuse('The ledger was continued again during this check. Reload the page.');
  await checkBeginning(consistency.proof, { size, root: Uint8Array.fromHex(root) }, grown);
}

async function requireSigned({ payload, signatures, digest }: ContinuationView, key: string): Promise<void> {
  const { current } = await call('GET', '/approvers', approversView);
  const set = current && describeApproverSet(current.payload, current.version).document;
  const people = set && (await webSigners(PAYLOAD_TYPES.ledgerContinuation, payload, signatures, set));
  if (!set || !people || people.size < Math.max(2, set.threshold)) {
    throw refuse(
      'The ledger has another name, but too few approvers signed the document for it. Ask the operator of the server for the reason.',
    );
  }
  const { size } = parseContinuation(new TextEncoder().encode(payload)).fork;
  const inclusion = await call('GET', withQuery('/ledger/inclusion', { index: size }), inclusionView);
  const { entry } = await checkInclusion(inclusion, size, key);
  if (
    entry.kind !== 'ledger.continued' ||
    entry.public['digest'] !== (await webSha256(payload)) ||
    entry.public['digest'] !== digest
  ) {
    throw refuse(
      `Entry ${size} of the ledger is not the document that approvers signed. Ask the operator of the server for the reason.`,
    );
  }
}
