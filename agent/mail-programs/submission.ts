/**
 * Decision whether the agent accepts a message from another mail program, as an SMTP reply. The submission port and `cordon-agent sendmail`
 * share it.
 */
import { randomUUID } from 'node:crypto';
import { type CordonError, isCordonError } from '../../shared/errors.ts';
import { LARGEST_MAIL, MOST_MAIL_ADDRESSES } from '../../shared/protocol/mail-http.ts';
import type { GateView } from '../enforcement/gate-view.ts';
import type { MailEnvelope } from '../mail/mail.ts';
import { messageIdOf } from '../mail/message/message-id.ts';
import { isSameAddress, isSendable } from '../mail-connector/addresses.ts';
import { headerFields } from '../mail-connector/message-header.ts';
import {
  ascii,
  explainFrom,
  ownSuspension,
  REPLIES,
  type SmtpReply,
  suspensionReply,
} from '../mail-connector/smtp-reply.ts';
import { isOutOfSpace } from '../store/disk-space.ts';
import { completedMessage } from './completed-message.ts';

export const SWITCHED_OFF: SmtpReply = { code: 550, text: '5.7.1 Other mail programs are switched off on this device' };
const TOO_MANY: SmtpReply = { code: 452, text: `4.5.3 A mail has at most ${MOST_MAIL_ADDRESSES} recipients` };
const LOCKED: SmtpReply = {
  code: 451,
  text: '4.7.0 The workspace is locked. Read the reason with cordon-agent status, and try again later',
};
const WIPED: SmtpReply = { code: 550, text: '5.7.0 The workspace was wiped. Ask your admin' };
const BAD_RECIPIENT: SmtpReply = { code: 553, text: '5.1.3 The recipient is not an e-mail address' };

export interface Submission {
  /** Reply while an order suspends mail; null while mail may be sent. */
  closed(): SmtpReply | null;
  sender(address: string): SmtpReply | null;
  recipient(address: string): SmtpReply | null;
  /** The code 250 means that the message is durable on this device. Never rejects. */
  accept(message: Buffer, envelope: MailEnvelope): Promise<SmtpReply>;
}

export function createSubmission(ports: {
  /** The user's address. Null while other mail programs are switched off. */
  readonly own: () => string | null;
  readonly gate: () => GateView;
  readonly submit: (message: Uint8Array, envelope: MailEnvelope) => Promise<string>;
  readonly now: () => number;
  readonly onFailure: (what: string, error: unknown) => void;
}): Submission {
  const closed = (): SmtpReply | null => {
    const { denials } = ports.gate();
    const explain = explainFrom((order) => denials.find((each) => each.order === order) ?? null);
    const own = ownSuspension(ports.gate());
    return own && suspensionReply(explain(own), own.returns);
  };
  const sender = (address: string): SmtpReply | null => {
    const own = ports.own();
    if (own === null) return SWITCHED_OFF;
    if (isSameAddress(address, own)) return null;
    return { code: 550, text: `5.7.1 You can send mail only from your own address, ${ascii(own)}` };
  };
  const recipient = (address: string): SmtpReply | null => (isSendable(address) ? null : BAD_RECIPIENT);

  /** Fault of the envelope or the message; null if the message may be sent. */
  async function fault(message: Buffer, { from, to }: MailEnvelope): Promise<SmtpReply | null> {
    const found = sender(from) ?? closed();
    if (found) return found;
    if (to.length === 0) return { code: 554, text: '5.5.1 The mail has no recipient' };
    if (to.length > MOST_MAIL_ADDRESSES) return TOO_MANY;
    for (const address of to) {
      const bad = recipient(address);
      if (bad) return bad;
    }
    if (message.length > LARGEST_MAIL) return REPLIES.tooLarge;
    if (headerFields(message).length === 0) return REPLIES.malformed;
    const { authorFault } = await import('../mail-connector/author-fault.ts');
    const wrong = authorFault(message, from);
    return wrong === null ? null : { code: 550, text: `5.7.1 ${ascii(wrong)}` };
  }

  return {
    closed,
    sender,
    recipient,
    async accept(raw, { from, to }) {
      const messageId = messageIdOf(randomUUID(), from);
      const message = completedMessage(raw, { from, at: ports.now(), messageId });
      const envelope = { from, to: [...new Set(to)] };
      const refused = await fault(message, envelope);
      if (refused) return refused;
      try {
        return { code: 250, text: `2.0.0 Queued as ${await ports.submit(message, envelope)}` };
      } catch (error) {
        ports.onFailure('take a mail of another mail program', error);
        return replyTo(error, closed);
      }
    },
  };
}

function replyTo(error: unknown, closed: () => SmtpReply | null): SmtpReply {
  if (isOutOfSpace(error)) return REPLIES.queueFull;
  if (!isCordonError(error)) return REPLIES.unavailable;
  return replyToCode(error) ?? closed() ?? REPLIES.unavailable;
}

function replyToCode({ code, message }: CordonError): SmtpReply | null {
  switch (code) {
    case 'workspace_locked':
      return LOCKED;
    case 'workspace_wiped':
      return WIPED;
    case 'forbidden':
      return { code: 550, text: `5.7.1 ${ascii(message).slice(0, 400)}` };
    case 'too_large':
      return REPLIES.tooLarge;
    case 'content_malformed':
    case 'invalid_input':
      return { code: 554, text: `5.6.0 ${ascii(message).slice(0, 400)}` };
    default:
      return null;
  }
}
