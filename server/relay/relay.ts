/**
 * The delivery service of sealed messages (RFC 9750, section 5): posts go into mailboxes, of commits one an epoch, and come out of them in order. What it
 * carries is opaque to it, and it holds no key that could change that. Orders gate it here, and on each device once more.
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
   * Offers what has just been stored to whoever holds the devices' sessions, so that it need not be read back; `hear` says whether it has sent it.
   * Whoever is not there, or behind, is woken instead.
   */
  onArrival(hear: (arrival: Arrival) => boolean): void;
  readonly keyPackages: KeyPackageDesk;
  readonly attachments: Attachments;
  /** For whoever watches the installation: nothing of any device. */
  figures(): MailboxFigures & { readonly posts: number };
}

export interface RelayPorts {
  readonly posts: PostStore;
  readonly mailboxes: MailboxStore;
  readonly keyPackages: KeyPackageStore;
  readonly attachments: AttachmentStore;
  readonly orders: OrdersPort;
  /** Every device that the rule may reach, by the index of ties. */
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
    verdict: async (device) => orders.cachedVerdict(device) ?? orders.verdict(device),
    appealOf: (order) => orders.termsOf(order)?.appeal ?? null,
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
