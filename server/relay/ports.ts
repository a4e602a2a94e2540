import type { OrderTerms } from '../../shared/order/documents.ts';
import type { DenialNotice, DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { OrderRule, Verdict, WaitingRule } from '../../shared/verdict/terms.ts';

export type Post = Extract<DeviceFrame, { kind: 'post' }>;
export type Posted = Extract<ServerFrame, { kind: 'posted' }>;
export type MailboxItem = Extract<ServerFrame, { kind: 'mailbox-entry' }>['item'];
export type DeliveryReport = Extract<MailboxItem, { type: 'delivery-report' }>;

export interface Enrollment {
  readonly device: DeviceId;
  readonly generation: number;
}

/**
 * Message to store, with a decision for each recipient: whether an order blocks the delivery. The decisions are of the time when the server
 * received the message.
 */
export interface JudgedPost {
  readonly sender: Enrollment;
  readonly post: Post;
  readonly at: Instant;
  readonly expiresAt: Instant;
  /** Recipients of the message without duplicates. `known` is false for an unknown device. */
  readonly recipients: readonly JudgedRecipient[];
}

export interface JudgedRecipient {
  readonly device: DeviceId;
  readonly known: boolean;
  readonly denial: DenialNotice | null;
  /**
   * Rule of the order that blocks the delivery: whether the server holds, delivers or returns the recipient's mail. Null if no order
   * blocks the delivery.
   */
  readonly waiting: WaitingRule | null;
}

export interface Placed {
  readonly response: Posted;
  readonly entries: readonly PlacedEntry[];
}

export interface PlacedEntry extends Enrollment {
  readonly seq: number;
  readonly bytes: number;
  readonly heldBy: string | null;
}

/** New entry in a mailbox. The entry is passed to the server process that has the device's connection. */
export interface Arrival extends Enrollment, MailboxEntry {}

export interface PostStore {
  /**
   * Places a message in mailboxes by the rules of `placement.ts`. If a message with the same id was accepted before, returns the earlier
   * response. Several messages share a transaction; a message is durable when the promise resolves. Messages of one sender keep their
   * sequence.
   */
  post(judged: JudgedPost): Promise<Placed>;
  earlierResponse(sender: Enrollment, id: string): Promise<Posted | null>;
}

export interface MailboxCounters {
  readonly acknowledged: number;
  readonly posts: number;
}

export interface MailboxQuery extends Enrollment {
  readonly after: number;
  readonly entries: number;
  /**
   * Size limit for one page of mailbox entries, in bytes. The page ends with the entry that reaches the limit, so a single large entry is
   * still returned.
   */
  readonly bytes: number;
  /**
   * True if an order suspends the device's messaging. The device then receives only mail that arrived before the order took effect, and
   * only if the order allows the delivery of earlier mail.
   */
  readonly dueOnly: boolean;
  readonly now: Instant;
}

export interface MailboxEntry {
  readonly seq: number;
  readonly item: MailboxItem;
  readonly bytes: number;
}

export interface MailboxPage {
  readonly entries: readonly MailboxEntry[];
  readonly more: boolean;
}

/** Order that decides about a device's waiting messages (`decidingOrder`), and its rule for waiting messages. */
export interface DecidingOrder {
  readonly rule: WaitingRule;
  readonly order: string;
}

/** Device whose waiting messages or mail an order may hold, release or return. */
export interface SettledDevice {
  readonly device: DeviceId;
  /** Order that suspends the service for the device now; null if no order does. */
  readonly denial: DecidingOrder | null;
  /** Notice about this order for the sender of returned mail; null without an order. */
  readonly notice: DenialNotice | null;
}

/** Store of messages, or of mail, that waits for devices. */
export interface WaitingStore {
  /**
   * Holds, releases or returns the waiting entries of the given devices, by the orders that now suspend the service (rules in
   * `settlement.ts`). Uses one transaction, and a repeated call changes nothing. Released mail gets the full storage time again. Returns
   * the senders that receive a delivery report.
   */
  settle(devices: readonly SettledDevice[], now: Instant): Promise<readonly DeviceId[]>;
  /**
   * Selects the given devices whose waiting mail may have to be held, released or returned now. These mailboxes have mail, or were last
   * updated while an order suspended the service. `denied`: the mailbox was last updated under such an order, or an order holds mail in the
   * mailbox.
   */
  waitingAmong(
    devices: readonly DeviceId[],
  ): Promise<readonly { readonly device: DeviceId; readonly denied: boolean }[]>;
  denied(): Promise<DeviceId[]>;
  /**
   * Deletes a limited number of expired messages, except those of devices under a legal hold (stop on deletion). A message that an order
   * keeps back expires only at the deadline that its sender chose. `more` is true if more expired messages may exist.
   */
  expire(now: Instant): Promise<{ readonly senders: readonly DeviceId[]; readonly more: boolean }>;
  figures(): Promise<MailboxFigures>;
}

export interface MailboxStore extends WaitingStore {
  counters(enrollment: Enrollment): Promise<MailboxCounters>;
  /** Reads mailbox entries, sorted by sequence number. Concurrent reads share one SQL statement. */
  read(query: MailboxQuery): Promise<MailboxPage>;
  /**
   * Records that a device has received its mailbox entries up to the sequence number `through`. Concurrent calls share a transaction.
   * Returns the senders that receive a delivery report.
   */
  acknowledge(enrollment: Enrollment, through: number, now: Instant): Promise<readonly DeviceId[]>;
}

export interface MailboxFigures {
  readonly entries: number;
  readonly bytes: number;
  readonly held: number;
}

export interface OrdersPort {
  readonly effect: {
    cachedVerdict(device: DeviceId): Verdict | undefined;
    verdict(device: DeviceId): Promise<Verdict>;
  };
  readonly adoption: {
    rules(): readonly OrderRule[];
    termsOf(order: string): OrderTerms | null;
  };
}

export interface Log {
  warn(fields: object, message: string): void;
}
