/**
 * Time correction: approvers state that the server's time was wrong. No other document can set a device's clock back (ADR 30). The server
 * must not sign it, because a server that can set time back can end and start orders.
 */
import { CordonError } from '../errors.ts';
import { type ApproverSet, personsWhoSigned } from './approvers.ts';
import { parseDocument } from './canonical.ts';
import { type Envelope, PAYLOAD_TYPES, type TimeCorrection, timeCorrectionSchema } from './documents.ts';
import { payloadOf } from './dsse.ts';

/** Parses a time correction and checks that its times are consistent, without a check of its signatures. */
export function readTimeCorrection(envelope: Envelope): TimeCorrection {
  const correction = parseDocument(timeCorrectionSchema, payloadOf(envelope, PAYLOAD_TYPES.timeCorrection));
  const { earliest, from, until } = correction;
  if (!(Date.parse(earliest) < Date.parse(from) && Date.parse(from) <= Date.parse(until))) {
    throw new CordonError(
      'document_malformed',
      'The period of the wrong time must begin after the time of the correction, and end after its beginning.',
    );
  }
  return correction;
}

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
