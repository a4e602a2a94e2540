/**
 * Verification of a ledger's continuations (ADR 39): signed decisions by which a ledger that lost entries goes on under a new name. The
 * documents come from a ledger copy or an evidence pack.
 */
import { z } from 'zod';
import { CordonError } from '../errors.ts';
import { type ApproverSet, readApproverSet, verifyApproverSets } from '../order/approvers.ts';
import { type Envelope, envelopeSchema, type LedgerContinuation } from '../order/documents.ts';
import { continuationDigest, readLedgerContinuation, signingSet } from '../order/ledger-continuation.ts';
import { type Checkpoint, openCheckpoint, originIn } from './checkpoint.ts';
import { continuationOf } from './continuation.ts';
import type { LedgerEntry } from './ledger-entry.ts';
import type { NoteVerifier } from './signed-note.ts';

/**
 * Public response with approver sets and continuations (signed decisions that a ledger goes on under a new name). The numbers of documents
 * are limited, because every verification of a ledger copy parses them.
 */
export const continuationsFileSchema = z.strictObject({
  approverSets: z.array(envelopeSchema).max(256),
  continuations: z.array(envelopeSchema).max(64),
});
export type ContinuationsFile = z.infer<typeof continuationsFileSchema>;

export interface SignedContinuation {
  readonly document: LedgerContinuation;
  readonly digest: string;
  /** Newest approver set of which enough members signed the continuation (decision that a ledger goes on under a new name). */
  readonly set: ApproverSet;
  /** Approver sets, oldest first. */
  readonly sets: readonly ApproverSet[];
  readonly envelope: Envelope;
}

/**
 * Verifies the chain of approver sets and the signatures of all continuations (decisions to go on under a new ledger name). Throws an error
 * if one signature is invalid, so that the caller uses none of them.
 */
export function readContinuations({ approverSets, continuations }: ContinuationsFile): SignedContinuation[] {
  if (continuations.length === 0) return [];
  verifyApproverSets(null, approverSets);
  return signedBySets(continuations, approverSets.map(readApproverSet));
}

/**
 * Verifies that enough members of one approver set signed each continuation (decision to go on under a new ledger name). `sets`: verified
 * approver sets, oldest first. Throws `threshold_not_met`.
 */
export function signedBySets(envelopes: readonly Envelope[], sets: readonly ApproverSet[]): SignedContinuation[] {
  return envelopes.map((envelope) => {
    const document = readLedgerContinuation(envelope);
    const set = signingSet(envelope, sets);
    if (!set || document.installation !== set.approvers.installation) {
      const detail = `No approver set signed the continuation of the ledger to ${document.newOrigin} with enough approvers.`;
      throw new CordonError('threshold_not_met', detail);
    }
    return { document, digest: continuationDigest(envelope), set, sets, envelope };
  });
}

/** Continuations that lead from one ledger name to another, in sequence. Throws `checkpoint_invalid` if there are none. */
export function pathTo(origin: string, wanted: string, known: readonly SignedContinuation[]): SignedContinuation[] {
  const path: SignedContinuation[] = [];
  for (let name = origin; name !== wanted; ) {
    const next = continuationOf(
      name,
      known.map(({ document }) => document),
    );
    const found = known.find(({ document }) => document === next);
    if (!found || path.includes(found)) {
      throw new CordonError(
        'checkpoint_invalid',
        `The checkpoint belongs to ${JSON.stringify(wanted.slice(0, 100))}, not to ${origin}, and no valid continuation connects them: it belongs to another ledger.`,
      );
    }
    path.push(found);
    name = found.document.newOrigin;
  }
  return path;
}

/**
 * Verifies a signed checkpoint under the ledger name of `verifier`, or under a later name that the ledger got after a loss of entries.
 * `known` must then contain the signed decisions that lead from name to name. Throws `checkpoint_invalid`.
 */
export async function openContinued(
  note: string,
  verifier: NoteVerifier,
  known: readonly SignedContinuation[],
): Promise<{ readonly checkpoint: Checkpoint; readonly path: readonly SignedContinuation[] }> {
  const path = pathTo(verifier.name, originIn(note), known);
  const name = path.at(-1)?.document.newOrigin ?? verifier.name;
  return { checkpoint: await openCheckpoint(note, { ...verifier, name }), path };
}

/**
 * Verifies that a ledger entry contains the digest of a continuation (signed decision that the ledger goes on under a new name). `entry`:
 * the first entry under that name. Throws `proof_invalid`.
 */
export function requireEntry({ document, digest }: SignedContinuation, entry: LedgerEntry | undefined): void {
  if (entry?.kind === 'ledger.continued' && entry.public['digest'] === digest) return;
  throw new CordonError(
    'proof_invalid',
    `Ledger entry ${document.fork.size} is not the continuation to ${document.newOrigin}.`,
  );
}

export interface LoggedSet {
  readonly version: number;
  readonly digest: string;
}

export const loggedSet = ({ public: said }: LedgerEntry): LoggedSet => ({
  version: Number(said['version']),
  digest: String(said['digest']),
});

/**
 * Verifies that the approver set which signed a continuation was not older than the newest set in the ledger. Keys of an older set may have
 * been stolen. `logged`: approver sets with a ledger entry before the continuation. Throws `threshold_not_met`.
 */
export function requireSetInForce({ document, set, sets }: SignedContinuation, logged: readonly LoggedSet[]): void {
  const newest = logged.reduce<LoggedSet | null>(
    (one, other) => (one && one.version > other.version ? one : other),
    null,
  );
  const known = newest && sets.find(({ approvers }) => approvers.version === newest.version);
  if (known && known.digest === newest.digest && set.approvers.version >= newest.version) return;
  throw new CordonError(
    'threshold_not_met',
    newest
      ? `Approver set ${set.approvers.version} signed the continuation to ${document.newOrigin}, but the ledger has another current set (version ${newest.version}).`
      : `The ledger has no approver set before the continuation to ${document.newOrigin}.`,
  );
}
