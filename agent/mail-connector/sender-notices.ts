import { isCordonError } from '../../shared/errors.ts';
import { isMissing } from '../workspace/disk.ts';
import type { ConnectorQueue, NewMail, QueuedMail } from './connector-queue.ts';
import type { DeliveryRow } from './queue-rows.ts';
import type { Explain, Suspension } from './smtp-reply.ts';
import { LARGEST_RETURNED, statusNotification } from './status-notification.ts';

export interface DeliveryResult {
  readonly action: 'failed' | 'delivered';
  readonly status: string;
  readonly reason: string;
  readonly response?: string | undefined;
  readonly suspension?: Suspension | undefined;
}

/** Ends deliveries, and notifies the senders of mail (RFC 3464) as far as they want a notification. */
export interface SenderNotices {
  /**
   * Ends a delivery with its result. The notification is durable in the queue before the delivery ends. After a crash between both, a
   * repeated call makes no second notification.
   */
  end(mail: QueuedMail, delivery: DeliveryRow, result: DeliveryResult): Promise<void>;
}

export function createSenderNotices(ports: {
  readonly queue: Pick<ConnectorQueue, 'add' | 'end' | 'message'>;
  readonly host: string;
  readonly explain: Explain;
  readonly now: () => number;
  readonly onNotice: () => void;
}): SenderNotices {
  const { queue, host, now } = ports;

  /**
   * The whole message for a notification of a failure; null if the sender did not ask for the whole message, or if the message is too
   * large.
   */
  async function returned({ id, envelope }: QueuedMail, { action }: DeliveryResult): Promise<Buffer | null> {
    if (action !== 'failed' || envelope.returnFull !== true) return null;
    try {
      const message = await queue.message(id);
      return message.length <= LARGEST_RETURNED ? message : null;
    } catch (error) {
      // The stored content is damaged, or was deleted after the delivery because of its size. The notification then has only the header,
      // which the envelope contains.
      if (isMissing(error) || isCordonError(error, 'document_malformed')) return null;
      throw error;
    }
  }

  async function noticeOf(
    mail: QueuedMail,
    { recipient }: DeliveryRow,
    result: DeliveryResult,
  ): Promise<NewMail | null> {
    const { from, to, envelopeId, header, sender } = mail.envelope;
    const addressed = to[recipient];
    if (from === null || !addressed || !wantsNotice(addressed.notify, result.action)) return null;
    const message = statusNotification({
      ...result,
      suspension: result.suspension && ports.explain(result.suspension),
      host,
      from: `MAILER-DAEMON@${host}`,
      to: from,
      recipient: addressed.address,
      arrivedAt: mail.at,
      now: now(),
      envelopeId,
      originalRecipient: addressed.originalRecipient,
      header,
      message: await returned(mail, result),
    });
    return {
      kind: sender === null ? 'outbound' : 'inbound',
      envelope: {
        from: null,
        to: [{ address: from, person: sender, notify: ['NEVER'], originalRecipient: null }],
        envelopeId: null,
        header: '',
        sender: null,
      },
      message,
      name: `notice ${mail.id} ${recipient}`,
    };
  }

  return {
    async end(mail, delivery, result) {
      const notice = await noticeOf(mail, delivery, result);
      if (notice) await queue.add(notice);
      queue.end(delivery);
      if (notice) ports.onNotice();
    },
  };
}

/** A sender without a stated condition wants only notifications of failures (RFC 3461, section 4.1). */
function wantsNotice(notify: readonly string[] | null, action: DeliveryResult['action']): boolean {
  if (notify === null) return action === 'failed';
  return notify.includes(action === 'failed' ? 'FAILURE' : 'SUCCESS');
}
