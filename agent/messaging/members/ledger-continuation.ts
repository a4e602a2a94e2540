/**
 * Continuation of a ledger under a new name after a loss of entries (ADR 39). Enough approvers of the device's own approver set must have
 * signed a document about it, and the document must be an entry of the new ledger. The server's statement alone is never enough.
 */
import { z } from 'zod';
import { CordonError, isCordonError } from '../../../shared/errors.ts';
import { checkInclusionIn } from '../../../shared/ledger/check-proofs.ts';
import { continuationOf, judgeEarlierTree, type NamedTree } from '../../../shared/ledger/continuation.ts';
import type { ApproverSet } from '../../../shared/order/approvers.ts';
import type { LedgerContinuation } from '../../../shared/order/documents.ts';
import { continuationDigest, verifyLedgerContinuation } from '../../../shared/order/ledger-continuation.ts';
import { continuationsResponse } from '../../../shared/protocol/device-http.ts';

/**
 * Result of following the ledger from a stored tree to the ledger's current name. `documents`: signed decisions (continuations), each of
 * which gave the ledger a new name after a loss of entries. `loss`: lost entries in the tree that this device had stored: none, only those
 * that the documents state (`lost`), or also others (`more`).
 */
export interface Followed {
  readonly documents: readonly LedgerContinuation[];
  readonly loss: 'none' | 'lost' | 'more';
}

/**
 * Returns the valid continuations (signed decisions that gave the ledger a new name) in the server's response. `tree`: the newest verified
 * ledger tree, which must contain an entry for each continuation; its root hash is in hex. Throws for a malformed response.
 */
export async function validContinuations(
  response: unknown,
  tree: NamedTree,
  approverSet: ApproverSet,
): Promise<LedgerContinuation[]> {
  const valid: LedgerContinuation[] = [];
  for (const { envelope, index, body, proof } of continuationsResponse.parse(response).continuations) {
    try {
      const document = verifyLedgerContinuation(envelope, approverSet);
      const entry = await checkInclusionIn(
        { index, body, proof },
        { size: tree.size, root: Buffer.from(tree.root, 'hex') },
      );
      const isContinuation =
        entry.kind === 'ledger.continued' && entry.public['digest'] === continuationDigest(envelope);
      if (isContinuation && index === document.fork.size) valid.push(document);
    } catch (error) {
      // An invalid continuation is ignored. Without a valid one, the device refuses the ledger's new name.
      if (!isCordonError(error)) throw error;
    }
  }
  return valid;
}

/**
 * Follows continuations from a stored ledger tree to the log with the given name. `prove` must throw unless the server proves that the
 * newer tree begins with the entries of the older one. Throws `ledger_forked` if no valid continuation leads to the log, or if one
 * contradicts the stored tree.
 */
export async function followContinuations(
  stored: NamedTree,
  origin: string,
  valid: readonly LedgerContinuation[],
  prove: (older: NamedTree, newer: NamedTree) => Promise<void>,
): Promise<Followed> {
  const documents: LedgerContinuation[] = [];
  const losses = new Set<Followed['loss']>(['none']);
  for (let tree = stored; tree.origin !== origin; ) {
    const next = continuationOf(tree.origin, valid);
    if (!next || documents.includes(next))
      throw refused(`no valid document of the approvers leads from ${tree.origin} to ${origin}`);
    const fork: NamedTree = { origin: next.newOrigin, ...next.fork };
    const verdict = judgeEarlierTree(tree, next);
    switch (verdict) {
      case 'prove':
        await prove(tree, fork);
        break;
      case 'lost':
      case 'lost-more':
        losses.add(verdict === 'lost' ? 'lost' : 'more');
        break;
      default:
        throw refused(
          `the document of the approvers names a tree of ${tree.size} entries that differs from the tree that this device received`,
        );
    }
    documents.push(next);
    tree = fork;
  }
  const loss = (['more', 'lost'] as const).find((each) => losses.has(each)) ?? 'none';
  return { documents, loss };
}

const refused = (why: string): CordonError =>
  new CordonError('ledger_forked', `The server shows the ledger under another name, and ${why}.`);

export function continuedWords({ documents, loss }: Followed, before: NamedTree): string {
  const [first] = documents;
  const last = documents.at(-1);
  if (!first || !last) return '';
  const lossWords = {
    none: 'Every entry that this device has seen remains.',
    lost: `This device had seen ${before.size} entries, root ${before.root}. It keeps that checkpoint as proof of the lost ones.`,
    more: `This device had seen ${before.size} entries, root ${before.root}, more than the document states as lost. It keeps that checkpoint as proof.`,
  };
  return `The public ledger continues as ${last.newOrigin} after a loss of entries: ${first.fork.size} entries remain. Approvers signed this. ${lossWords[loss]} Reason: ${first.reason}`;
}

export const isMalformedResponse = (error: unknown): boolean => error instanceof z.ZodError;
