/**
 * Time correction: approvers state that the server's time was wrong. No other document can set a device's clock back (ADR 30). The server
 * must not sign it, because a server that can set time back can end and start orders.
 */
import { CordonError } from '../errors.ts';
import { type ApproverSet, personsWhoSigned } from './approvers.ts';
import { parseTimeCorrection } from './describe-time-correction.ts';
import { type Envelope, PAYLOAD_TYPES, type TimeCorrection } from './documents.ts';
import { payloadOf } from './dsse.ts';

/** Parses a time correction and checks that its times are consistent, without a check of its signatures. */
export const readTimeCorrection = (envelope: Envelope): TimeCorrection =>
  parseTimeCorrection(payloadOf(envelope, PAYLOAD_TYPES.timeCorrection));

/** Checks that enough different approvers signed the time correction. Throws `threshold_not_met`. */
export function verifyTimeCorrection(envelope: Envelope, approverSet: ApproverSet): TimeCorrection {
  const correction = readTimeCorrection(envelope);
  if (correction.installation !== approverSet.approvers.installation) {
    throw new CordonError(
      'list_other_installation',
      `The time correction belongs to installation ${correction.installation}.`,
    );
  }
  const { threshold } = approverSet.approvers;
  const signed = personsWhoSigned(envelope, approverSet).size;
  if (signed < threshold) {
    throw new CordonError(
      'threshold_not_met',
      `${signed} approvers of the current approver set signed the time correction, and it needs ${threshold}.`,
      { signed, threshold },
    );
  }
  return correction;
}
