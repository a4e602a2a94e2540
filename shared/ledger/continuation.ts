/**
 * Checks of a continuation: the signed decision by which a ledger that lost entries goes on under a new name (ADR 39). Devices, ledger
 * copies, browsers and restored servers compare the decision with the entries that they have seen. `shared/order/ledger-continuation.ts`
 * checks the signatures.
 */
import { CordonError } from '../errors.ts';
import { parseDocument } from '../order/canonical.ts';
import { type LedgerContinuation, ledgerContinuationSchema } from '../order/documents.ts';
import { originOrder } from './checkpoint.ts';

export interface NamedTree {
  readonly origin: string;
  readonly size: number;
  /** Root hash in hex. */
  readonly root: string;
}

/**
 * Parses a continuation (signed decision that a ledger goes on under a new name). Checks the consistency of the document, but no
 * signatures. Throws `document_malformed`.
 */
export function parseContinuation(payload: Uint8Array): LedgerContinuation {
  const document = parseDocument(ledgerContinuationSchema, payload);
  const { installation, origin, fork, reported, newOrigin } = document;
  const [before, after] = [originOrder(installation, origin), originOrder(installation, newOrigin)];
  if (before === null || after === null) throw malformed('names a ledger of another installation');
  if (after <= before) throw malformed('has a new origin that is not later than the old one');
  if (reported) {
    const order = originOrder(installation, reported.origin);
    if (order === null || order < before || order >= after) {
      throw malformed(
        'names a reported tree that is not of the old ledger or a ledger between the old and the new name',
      );
    }
    if (reported.origin === origin && reported.size === fork.size && reported.root === fork.root) {
      throw malformed('states a loss, but the reported tree is the tree that continues');
    }
  }
  return document;
}

/**
 * Judgment of a continuation by a holder of an earlier tree (size and root hash of the ledger).
 * - `prove`: the holder needs a proof that the continued ledger contains the entries of the earlier tree.
 * - `lost`: the continuation says that entries of the earlier tree were lost.
 * - `lost-more`: the holder has seen more entries than the continuation lists as lost.
 * - `contradicts`: the earlier tree and the tree in the continuation have the same size and different root hashes.
 * - `other`: the continuation is about a ledger that the holder does not know.
 */
export type TreeVerdict = 'prove' | 'lost' | 'lost-more' | 'contradicts' | 'other';

export function judgeEarlierTree(
  earlier: NamedTree,
  { installation, origin, fork, reported, newOrigin }: LedgerContinuation,
): TreeVerdict {
  if (
    reported &&
    reported.origin === earlier.origin &&
    reported.size === earlier.size &&
    reported.root === earlier.root
  )
    return 'lost';
  if (earlier.origin === origin && earlier.size <= fork.size) return 'prove';
  const order = originOrder(installation, earlier.origin);
  const [before, after] = [originOrder(installation, origin), originOrder(installation, newOrigin)];
  if (order === null || before === null || after === null || order < before || order >= after) return 'other';
  if (reported && reported.origin === earlier.origin && reported.size === earlier.size) return 'contradicts';
  return reported && earlier.size <= reported.size ? 'lost' : 'lost-more';
}

/**
 * Returns the first continuation (decision to go on under a new ledger name) that came after the ledger name `origin`; null if there is
 * none. Names are compared by the times in them, so `known` may be in any sequence.
 */
export function continuationOf(origin: string, known: readonly LedgerContinuation[]): LedgerContinuation | null {
  const follows = ({ installation, origin: from, newOrigin }: LedgerContinuation) => {
    const [order, before, after] = [origin, from, newOrigin].map((name) => originOrder(installation, name));
    return order != null && before != null && after != null && before <= order && order < after;
  };
  const [first = null] = known
    .filter(follows)
    .toSorted(
      (a, b) => Number(originOrder(a.installation, a.newOrigin)) - Number(originOrder(b.installation, b.newOrigin)),
    );
  return first;
}

const malformed = (why: string): CordonError =>
  new CordonError('document_malformed', `The continuation of the ledger ${why}.`);
