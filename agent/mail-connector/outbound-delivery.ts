import { acceptedBefore, type GateView } from '../enforcement/gate-view.ts';
import type { ConnectorQueue, QueuedMail } from './connector-queue.ts';
import type { DeliveryRow } from './queue-rows.ts';
import { attemptsSince, isOverdue, nextAttempt } from './retry-schedule.ts';
import type { SenderNotices } from './sender-notices.ts';
import { ownSuspension } from './smtp-reply.ts';
import type { SubmissionResult, Submitter } from './submission.ts';
import { setAsideUnreadable } from './unreadable.ts';

const PER_RUN = 500;

/** Delivery of mail from devices, and of status notifications, to the company's mail server. */
export interface OutboundDelivery {
  /** Attempts all due deliveries. Returns the time of the next attempt; null if none is planned. */
  run(): Promise<number | null>;
}

export function createOutboundDelivery(ports: {
  readonly queue: ConnectorQueue;
  readonly submitter: Pick<Submitter, 'submit'>;
  readonly gate: () => GateView;
  readonly notices: SenderNotices;
  readonly now: () => number;
  readonly random: () => number;
  readonly onFailure: (what: string, error: unknown) => void;
  readonly onUnreadable: (detail: string) => void;
}): OutboundDelivery {
  const { queue, submitter, notices, now } = ports;

  /** The message without its content; null if it has ended or cannot be read. */
  function readable(id: string, deliveries: readonly DeliveryRow[]): QueuedMail | null {
    try {
      return queue.mail(id);
    } catch (error) {
      if (!deliveries.every((delivery) => setAsideUnreadable(error, delivery, ports))) throw error;
      return null;
    }
  }

  async function contentOf(id: string, deliveries: readonly DeliveryRow[]): Promise<Buffer | null> {
    try {
      return await queue.message(id);
    } catch (error) {
      if (!deliveries.every((delivery) => setAsideUnreadable(error, delivery, ports))) throw error;
      return null;
    }
  }

  async function attempt(mail: QueuedMail, deliveries: readonly DeliveryRow[]): Promise<void> {
    const addressed = deliveries.flatMap((delivery) => {
      const to = mail.envelope.to[delivery.recipient];
      return to ? [{ delivery, address: to.address }] : [];
    });
    const own = ownSuspension(ports.gate());
    if (own?.returns && mail.envelope.from !== null) {
      const reason = 'An order suspends mail. The order returns mail to its sender.';
      for (const { delivery } of addressed) {
        await notices.end(mail, delivery, { action: 'failed', status: '5.7.0', reason, suspension: own });
      }
      return;
    }
    const message = await contentOf(mail.id, deliveries);
    if (!message) return;
    const to = addressed.map(({ address }) => address);
    const results = await submitter.submit({ from: mail.envelope.from, to, message });
    for (const [index, { delivery }] of addressed.entries()) {
      const result = results[index];
      if (result) await settle(mail, delivery, result);
    }
  }

  async function settle(
    mail: QueuedMail,
    delivery: DeliveryRow,
    { result, response }: SubmissionResult,
  ): Promise<void> {
    if (result === 'accepted') return queue.end(delivery);
    ports.onFailure('a message to the company’s mail server', new Error(response));
    if (result === 'refused') {
      const reason = 'The mail server refused the message.';
      return notices.end(mail, delivery, { action: 'failed', status: statusOf(response), reason, response });
    }
    if (isOverdue(attemptsSince(mail.at, queue.suspendedAt(), ports.gate()), now())) {
      const reason = 'The mail server did not accept the message within 5 days.';
      return notices.end(mail, delivery, { action: 'failed', status: '4.4.7', reason, response });
    }
    queue.retry(delivery, nextAttempt(delivery.attempts, now(), ports.random()));
  }

  /**
   * True if the mail may be sent now. False while an order holds the mail. Status notifications are always sent, because they tell senders
   * about the order.
   */
  function mayLeave({ at, envelope }: QueuedMail): boolean {
    const gate = ports.gate();
    if (envelope.from === null || ownSuspension(gate)?.returns) return true;
    const before = acceptedBefore(gate);
    return before !== null && at < before;
  }

  async function attemptAll(due: readonly DeliveryRow[]): Promise<void> {
    for (const [id, deliveries] of Map.groupBy(due, ({ mail }) => mail)) {
      const mail = readable(id, deliveries);
      if (mail && mayLeave(mail)) await attempt(mail, deliveries);
    }
  }

  return {
    async run() {
      // Notifications are sent first. Otherwise, held mail could take all places of a run, and notifications behind it would wait.
      if (!ports.gate().open) await attemptAll(queue.dueNotifications(PER_RUN));
      await attemptAll(queue.due('outbound', PER_RUN));
      return queue.nextDue('outbound');
    },
  };
}

/** Enhanced status code in a response (RFC 2034), or a general one. */
export function statusOf(response: string): string {
  return /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response)?.[1] ?? '5.0.0';
}
