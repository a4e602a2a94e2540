/**
 * Delivery service for sealed messages (RFC 9750, section 5). It places messages in mailboxes, accepts one commit for each epoch of a
 * conversation, and delivers mail in sequence. The server has no key to the messages. Orders block messaging both on the server and on each
 * device.
 */

import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { OrderRule } from '../../shared/verdict/terms.ts';
import type { Bus } from '../bus/bus.ts';
import { type AttachmentStore, type Attachments, createAttachments } from './attachments.ts';
import { serviceGateOf } from './denials.ts';
import { createKeyPackageService, type KeyPackageService, type KeyPackageStore } from './key-packages.ts';
import { createMailboxMaintenance, type MailboxMaintenance } from './mailbox-maintenance.ts';
import { createMailboxes, createWakes, type Mailboxes } from './mailboxes.ts';
import type { Arrival, Log, MailboxFigures, MailboxStore, OrdersPort, PostStore } from './ports.ts';
import { createPosts, type Posts } from './posts.ts';

export { requireService, type ServiceGate, serviceGateOf } from './denials.ts';
export { createJudgment, type Judgment } from './judgment.ts';
export { createMailboxMaintenance, type MailboxMaintenance } from './mailbox-maintenance.ts';
export { createWakes } from './mailboxes.ts';
export type { Enrollment, Log, MailboxFigures, OrdersPort, WaitingStore } from './ports.ts';
export type { Gate } from './settlement.ts';

export interface Relay extends Pick<Posts, 'accept'>, Mailboxes, Pick<MailboxMaintenance, 'start' | 'stop'> {
  /**
   * Sets the function that sends a new message to a connected device at once, without reading the mailbox. If the function returns false,
   * the device is notified that its mailbox has new mail.
   */
  onArrival(send: (arrival: Arrival) => boolean): void;
  maintain(): Promise<void>;
  readonly keyPackages: KeyPackageService;
  readonly attachments: Attachments;
  figures(): MailboxFigures & { readonly posts: number };
}

export interface RelayPorts {
  readonly posts: PostStore;
  readonly mailboxes: MailboxStore;
  readonly keyPackages: KeyPackageStore;
  readonly attachments: AttachmentStore;
  readonly orders: OrdersPort;
  readonly affectedBy: (rule: OrderRule) => Promise<readonly DeviceId[]>;
  /** True while a policy restricts messaging and mail of the device. */
  readonly restricts: (device: DeviceId) => boolean;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly log: Log;
}

export function createRelay({ posts: postStore, mailboxes: mailboxStore, ...ports }: RelayPorts): Relay {
  const wake = createWakes(ports.bus, 'mailbox');
  const mailboxes = createMailboxes({ ...ports, store: mailboxStore, wake });
  const maintenance = createMailboxMaintenance({ ...ports, service: 'messaging', store: mailboxStore, wake });
  let send: (arrival: Arrival) => boolean = () => false;
  const posts = createPosts({
    ...ports,
    store: postStore,
    sendNow: (arrival) => !ports.restricts(arrival.device) && send(arrival),
    wake,
    settleSoon: maintenance.settleSoon,
  });
  const { orders, clock, bus } = ports;
  const gate = serviceGateOf(orders, ports.restricts);
  return {
    keyPackages: createKeyPackageService({ store: ports.keyPackages, gate, bus }),
    attachments: createAttachments({ store: ports.attachments, gate, clock }),
    onArrival: (sender) => {
      send = sender;
    },
    accept: posts.accept,
    ...mailboxes,
    figures: () => ({ ...maintenance.figures(), posts: posts.accepted() }),
    maintain: maintenance.run,
    start: maintenance.start,
    stop: maintenance.stop,
  };
}
