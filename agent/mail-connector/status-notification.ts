/**
 * Delivery status notifications (RFC 3464) for the senders of mail that the connector could not deliver, or whose delivery the sender asked
 * to confirm (RFC 3461). A notification contains the header of the message and never its body.
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
  /** Address that the sender used. */
  readonly recipient: string;
  /** Status code (RFC 3463), such as `5.7.0`. */
  readonly status: string;
  /** Reason as a sentence for people. */
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
}

const LONGEST_LINE = 76;

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
    'Content-Type: text/rfc822-headers; charset=utf-8',
    ...encoded(Buffer.from(report.header, 'latin1')),
    `--${boundary}--`,
    '',
  ];
  return Buffer.from(lines.join('\r\n'), 'utf8');
}

function humanText({ action, recipient, reason, suspension, response, host }: StatusReport): Buffer {
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
  paragraphs.push('This notification contains the header of your message, and not its text.');
  return Buffer.from(`${paragraphs.join('\n\n')}\n`.replaceAll(/\r?\n/g, '\r\n'), 'utf8');
}

/** Fields of the message and, after an empty line, fields of the recipient (RFC 3464, sections 2.2 and 2.3). */
function statusFields(report: StatusReport): string[] {
  const { host, arrivedAt, envelopeId, originalRecipient, recipient, action, status, response, suspension } = report;
  const diagnostic = response ?? (suspension && `${status} ${orderText(suspension)}`);
  return [
    `Reporting-MTA: dns; ${host}`,
    ...(envelopeId === null ? [] : [`Original-Envelope-Id: ${oneField(envelopeId)}`]),
    `Arrival-Date: ${mailDate(arrivedAt)}`,
    '',
    ...(originalRecipient === null ? [] : [`Original-Recipient: ${oneField(originalRecipient)}`]),
    `Final-Recipient: rfc822; ${recipient}`,
    `Action: ${action}`,
    `Status: ${status}`,
    ...(diagnostic === undefined ? [] : [`Diagnostic-Code: smtp; ${oneField(diagnostic)}`]),
  ];
}

const orderText = ({ order }: Suspension): string =>
  order === null ? 'An order suspends mail' : `Order ${order} suspends mail`;

const oneField = (text: string): string => ascii(text).slice(0, 400);

/** Body of a part with its encoding. Short lines of ASCII stay readable in every mail program; everything else becomes base64. */
function encoded(bytes: Buffer): string[] {
  const text = bytes.toString('latin1');
  if (/^[\t\r\n\x20-\x7e]*$/.test(text) && !/[^\r\n]{999}/.test(text)) {
    return ['Content-Transfer-Encoding: 7bit', '', text.replaceAll(/\r?\n/g, '\r\n'), ''];
  }
  const lines = bytes.toString('base64').match(new RegExp(`.{1,${LONGEST_LINE}}`, 'g')) ?? [];
  return ['Content-Transfer-Encoding: base64', '', lines.join('\r\n'), ''];
}
