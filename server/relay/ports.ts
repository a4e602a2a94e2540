/** What the delivery service asks of the store and of its neighbours, and the shapes that go through. */
import type { OrderTerms } from '../../shared/order/documents.ts';
import type { DenialNotice, DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { OrderRule, Verdict, WaitingRule } from '../../shared/verdict/terms.ts';

export type Post = Extract<DeviceFrame, { kind: 'post' }>;
export type Posted = Extract<ServerFrame, { kind: 'posted' }>;
export type MailItem = Extract<ServerFrame, { kind: 'mail' }>['item'];
export type Fate = Extract<MailItem, { type: 'fate' }>;

/** One enrolment of a device. */
export interface Enrolment {
  readonly device: DeviceId;
  readonly generation: number;
}

/** A post with what orders said of everyone concerned when it came. */
export interface JudgedPost {
  readonly sender: Enrolment;
  readonly post: Post;
  readonly at: Instant;
  readonly expiresAt: Instant;
  /** Each once. `known` is false for a device that does not exist. */
  readonly recipients: readonly {
    readonly device: DeviceId;
    readonly known: boolean;
    readonly denial: DenialNotice | null;
    /** What the orders behind `denial` do with what waits; null without one. */
    readonly waiting: WaitingRule | null;
  }[];
}

export interface Placed {
  readonly answer: Posted;
  readonly entries: readonly PlacedEntry[];
}

/** A post's entry in one mailbox. */
export interface PlacedEntry extends Enrolment {
  readonly seq: number;
  readonly bytes: number;
  readonly heldBy: string | null;
}

/** An entry that has just been stored, for whoever has its device connected. */
export interface Arrival extends Enrolment, MailEntry {}

export interface PostStore {
  /**
   * Places it in mailboxes by `placing.ts`, once an id: the same answer again for an id that was accepted. Grouped; durable when it resolves.
   * Posts of one sender are placed in the order in which they are given.
   */
  post(judged: JudgedPost): Promise<Placed>;
  /** The answer to a post that was accepted. */
  answered(sender: Enrolment, id: string): Promise<Posted | null>;
}

/** What the server remembers of an enrolment. */
export interface MailboxCounters {
  readonly taken: number;
  readonly posts: number;
}

export interface Wanted extends Enrolment {
  /** Later than this. */
  readonly after: number;
  readonly entries: number;
  /** The first entry is given even when it is larger. */
  readonly bytes: number;
  /** Of a device that an order denies, what that order lets through. */
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
  /** There may be more. */
  readonly more: boolean;
}

/** The orders that deny a device `messaging`, in one word: the strictest rule, and the order that gives it. */
export interface Shut {
  readonly rule: WaitingRule;
  readonly order: string;
}

export interface MailboxStore {
  counters(enrolment: Enrolment): Promise<MailboxCounters>;
  /** In the order of their numbers. Questions of one turn of the loop are one statement. */
  read(wanted: Wanted): Promise<MailPage>;
  /** Grouped. Returns who has got a fate by it. */
  take(enrolment: Enrolment, through: number, now: Instant): Promise<readonly DeviceId[]>;
  /**
   * Brings what waits in line with the verdicts by `settling.ts`, for all of them in one transaction; doing it again changes nothing. What is let go
   * is kept for as long again as if it had come then. Returns who has got a fate by it.
   */
  settle(
    verdicts: readonly { readonly device: DeviceId; readonly shut: Shut | null }[],
    now: Instant,
  ): Promise<readonly DeviceId[]>;
  /** Those of them that something waits for, or waited for when an order came. `shut`: an order has been found to have done something about it. */
  waitingAmong(devices: readonly DeviceId[]): Promise<readonly { readonly device: DeviceId; readonly shut: boolean }[]>;
  /** Those that an order has been found to shut, or that something is held for. */
  shut(): Promise<DeviceId[]>;
  /**
   * Removes some of what has expired, but nothing that waits for a device under a legal hold, and of what an order holds only what its sender wanted
   * gone by then. `more`: there may be more.
   */
  expire(now: Instant): Promise<{ readonly told: readonly DeviceId[]; readonly more: boolean }>;
  figures(): Promise<MailboxFigures>;
}

export interface MailboxFigures {
  readonly entries: number;
  readonly bytes: number;
  readonly held: number;
}

export interface OrdersPort {
  cachedVerdict(device: DeviceId): Verdict | undefined;
  /** Throws `device_unknown`. */
  verdict(device: DeviceId): Promise<Verdict>;
  rules(): readonly OrderRule[];
  /** Of its adopted revision. */
  termsOf(order: string): OrderTerms | null;
}

/** pino's, as far as it is needed. */
export interface Log {
  warn(fields: object, message: string): void;
}
