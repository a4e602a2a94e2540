/**
 * Acceptance of messages. If an order suspends messaging for the sender, the server refuses the whole message. If an order suspends
 * messaging for a recipient, the order's rule for waiting messages decides about this recipient's copy. The server cannot read the
 * messages.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { createJudgment } from './judgment.ts';
import type { Arrival, Enrollment, JudgedPost, MailboxItem, OrdersPort, Post, Posted, PostStore } from './ports.ts';

const DAY = 86_400_000;
/** Storage time of waiting mail in milliseconds. The time starts when the recipient's device may receive the mail. */
export const KEPT_FOR = 30 * DAY;

export interface Posts {
  /**
   * Accepts a message. Resolves when the position of the message among other messages is fixed. The promise `answer` resolves when the
   * message is durable. To keep the sequence of a sender's messages, await each call before the next one.
   */
  accept(sender: Enrollment, post: Post): Promise<{ readonly response: Promise<Posted> }>;
  accepted(): number;
}

export function createPosts(ports: {
  readonly store: PostStore;
  readonly orders: OrdersPort;
  readonly restricts: (device: DeviceId) => boolean;
  readonly clock: Clock;
  /**
   * Sends a new mailbox entry to its device if the device is connected. Returns true if it sent the entry, so that the mailbox need not be
   * read.
   */
  readonly sendNow: (arrival: Arrival) => boolean;
  readonly wake: (devices: readonly DeviceId[]) => void;
  /**
   * Schedules that the current orders are applied to the devices' mailboxes, because an order may have suspended messaging while the server
   * was storing mail.
   */
  readonly settleSoon: (devices: readonly DeviceId[]) => void;
}): Posts {
  const { store, orders, restricts, clock, sendNow, wake, settleSoon } = ports;
  let accepted = 0;
  const judgment = createJudgment(orders, 'messaging', restricts);

  async function stored(judged: JudgedPost): Promise<Posted> {
    const { response, entries } = await store.post(judged);
    if (response.outcome === 'accepted') accepted += 1;
    const { sender, post, at, expiresAt } = judged;
    const item: MailboxItem = {
      type: 'post',
      id: post.id,
      from: sender.device,
      generation: sender.generation,
      at,
      body: post.body,
    };
    const nowDenied: DeviceId[] = [];
    const waiting: DeviceId[] = [];
    for (const { device, generation, seq, bytes, heldBy } of entries) {
      if (heldBy !== null) continue;
      // Check again whether the recipient may use messaging, because an order may have taken effect while the message was being stored.
      if (orders.effect.cachedVerdict(device)?.services.messaging.allowed !== true) nowDenied.push(device);
      else if (expiresAt > clock.now() && sendNow({ device, generation, seq, bytes, item })) continue;
      waiting.push(device);
    }
    wake(waiting);
    if (nowDenied.length > 0) settleSoon(nowDenied);
    return response;
  }

  return {
    async accept(sender, post) {
      const denial = await judgment.refusal(sender.device);
      if (denial) {
        // If the message was accepted before the order took effect, the server repeats the stored response. A refusal is not stored, so the
        // sender may send the message again later.
        const known = await store.earlierResponse(sender, post.id);
        const refused: Posted = { kind: 'posted', id: post.id, outcome: 'refused', denial, recipients: [] };
        return { response: Promise.resolve(known ?? refused) };
      }
      const recipients = await judgment.recipients([...new Set(post.to)]);
      const at = clock.now();
      const expiresAt = Math.min(post.expires ?? Infinity, at + KEPT_FOR);
      return { response: stored({ sender, post, at, expiresAt, recipients }) };
    },
    accepted: () => accepted,
  };
}
