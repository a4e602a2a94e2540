import type { SealedMail } from '../../shared/protocol/mail-http.ts';
import type { MailHeader } from '../../shared/seal/mail.ts';
import { isUnopenable, type OpenedMail } from '../mail/open-mail.ts';
import type { Member } from '../messaging/members/member.ts';
import { isSameAddress, isSendable } from './addresses.ts';
import { authorFault } from './author-fault.ts';
import type { ConnectorQueue, QueuedEnvelope } from './connector-queue.ts';
import { headerOf } from './message-header.ts';
import { statusNotification } from './status-notification.ts';
import { createUnverifiedMail, type PieceOf } from './unverified-mail.ts';

/** Mail of people's devices for the company's mail server. */
export interface OutboundIntake {
  /** Stores a mail durably in the queue. The server may then delete it. A repeated mail is stored once. */
  take(mail: SealedMail): Promise<void>;
  /** Tries again to verify the senders of waiting mail. Returns the time of the next attempt; null if none is planned. */
  run(): Promise<number | null>;
}

/** Reason why the connector refuses mail from this sender; null if it accepts the mail. */
export function outboundRefusal(sender: Member, { direction }: Pick<MailHeader, 'direction'>): string | null {
  if (direction !== 'outbound') return 'it is not for the company’s mail server';
  if (sender.mailConnector === true) return 'its sender is a mail connector';
  if (!sender.email) return 'the certificate of its sender has no e-mail address';
  return null;
}

export function createOutboundIntake(ports: {
  readonly queue: ConnectorQueue;
  readonly piece: PieceOf;
  readonly open: (mail: SealedMail, piece: PieceOf) => Promise<OpenedMail>;
  readonly host: string;
  readonly now: () => number;
  readonly random: () => number;
  readonly onQueued: () => void;
  /** Called for mail that no attempt can decrypt. The server may then delete the mail. */
  readonly onUnopenable: (detail: string) => void;
}): OutboundIntake {
  const { queue, host, now } = ports;
  const unverified = createUnverifiedMail({ ...ports, store });

  async function opened(mail: SealedMail): Promise<OpenedMail | null> {
    try {
      return await ports.open(mail, ports.piece);
    } catch (error) {
      if (!isUnopenable(error)) throw error;
      // The proof of the sender may arrive later, but the server deletes the mail now. The connector therefore keeps the mail itself.
      if (error.code === 'unverified_member' && (await unverified.add(mail))) return null;
      ports.onUnopenable(`Mail ${mail.id} of ${mail.sender.device}: ${error.message}`);
      return null;
    }
  }

  async function store(mail: SealedMail, { header, message, sender }: OpenedMail): Promise<void> {
    const own = sender.email ?? '';
    const envelope: QueuedEnvelope = {
      from: own,
      to: header.envelope.to.map((address) => ({ address, person: null, notify: null, originalRecipient: null })),
      envelopeId: null,
      header: headerOf(message),
      sender: sender.person,
    };
    const fault = outboundFault(header, message, own);
    const name = `device ${mail.sender.device} ${mail.sender.generation} ${mail.id}`;
    if (fault === null) {
      await queue.add({ kind: 'outbound', envelope, message, name });
    } else {
      const notice = statusNotification({
        host,
        from: `MAILER-DAEMON@${host}`,
        to: own,
        action: 'failed',
        recipient: header.envelope.to[0] ?? own,
        status: '5.7.1',
        reason: fault,
        arrivedAt: header.at,
        now: now(),
        envelopeId: null,
        originalRecipient: null,
        header: envelope.header,
        message: null,
      });
      const to = [{ address: own, person: sender.person, notify: ['NEVER' as const], originalRecipient: null }];
      const back = { from: null, to, envelopeId: null, header: '', sender: null };
      await queue.add({ kind: 'inbound', envelope: back, message: notice, name });
    }
    ports.onQueued();
  }

  return {
    async take(mail) {
      const content = await opened(mail);
      if (content) await store(mail, content);
      else ports.onQueued();
    },
    run: unverified.run,
  };
}

/** Reason why mail of a device must not leave the company; null if it may. A device may write only in the name of its own user. */
export function outboundFault(
  { envelope }: Pick<MailHeader, 'envelope'>,
  message: Uint8Array,
  own: string,
): string | null {
  if (!isSameAddress(envelope.from ?? '', own))
    return `You can send mail only from ${own}. Correct the sender, and send the mail again.`;
  const bad = envelope.to.find((address) => !isSendable(address));
  if (bad !== undefined) return 'The mail has a recipient whose address is not valid.';
  return authorFault(message, own);
}
