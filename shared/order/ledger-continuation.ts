/**
 * Continuation of the ledger after entries were lost (ADR 39). Approvers state which entries remain and under which new name the ledger
 * continues. The server must not sign the statement, because a server that can rename its ledger can hide entries.
 */
import { CordonError } from '../errors.ts';
import { parseContinuation } from '../ledger/continuation.ts';
import { type ApproverSet, personsWhoSigned } from './approvers.ts';
import { sha256 } from './digest.ts';
import { type Envelope, type LedgerContinuation, PAYLOAD_TYPES } from './documents.ts';
import { payloadOf } from './dsse.ts';

/** Minimum number of people who must sign a ledger continuation, even if the threshold of the approver set is lower. */
export const LEAST_PEOPLE = 2;

/** Parses a ledger continuation (statement that the ledger goes on under a new name after a loss of entries). Does not check signatures. */
export const readLedgerContinuation = (envelope: Envelope): LedgerContinuation =>
  parseContinuation(payloadOf(envelope, PAYLOAD_TYPES.ledgerContinuation));

export const continuationDigest = (envelope: Envelope): string => sha256(Buffer.from(envelope.payload, 'base64'));

export const peopleNeededFor = ({ approvers }: ApproverSet): number => Math.max(LEAST_PEOPLE, approvers.threshold);

/** Checks that enough different approvers signed the ledger continuation. Throws `threshold_not_met`. */
export function verifyLedgerContinuation(envelope: Envelope, approverSet: ApproverSet): LedgerContinuation {
  const continuation = readLedgerContinuation(envelope);
  if (continuation.installation !== approverSet.approvers.installation) {
    const detail = `The ledger continuation belongs to installation ${continuation.installation}.`;
    throw new CordonError('list_other_installation', detail);
  }
  const [signed, needed] = [personsWhoSigned(envelope, approverSet).size, peopleNeededFor(approverSet)];
  if (signed < needed) {
    throw new CordonError(
      'threshold_not_met',
      `${signed} approvers of approver set ${approverSet.approvers.version} have signed the ledger continuation; ${needed} must sign.`,
      { signed, needed },
    );
  }
  return continuation;
}

/** Returns the newest approver set of which enough members have signed the ledger continuation; null if there is none. */
export function signingSet(envelope: Envelope, sets: readonly ApproverSet[]): ApproverSet | null {
  return (
    sets.findLast((approverSet) => personsWhoSigned(envelope, approverSet).size >= peopleNeededFor(approverSet)) ?? null
  );
}
