/**
 * Takes posts in. The sender's gate decides whether anything is taken at all, each recipient's what becomes of its copy; then the store places all
 * of it in one transaction. Nothing of a body is looked at.
 */
import { isCordonError } from '../../shared/errors.ts';
import type { DenialNotice } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { ServiceVerdict } from '../../shared/verdict/terms.ts';
import { denialNotice, shutBy } from './denials.ts';
import type { Arrival, Enrolment, JudgedPost, MailItem, OrdersPort, Post, Posted, PostStore } from './ports.ts';

const DAY = 86_400_000;
/** How long anything waits in a mailbox, from when its device may have it. Domain time. */
export const KEPT_FOR = 30 * DAY;

export interface Posts {
  /**
   * Resolves when the post has its place behind those that came before it; `answer` then resolves when everything that it says is durable. Posts
   * of one sender keep their order when each is handed in after the one before has resolved.
   */
  accept(sender: Enrolment, post: Post): Promise<{ readonly answer: Promise<Posted> }>;
  /** Since the start. */
  accepted(): number;
}

export function createPosts(ports: {
  readonly store: PostStore;
  readonly orders: Pick<OrdersPort, 'cachedVerdict' | 'verdict' | 'termsOf' | 'rules'>;
  readonly clock: Clock;
  /** Whether it is on its way to its device already, and need not be read again. */
  readonly handOver: (arrival: Arrival) => boolean;
  /** Something waits for them. */
  readonly wake: (devices: readonly DeviceId[]) => void;
  /** Something was stored for them while an order began to deny them. */
  readonly settleSoon: (devices: readonly DeviceId[]) => void;
}): Posts {
  const { store, orders, clock, handOver, wake, settleSoon } = ports;
  let accepted = 0;
  const appealOf = (order: string) => orders.termsOf(order)?.appeal ?? null;

  /** Undefined for a device that does not exist. */
  async function messagingOf(device: DeviceId): Promise<ServiceVerdict | undefined> {
    try {
      return (await orders.verdict(device)).services.messaging;
    } catch (error) {
      if (isCordonError(error, 'device_unknown')) return undefined;
      throw error;
    }
  }

  /** Most verdicts are at hand: only for the others is there anything to wait for. */
  async function judge(devices: readonly DeviceId[]): Promise<JudgedPost['recipients']> {
    const found = devices.map((device) => orders.cachedVerdict(device)?.services.messaging);
    if (found.includes(undefined)) {
      await Promise.all(
        devices.map(async (device, index) => {
          found[index] ??= await messagingOf(device);
        }),
      );
    }
    return devices.map((device, index) => {
      const verdict = found[index];
      const denial = verdict ? denialNotice(verdict, 'recipient', appealOf) : null;
      const waiting = denial && verdict ? (shutBy(verdict, orders.rules())?.rule ?? null) : null;
      return { device, known: verdict !== undefined, denial, waiting };
    });
  }

  async function refusal(sender: Enrolment): Promise<DenialNotice | null> {
    const verdict =
      orders.cachedVerdict(sender.device)?.services.messaging ?? (await messagingOf(sender.device)) ?? null;
    return verdict && denialNotice(verdict, 'sender', appealOf);
  }

  async function stored(judged: JudgedPost): Promise<Posted> {
    const { answer, entries } = await store.post(judged);
    if (answer.outcome === 'accepted') accepted += 1;
    const { sender, post, at, expiresAt } = judged;
    const item: MailItem = {
      ...{ type: 'post', id: post.id, from: sender.device, generation: sender.generation, at },
      body: post.body,
    };
    const late: DeviceId[] = [];
    const waiting: DeviceId[] = [];
    for (const { device, generation, seq, bytes, heldBy } of entries) {
      if (heldBy !== null) continue;
      // An order may have come since it was judged.
      if (orders.cachedVerdict(device)?.services.messaging.allowed !== true) late.push(device);
      else if (expiresAt > clock.now() && handOver({ device, generation, seq, bytes, item })) continue;
      waiting.push(device);
    }
    wake(waiting);
    if (late.length > 0) settleSoon(late);
    return answer;
  }

  return {
    async accept(sender, post) {
      const denial = await refusal(sender);
      if (denial) {
        // What was accepted before the order came was accepted, whenever its sender asks. A refusal is not remembered: it may be tried again.
        const known = await store.answered(sender, post.id);
        const refused: Posted = { kind: 'posted', id: post.id, outcome: 'refused', denial, recipients: [] };
        return { answer: Promise.resolve(known ?? refused) };
      }
      const recipients = await judge([...new Set(post.to)]);
      const at = clock.now();
      const expiresAt = Math.min(post.expires ?? Infinity, at + KEPT_FOR);
      return { answer: stored({ sender, post, at, expiresAt, recipients }) };
    },
    accepted: () => accepted,
  };
}
