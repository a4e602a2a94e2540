/**
 * The delivery service for sealed messages (RFC 9750, section 5). It places posts in mailboxes, orders one commit per epoch, and delivers
 * mail in order. The server has no key to the messages. Orders block messaging here and on each device.
 */

import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import type { Bus } from '../bus/bus.ts';
import { type AttachmentStore, type Attachments, createAttachments } from './attachments.ts';
import type { MessagingGate } from './denials.ts';
import { createKeyPackageDesk, type KeyPackageDesk, type KeyPackageStore } from './key-packages.ts';
import { createMailboxes, type Mailboxes } from './mailboxes.ts';
import type { Arrival, Log, MailboxFigures, MailboxStore, OrdersPort, PostStore } from './ports.ts';
import { createPosts, type Posts } from './posts.ts';

export interface Relay
  extends Pick<Posts, 'accept'>,
    Pick<Mailboxes, 'counters' | 'read' | 'take' | 'look' | 'start' | 'stop'> {
  /**
   * Registers the gateway for new entries, which it can then send without a read. `hear` returns true if the entry was sent. Otherwise the
   * device receives a wake.
   */
  onArrival(hear: (arrival: Arrival) => boolean): void;
  readonly keyPackages: KeyPackageDesk;
  readonly attachments: Attachments;
  /** Counts for metrics, which identify no device. */
  figures(): MailboxFigures & { readonly posts: number };
}

export interface RelayPorts {
  readonly posts: PostStore;
  readonly mailboxes: MailboxStore;
  readonly keyPackages: KeyPackageStore;
  readonly attachments: AttachmentStore;
  readonly orders: OrdersPort;
  readonly affectedBy: (rule: OrderRule) => Promise<readonly DeviceId[]>;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Log;
}

export function createRelay({ posts: postStore, mailboxes: mailboxStore, ...ports }: RelayPorts): Relay {
  const mailboxes = createMailboxes({ ...ports, store: mailboxStore });
  const { wake, settleSoon } = mailboxes;
  let hear: (arrival: Arrival) => boolean = () => false;
  const handOver = (arrival: Arrival) => hear(arrival);
  const posts = createPosts({ ...ports, store: postStore, handOver, wake, settleSoon });
  const { orders, clock, bus } = ports;
  const gate: MessagingGate = {
    verdict: async (device) => orders.effect.cachedVerdict(device) ?? orders.effect.verdict(device),
    rules: () => orders.adoption.rules(),
    appealOf: (order) => orders.adoption.termsOf(order)?.appeal ?? null,
  };
  return {
    keyPackages: createKeyPackageDesk({ store: ports.keyPackages, gate, bus }),
    attachments: createAttachments({ store: ports.attachments, gate, clock }),
    onArrival: (heard) => {
      hear = heard;
    },
    accept: posts.accept,
    counters: mailboxes.counters,
    read: mailboxes.read,
    take: mailboxes.take,
    figures: () => ({ ...mailboxes.figures(), posts: posts.accepted() }),
    look: mailboxes.look,
    start: mailboxes.start,
    stop: mailboxes.stop,
  };
}
