/**
 * Checks of one approval: the revision's state, the approver's signatures, and the approver's confirmation that the revision takes effect
 * immediately.
 */
import { CordonError } from '../../../shared/errors.ts';
import type { ApproverSet } from '../../../shared/order/approvers.ts';
import { PAYLOAD_TYPES } from '../../../shared/order/documents.ts';
import { hasSigned } from '../../../shared/order/dsse.ts';
import { IMMEDIATE_WORDS, immediateText, type PassedTime } from '../../../shared/order/immediate-effect.ts';
import { pae } from '../../../shared/order/pae.ts';
import { isProposalEnd, PROPOSAL_LIFETIME } from '../../../shared/order/proposal-end.ts';
import { stubText } from '../../../shared/order/stub.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { OrderRow, RevisionRow } from '../ports.ts';

export interface SubmittedApproval {
  readonly keyid: string;
  readonly signature: string;
  readonly stub?: string | undefined;
  readonly immediate?: string | undefined;
}

export const isPending = ({ state }: Pick<RevisionRow, 'state'>): boolean =>
  state === 'waiting' || state === 'requested';

export function checkSignature(
  row: RevisionRow,
  approverSet: ApproverSet,
  { keyid, signature, stub, immediate }: SubmittedApproval,
): void {
  const key = approverSet.keys.find((each) => each.keyid === keyid);
  const signed = (type: string, text: string, encoded: string) =>
    key !== undefined && hasSigned(key, pae(type, Buffer.from(text)), Buffer.from(encoded, 'base64'));
  const refuse = (detail: string) => {
    const { order, revision, digest } = row;
    throw new CordonError('approval_invalid', detail, { order, revision, digest });
  };
  if (!signed(PAYLOAD_TYPES.revision, row.payload, signature)) {
    refuse('The signature is not over the exact bytes of this revision.');
  }
  const publicText = stubText(row.payload, row.digest);
  if (publicText === null ? stub !== undefined : stub === undefined || !signed(PAYLOAD_TYPES.stub, publicText, stub)) {
    refuse('The approval of a withheld revision needs a valid signature over its stub. Other revisions have no stub.');
  }
  const statement = immediateText(row.payload, row.digest);
  if (immediate !== undefined && !signed(PAYLOAD_TYPES.immediateEffect, statement, immediate)) {
    refuse('The signature is not over the statement that this revision takes effect immediately.');
  }
}

/**
 * Checks the signed confirmation that the revision takes effect immediately. The confirmation is required if the revision's effective time
 * or end passed while the proposal was pending. Throws if a required confirmation is missing or an unnecessary one is given.
 */
export function checkPassed(
  { order, revision }: RevisionRow,
  passed: PassedTime | null,
  immediate: string | undefined,
): void {
  if (passed === null && immediate === undefined) return;
  if (passed === null) {
    const detail = `No time of revision ${revision} of order ${order} has passed, so it does not take effect immediately. Approve it without that confirmation.`;
    throw new CordonError('approval_invalid', detail, { order, revision });
  }
  if (immediate !== undefined) return;
  const detail = `Revision ${revision} of order ${order} ${IMMEDIATE_WORDS[passed]}. Confirm this in what you sign (--immediate, or the check box in the console), or propose the revision again with another time.`;
  throw new CordonError('immediate_effect_unconfirmed', detail, { order, revision, passed });
}

export function approvableState(row: RevisionRow, order: OrderRow, now: Instant): 'requested' | 'waiting' | 'adopted' {
  const { revision } = row;
  if (row.state === 'expired' || (isPending(row) && now >= row.proposedAt + PROPOSAL_LIFETIME)) {
    const detail = `The proposal of revision ${revision} of order ${row.order} expired 14 days after it was made. Propose it again.`;
    throw new CordonError('proposal_expired', detail, { order: row.order, revision });
  }
  if (isProposalEnd(row.state)) {
    const why = row.endReason === null ? '' : ` Reason: ${row.endReason}`;
    const detail = `Revision ${revision} of order ${row.order} was ${row.state} and cannot be approved.${why}`;
    throw new CordonError('proposal_ended', detail, { order: row.order, revision, state: row.state });
  }
  if (row.state === 'superseded' || (row.state === 'adopted' && revision !== order.adoptedRevision)) {
    throw new CordonError('revision_superseded', `Revision ${revision} of order ${row.order} is superseded.`, {
      order: row.order,
      revision,
    });
  }
  return row.state;
}
