import { isCordonError } from '../../shared/errors.ts';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { MailEvent, MailResponse } from '../../shared/protocol/mail-http.ts';
import type { OutgoingMail } from '../../shared/seal/mail.ts';
import type { MailKey } from '../../shared/seal/mail-key.ts';
import type { GateView } from '../enforcement/gate-view.ts';
import type { Member } from '../messaging/members/member.ts';
import type { ConnectorQueue, Copy, QueuedMail } from './connector-queue.ts';
import type { DeliveryRow } from './queue-rows.ts';
import type { Recipients } from './recipients.ts';
import { attemptsSince, isOverdue, nextAttempt } from './retry-schedule.ts';
import type { DeliveryResult, SenderNotices } from './sender-notices.ts';
import { ownSuspension, suspensionOf } from './smtp-reply.ts';
import { setAsideUnreadable } from './unreadable.ts';

/** Maximum deliveries that one run reads from the queue, and maximum people whose mail is sealed at the same time. */
const PER_RUN = 500;
const LANES = 3;
/** Milliseconds until the next attempt while an order suspends mail for this connector. The end of the order starts a run at once. */
const SUSPENDED_RETRY = 60_000;

/**
 * Delivery of mail from outside to the devices of people: each message is sealed for each recipient alone, so that a blind copy stays blind.
 * If the queue of one device is full and another device accepts the message, the message stays here for the full device (`late`).
 */
export interface InboundDelivery {
  /** Attempts all due deliveries. Returns the time of the next attempt; null if none is planned. */
  run(): Promise<number | null>;
  /** Stores the server's event about the delivery to one device. */
  take(event: MailEvent): Promise<void>;
}

export interface InboundDeliveryPorts {
  readonly queue: ConnectorQueue;
  readonly recipients: Pick<Recipients, 'devicesFor'>;
  readonly keysOf: (devices: readonly Member[]) => Promise<readonly MailKey[]>;
  readonly handOver: (mail: OutgoingMail) => Promise<MailResponse>;
  readonly installation: string;
  readonly gate: () => GateView;
  readonly notices: SenderNotices;
  readonly now: () => number;
  readonly random: () => number;
  readonly onFailure: (what: string, error: unknown) => void;
  readonly onUnreadable: (detail: string) => void;
  /** Called when another device of the person accepted a message that this device does not get. */
  readonly onMissed: (detail: string) => void;
}

export function createInboundDelivery(ports: InboundDeliveryPorts): InboundDelivery {
  const { queue, recipients, notices, now } = ports;

  /** Attempts the deliveries to one person (lane) in order. Returns the time of the next attempt; null if no delivery is left. */
  async function runLane(lane: readonly DeliveryRow[]): Promise<number | null> {
    for (const delivery of lane) {
      const next = await attempt(delivery);
      // A later message waits for an earlier one to the same person, so that messages keep their order.
      if (next !== null) return next;
    }
    return null;
  }

  async function attempt(delivery: DeliveryRow): Promise<number | null> {
    try {
      return await attemptMail(delivery);
    } catch (error) {
      if (setAsideUnreadable(error, delivery, ports)) return null;
      throw error;
    }
  }

  async function attemptMail(delivery: DeliveryRow): Promise<number | null> {
    const mail = queue.mail(delivery.mail);
    if (!mail) return null;
    const own = ownSuspension(ports.gate());
    if (own?.returns) return ended(mail, delivery, suspendedResult(own));
    if (own) return now() + SUSPENDED_RETRY;
    try {
      return await handOver(mail, delivery);
    } catch (error) {
      // During the attempt, an event of the device may have ended the delivery.
      if (!isWaiting(delivery)) return null;
      if (!isCordonError(error) || error.code === 'document_malformed') throw error;
      ports.onFailure('a message', error);
      if (error.code === 'too_large' || error.code === 'content_malformed' || error.code === 'invalid_input') {
        return ended(
          mail,
          delivery,
          failed(
            '5.6.0',
            "The message cannot be encrypted for the recipient's devices. Send it again without its attachments.",
          ),
        );
      }
      return later(mail, delivery, false);
    }
  }

  const isWaiting = ({ mail, recipient }: DeliveryRow): boolean => queue.delivery(mail, recipient)?.state === 'waiting';

  async function handOver(mail: QueuedMail, delivery: DeliveryRow): Promise<number | null> {
    const { from, to } = mail.envelope;
    const recipient = to[delivery.recipient];
    if (!recipient || recipient.person === null) throw new Error(`mail ${mail.id} has no recipient`);
    const { address, person } = recipient;
    const { device } = mail.envelope;
    const devices = await recipients.devicesFor(person, address);
    const keys = await ports.keysOf(devices.filter((each) => device === undefined || each.device === device));
    if (!isWaiting(delivery)) return null;
    if (keys.length === 0) return later(mail, delivery, false);
    const id = queue.assignSealed(delivery.mail, delivery.recipient);
    if (id === null) return null;
    const message = await queue.message(mail.id);
    const response = await ports.handOver({
      id,
      header: {
        direction: 'inbound',
        installation: ports.installation,
        at: mail.at,
        envelope: { from, to: [address] },
      },
      message,
      keys,
    });
    if (!isWaiting(delivery)) return null;
    const sealed = { ...delivery, sealed: id };
    const next = afterHandOver(response);
    switch (next.type) {
      case 'handed':
        for (const full of next.full) await keepLate(mail, { sealed: id, device: full, recipient, message });
        if (mail.kind === 'late') {
          queue.end(sealed);
          return null;
        }
        queue.markHanded(sealed, next.copies);
        await settle(mail, { ...sealed, state: 'handed' });
        return null;
      case 'refused':
        return ended(mail, sealed, refusedResult(next.denial));
      case 'suspended':
        queue.noteSuspension();
        return now() + SUSPENDED_RETRY;
      case 'retry':
        return later(mail, sealed, true);
    }
  }

  /** Keeps the message for a device whose queue is full. A repeated attempt with the same sealed mail keeps it once. */
  async function keepLate(
    mail: QueuedMail,
    late: {
      readonly sealed: string;
      readonly device: DeviceId;
      readonly recipient: QueuedMail['envelope']['to'][number];
      readonly message: Buffer;
    },
  ): Promise<void> {
    const { sealed, device, recipient, message } = late;
    if (!queue.hasSpaceForLate(message.length)) {
      return missed(mail, device, "The connector's queue has no space to keep it for this device.");
    }
    const to = [{ ...recipient, notify: ['NEVER' as const] }];
    const envelope = { ...mail.envelope, to, device, returnFull: false };
    await queue.add({ kind: 'late', envelope, message, name: `late ${sealed} ${device}` });
  }

  /** Alert about a full device, at most once a day, because such a device misses much mail. */
  function missed({ at }: QueuedMail, device: DeviceId, reason: string): void {
    const day = new Date(at).toISOString().slice(0, 10);
    ports.onMissed(`Mail of ${day} is missing on ${device}, and another device of the person has it. ${reason}`);
  }

  async function later(mail: QueuedMail, delivery: DeliveryRow, newSealed: boolean): Promise<number | null> {
    if (isOverdue(attemptsSince(mail.at, queue.suspendedAt(), ports.gate()), now())) {
      const reason = 'The recipient’s devices did not accept the message within 5 days.';
      return ended(mail, delivery, failed('4.4.7', reason));
    }
    const next = nextAttempt(delivery.attempts, now(), ports.random());
    queue.retry(delivery, next, { newSealed });
    return next;
  }

  async function ended(mail: QueuedMail, delivery: DeliveryRow, result: DeliveryResult): Promise<null> {
    const { device } = mail.envelope;
    if (device !== undefined) missed(mail, device, result.reason);
    // If the response to an attempt was lost, an event may already have reported the delivery. The event then decides the result.
    const known = delivery.sealed && settledResult(queue.copies(delivery.sealed), delivery.state);
    await notices.end(mail, delivery, known || result);
    return null;
  }

  /** Ends a delivery when a device has the message, or when no device can receive it any more. */
  async function settle(mail: QueuedMail, delivery: DeliveryRow): Promise<void> {
    const result = delivery.sealed && settledResult(queue.copies(delivery.sealed), delivery.state);
    if (result) await notices.end(mail, delivery, result);
  }

  async function runKind(kind: 'inbound' | 'late'): Promise<number | null> {
    const due = queue.due(kind, PER_RUN);
    const lanes = [...Map.groupBy(due, ({ lane }) => lane).values()];
    const times: (number | null)[] = [];
    const workers = Array.from({ length: LANES }, async () => {
      for (let lane = lanes.shift(); lane; lane = lanes.shift()) times.push(await runLane(lane));
    });
    await Promise.all(workers);
    // One run reads only a limited number of due deliveries. If there may be more, the next run starts at once.
    if (due.length === PER_RUN && times.includes(null)) times.push(now());
    const next = [...times, queue.nextDue(kind)].filter((each) => each !== null);
    return next.length === 0 ? null : Math.min(...next);
  }

  return {
    async run() {
      const next = [await runKind('inbound'), await runKind('late')].filter((each) => each !== null);
      return next.length === 0 ? null : Math.min(...next);
    },
    async take({ id, device, event, denial }) {
      const delivery = queue.bySealed(id);
      if (!delivery || event === 'held' || event === 'released') return;
      const state = event === 'returned' && denial === null ? 'ended' : event;
      try {
        const mail = queue.mail(delivery.mail);
        if (!mail) return;
        queue.saveCopy(id, { device, state, denial });
        // If the response to the attempt was lost, the connector does not know whether the queue of another device was full. It repeats the
        // attempt with the same id to get the response.
        if (delivery.state === 'handed') await settle(mail, delivery);
      } catch (error) {
        if (!setAsideUnreadable(error, delivery, ports)) throw error;
      }
    },
  };
}

type AfterHandOver =
  /** At least one device has the message. `full`: devices that lack it, because their queue is full. */
  | { readonly type: 'handed'; readonly copies: readonly Copy[]; readonly full: readonly DeviceId[] }
  | { readonly type: 'refused'; readonly denial: DenialNotice | null }
  /** The server refused the mail, because an order suspends mail for this connector. */
  | { readonly type: 'suspended' }
  /** No device accepted the message, so a new attempt with another id may succeed. */
  | { readonly type: 'retry' };

export function afterHandOver({ denial, recipients }: MailResponse): AfterHandOver {
  if (denial) return { type: 'suspended' };
  if (recipients.some(({ outcome }) => outcome === 'stored' || outcome === 'held')) {
    const copies = recipients.flatMap(({ device, outcome, denial: reason }): Copy[] => {
      if (outcome === 'stored' || outcome === 'held') return [{ device, state: 'pending', denial: null }];
      if (outcome === 'refused') return [{ device, state: 'returned', denial: reason }];
      return [];
    });
    const full = recipients.filter(({ outcome }) => outcome === 'full').map(({ device }) => device);
    return { type: 'handed', copies, full };
  }
  const refused = recipients.find(({ outcome }) => outcome === 'refused');
  const others = recipients.some(({ outcome }) => outcome === 'full');
  return refused && !others ? { type: 'refused', denial: refused.denial } : { type: 'retry' };
}

/** Result of a delivery; null while a device may still receive the message. One device of the person is enough. */
export function settledResult(copies: readonly Copy[], state: DeliveryRow['state']): DeliveryResult | null {
  if (copies.some((copy) => copy.state === 'delivered')) return { action: 'delivered', status: '2.0.0', reason: '' };
  if (state !== 'handed' || copies.length === 0 || copies.some((copy) => copy.state === 'pending')) return null;
  const returned = copies.find((copy) => copy.denial !== null);
  if (returned) return refusedResult(returned.denial);
  return copies.some((copy) => copy.state === 'expired')
    ? failed('4.4.7', 'No device of the recipient fetched the message in time.')
    : failed(
        '5.2.1',
        'The recipient no longer has a device that can receive mail. Contact the recipient in another way.',
      );
}

const failed = (status: string, reason: string): DeliveryResult => ({ action: 'failed', status, reason });

const suspendedResult = (suspension: ReturnType<typeof suspensionOf>): DeliveryResult => ({
  action: 'failed',
  status: '5.7.0',
  reason: 'An order suspends mail. The order returns mail to its sender.',
  suspension,
});

const refusedResult = (denial: DenialNotice | null): DeliveryResult =>
  denial ? suspendedResult(suspensionOf(denial)) : failed('5.7.0', 'An order suspends mail for the recipient.');
