import type { OrderTerms } from '../../shared/order/documents.ts';
import type { DenialNotice, DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { OrderRule, Verdict, WaitingRule } from '../../shared/verdict/terms.ts';

export type Post = Extract<DeviceFrame, { kind: 'post' }>;
export type Posted = Extract<ServerFrame, { kind: 'posted' }>;
export type MailItem = Extract<ServerFrame, { kind: 'mail' }>['item'];
export type Fate = Extract<MailItem, { type: 'fate' }>;

export interface Enrollment {
  readonly device: DeviceId;
  readonly generation: number;
}

/** Post with the verdicts of its sender and its recipients at the time of arrival. */
export interface JudgedPost {
  readonly sender: Enrollment;
  readonly post: Post;
  readonly at: Instant;
  readonly expiresAt: Instant;
  /** Recipients without duplicates. `known`: false for an unknown device. */
  readonly recipients: readonly {
    readonly device: DeviceId;
    readonly known: boolean;
    readonly denial: DenialNotice | null;
    /** Rule for waiting mail of the orders behind `denial`; null without an order. */
    readonly waiting: WaitingRule | null;
  }[];
}

export interface Placed {
  readonly answer: Posted;
  readonly entries: readonly PlacedEntry[];
}

export interface PlacedEntry extends Enrollment {
  readonly seq: number;
  readonly bytes: number;
  readonly heldBy: string | null;
}

/** New mailbox entry, for the server process that has the device's connection. */
export interface Arrival extends Enrollment, MailEntry {}

export interface PostStore {
  /**
   * Places a post in mailboxes by the rules of `placement.ts`. A repeated id returns the earlier response. Posts are written in groups; the
   * post is durable when the promise resolves. Posts of one sender keep their order.
   */
  post(judged: JudgedPost): Promise<Placed>;
  /** Stored response to an accepted post; null if no response is stored. */
  answered(sender: Enrollment, id: string): Promise<Posted | null>;
}

export interface MailboxCounters {
  readonly taken: number;
  readonly posts: number;
}

export interface Wanted extends Enrollment {
  /** Sequence number after which the page of mail starts. */
  readonly after: number;
  readonly entries: number;
  /** Maximum bytes of the page of mail. The first entry is returned even if it is larger. */
  readonly bytes: number;
  /** True for a suspended device, which receives only the mail that its order still allows. */
  readonly dueOnly: boolean;
  readonly now: Instant;
}

export interface MailEntry {
  readonly seq: number;
  readonly item: MailItem;
  readonly bytes: number;
}

export interface MailPage {
  readonly entries: readonly MailEntry[];
  /** True if more mail may wait. */
  readonly more: boolean;
}

/** Deciding order among those that deny a device the service `messaging` (`decidingOrder`), and its rule for waiting messages. */
export interface DecidingOrder {
  readonly rule: WaitingRule;
  readonly order: string;
}

export interface MailboxStore {
  counters(enrollment: Enrollment): Promise<MailboxCounters>;
  /** Mailbox entries by sequence number. Reads in one turn of the event loop share an SQL statement. */
  read(wanted: Wanted): Promise<MailPage>;
  /** Acknowledges the entries up to `through`, in a grouped write. Returns the senders that receive a delivery report. */
  take(enrollment: Enrollment, through: number, now: Instant): Promise<readonly DeviceId[]>;
  /**
   * Applies verdicts to waiting mail by the rules of `settlement.ts`, in one transaction. A repeated call changes nothing. Released mail is
   * then stored as long as new mail. Returns the senders that receive a delivery report.
   */
  settle(
    verdicts: readonly { readonly device: DeviceId; readonly denial: DecidingOrder | null }[],
    now: Instant,
  ): Promise<readonly DeviceId[]>;
  /**
   * Given devices that have waiting mail, or mail that an order changed. `denied`: true if an order was applied to the mailbox.
   */
  waitingAmong(
    devices: readonly DeviceId[],
  ): Promise<readonly { readonly device: DeviceId; readonly denied: boolean }[]>;
  /** Devices with held mail, or with a mailbox to which an order was applied. */
  denied(): Promise<DeviceId[]>;
  /**
   * Deletes some expired mail, but no mail of devices under a legal hold. Held mail expires only at its sender's own deadline. `more`: true
   * if more expired mail may exist.
   */
  expire(now: Instant): Promise<{ readonly senders: readonly DeviceId[]; readonly more: boolean }>;
  figures(): Promise<MailboxFigures>;
}

export interface MailboxFigures {
  readonly entries: number;
  readonly bytes: number;
  readonly held: number;
}

export interface OrdersPort {
  readonly effect: {
    /** Cached verdict; undefined if the cache lacks it. */
    cachedVerdict(device: DeviceId): Verdict | undefined;
    /** Computed verdict. Throws `device_unknown`. */
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
