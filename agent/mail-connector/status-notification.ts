/**
 * Delivery status notifications (RFC 3464) for the senders of mail that the connector could not deliver, or whose delivery the sender asked
 * to confirm (RFC 3461). A notification contains the header of the message. It contains the whole message only if its sender asked for it
 * (RET=FULL) and the message is small (`LARGEST_RETURNED`).
 */
import { randomUUID } from 'node:crypto';
import { mailDate } from './message-header.ts';
import { ascii, type Suspension } from './smtp-reply.ts';

export interface StatusReport {
  /** Host name of this connector. */
  readonly host: string;
  /** Address in the From field, such as `MAILER-DAEMON@connector.example.org`. */
  readonly from: string;
  /** Sender of the original message, who receives the notification. */
  readonly to: string;
  readonly action: 'failed' | 'delivered';
  /** Address of the recipient, as the sender wrote it. */
  readonly recipient: string;
  /** Status code (RFC 3463), such as `5.7.0`. */
  readonly status: string;
  /** Reason for the notification, as a sentence for people. */
  readonly reason: string;
  /** Response of another mail server, such as `550 5.1.1 No such user`. */
  readonly response?: string | undefined;
  readonly suspension?: Suspension | undefined;
  readonly arrivedAt: number;
  readonly now: number;
  /** Parameters of the original message for notifications (RFC 3461): ENVID and ORCPT. */
  readonly envelopeId: string | null;
  readonly originalRecipient: string | null;
  /** Header of the original message. */
  readonly header: string;
  /** Original message, to return it as a whole; null to return its header. */
  readonly message: Uint8Array | null;
}

const LONGEST_LINE = 76;
/**
 * Bytes of the largest message that a notification returns as a whole. For a larger message, the notification contains only the header (RFC
 * 3461, section 4.3).
 */
export const LARGEST_RETURNED = 1024 * 1024;

export function statusNotification(report: StatusReport): Buffer {
  const { host, from, to, now, action } = report;
  const boundary = `cordon-${randomUUID()}`;
  const subject = action === 'failed' ? 'Undelivered mail returned to sender' : 'Delivery confirmation';
  const lines = [
    `From: Mail Delivery System <${from}>`,
    `To: <${to}>`,
    `Subject: ${subject}`,
    `Date: ${mailDate(now)}`,
    `Message-ID: <${randomUUID()}@${host}>`,
    'Auto-Submitted: auto-replied',
    'MIME-Version: 1.0',
    `Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary="${boundary}"`,
    '',
    'This is a message in MIME format (RFC 3464).',
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    ...encoded(humanText(report)),
    `--${boundary}`,
    'Content-Type: message/delivery-status',
    '',
    ...statusFields(report),
    '',
    `--${boundary}`,
    ...original(report),
    `--${boundary}--`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'), 'utf8');
}

function humanText({ action, recipient, reason, suspension, response, host, message }: StatusReport): Buffer {
  const paragraphs =
    action === 'delivered'
      ? [`Your message reached a device of ${recipient}.`]
      : [`The mail system ${host} could not deliver your message to ${recipient}.`, reason];
  if (suspension) {
    const { order, explanation, appeal } = suspension;
    if (order !== null) paragraphs.push(`Order: ${order}`);
    if (explanation.trim() !== '') paragraphs.push(`Public explanation: ${explanation.trim()}`);
    if (appeal !== null && appeal.trim() !== '') paragraphs.push(`Contact for an appeal: ${appeal.trim()}`);
  }
  if (response !== undefined) paragraphs.push(`Response of the mail server: ${response}`);
  paragraphs.push(
    message === null
      ? 'This notification contains the header of your message, and not its text.'
      : 'Your message is attached.',
  );
  return Buffer.from(`${paragraphs.join('\n\n')}\n`.replaceAll(/\r?\n/g, '\r\n'), 'utf8');
}

/** Fields about the message and, after an empty line, fields about the recipient (RFC 3464, sections 2.2 and 2.3). */
function statusFields(report: StatusReport): string[] {
  const { host, arrivedAt, envelopeId, originalRecipient, recipient, action, status, response, suspension } = report;
  const diagnostic = response ?? (suspension && `${status} ${orderText(suspension)}`);
  return [
    `Reporting-MTA: dns; ${host}`,
    ...(envelopeId === null ? [] : [`Original-Envelope-Id: ${oneField(envelopeId)}`]),
    `Arrival-Date: ${mailDate(arrivedAt)}`,
    '',
    ...(originalRecipient === null ? [] : [`Original-Recipient: ${oneField(originalRecipient)}`]),
    `Final-Recipient: ${addressField(recipient)}`,
    `Action: ${action}`,
    `Status: ${status}`,
    ...(diagnostic === undefined ? [] : [`Diagnostic-Code: smtp; ${oneField(diagnostic)}`]),
  ];
}

/**
 * Address with its type. An address with characters outside ASCII has the type `utf-8` and an ASCII form, such as `\x{E1}mina@corp.example`
 * (RFC 6533, section 3).
 */
function addressField(address: string): string {
  if (/^[\x20-\x7e]*$/.test(address)) return `rfc822; ${address}`;
  const hexOf = (character: string) => `\\x{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`;
  return `utf-8; ${address.replaceAll(/[^\x20-\x7e]|[\\+=]/gu, hexOf)}`;
}

/** Third part of the report (RFC 6522, section 3): the message or its header. */
function original({ header, message }: StatusReport): string[] {
  if (message === null)
    return ['Content-Type: text/rfc822-headers; charset=utf-8', ...encoded(Buffer.from(header, 'latin1'))];
  const bytes = Buffer.from(message);
  if (isPlain(bytes)) return ['Content-Type: message/rfc822', ...encoded(bytes)];
  // The body of a part message/rfc822 must not be in base64 (RFC 2046, section 5.2.1). The body of message/global may be (RFC 6532, section
  // 3.7).
  return ['Content-Type: message/global', ...encoded(bytes)];
}

const orderText = ({ order }: Suspension): string =>
  order === null ? 'An order suspends mail' : `Order ${order} suspends mail`;

const oneField = (text: string): string => ascii(text).slice(0, 400);

/** Body of a part with its encoding. Short lines of ASCII stay readable in every mail program; everything else becomes base64. */
function encoded(bytes: Buffer): string[] {
  const text = bytes.toString('latin1');
  if (isPlain(bytes)) {
    return ['Content-Transfer-Encoding: 7bit', '', text.replaceAll(/\r?\n/g, '\r\n'), ''];
  }
  const lines = bytes.toString('base64').match(new RegExp(`.{1,${LONGEST_LINE}}`, 'g')) ?? [];
  return ['Content-Transfer-Encoding: base64', '', lines.join('\r\n'), ''];
}

function isPlain(bytes: Buffer): boolean {
  const text = bytes.toString('latin1');
  return /^[\t\r\n\x20-\x7e]*$/.test(text) && !/[^\r\n]{999}/.test(text);
}
