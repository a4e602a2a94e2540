/** Header fields that a submission server adds and removes (RFC 6409, section 8). All other bytes of the message stay as they are. */
import { hasField, headerFields, headerOf, mailDate } from '../mail-connector/message-header.ts';

export interface Completion {
  readonly from: string;
  readonly at: number;
  /** Message-ID with angle brackets. */
  readonly messageId: string;
}

/** Adds missing fields From, Date and Message-ID, and removes Bcc, which names hidden recipients. */
export function completedMessage(message: Buffer, { from, at, messageId }: Completion): Buffer {
  const fields = headerFields(message);
  if (fields.length === 0) return message;
  const missing = [
    ...(hasField(fields, 'from') ? [] : [`From: ${from}`]),
    ...(hasField(fields, 'date') ? [] : [`Date: ${mailDate(at)}`]),
    ...(hasField(fields, 'message-id') ? [] : [`Message-ID: ${messageId}`]),
  ];
  const added = Buffer.from(missing.map((line) => `${line}\r\n`).join(''));
  if (!hasField(fields, 'bcc')) return added.length === 0 ? message : Buffer.concat([added, message]);
  const header = headerOf(message);
  const without = header.replaceAll(/^Bcc[ \t]*:.*(?:\r?\n[ \t].*)*(?:\r?\n|$)/gim, '');
  return Buffer.concat([added, Buffer.from(without, 'latin1'), message.subarray(header.length)]);
}

/** Converts the line breaks of a local file to those of an e-mail message. */
export const withMailLineBreaks = (text: Buffer): Buffer =>
  Buffer.from(text.toString('latin1').replaceAll(/\r?\n/g, '\r\n'), 'latin1');
