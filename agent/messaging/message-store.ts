/**
 * What messaging keeps: the ports, one a part. Every verb is durable when it returns, and `transaction` makes several one. Whatever says
 * anything comes here sealed by the vault (`vault.ts`); open are numbers, opaque identifiers and what has its own seal from the sender.
 */
import type { ServerFrame } from '../../shared/protocol/frames.ts';

export type MailItem = Extract<ServerFrame, { kind: 'mail' }>['item'];

interface Transactions {
  /** All or nothing; may be nested. */
  transaction<T>(work: () => T): T;
}

/** Small things, by name. */
export interface MessagingValues extends Transactions {
  messagingValue(name: string): Buffer | null;
  saveMessagingValue(name: string, value: Buffer): void;
  /** The key that this was sealed with is gone: everything but counters, the signing key, and what is in the mailbox. */
  forgetMessaging(): void;
}

export interface StoredMail {
  /** This device's own, in the order in which they came: the server's numbers are for saying what was taken. */
  readonly number: number;
  readonly item: MailItem;
}

/** The mailbox on this side: what has come and is not opened yet, and the ids of what was. */
export interface MailboxStore extends Transactions {
  /** False when this post, or this word on one's own, has come before: the server sends again what it does not know to be taken. */
  keepMail(item: MailItem): boolean;
  /** In the order in which they came. */
  unopenedMail(after: number, limit: number): readonly StoredMail[];
  /** Its content goes; that it was here stays, for as many as the server could send again. */
  mailOpened(number: number): void;
  /** What cannot be opened, ever: kept for whoever looks into it, the newest few of them. */
  mailSetAside(number: number): void;
  /** What came for an earlier enrolment. */
  forgetMail(): void;
}

/** A post that the server has not answered yet: `frame` and `about` are sealed. */
export interface StoredPost {
  readonly id: string;
  readonly frame: Buffer;
  /** What it was for. */
  readonly about: Buffer;
}

export interface PostStore extends Transactions {
  addPost(post: StoredPost): void;
  post(id: string): StoredPost | null;
  /** In the order in which they were made. */
  posts(limit: number): readonly StoredPost[];
  removePost(id: string): void;
  countPosts(): number;
}

export interface StoredConversation {
  readonly id: string;
  /** Title, people and so on, sealed. */
  readonly meta: Buffer;
  /** The group's state, sealed; null while this device has none. */
  readonly group: Buffer | null;
  /** The state after a commit of one's own that the server has not taken yet, and what follows when it does; sealed. */
  readonly pending: Buffer | null;
}

export interface ConversationStore extends Transactions {
  conversation(id: string): StoredConversation | null;
  conversationIds(): readonly string[];
  saveConversation(conversation: StoredConversation): void;
}

/** `unsent`: one's own, not sealed yet. `unread`: another's, not seen yet. */
export type MessageMark = 'unsent' | 'unread' | 'none';

export interface StoredMessage {
  readonly conversation: string;
  readonly id: string;
  readonly mark: MessageMark;
  readonly body: Buffer;
}

export interface HistoryStore extends Transactions {
  /** False when it is known. */
  addToHistory(message: StoredMessage): boolean;
  historyMessage(id: string): StoredMessage | null;
  changeMessage(id: string, body: Buffer, mark: MessageMark): void;
  moveMessage(id: string, conversation: string): void;
  /** The newest `limit` before `before`, oldest first. */
  history(conversation: string, before: string | null, limit: number): readonly StoredMessage[];
  /** Oldest first. */
  marked(conversation: string, mark: MessageMark): readonly StoredMessage[];
  countMarked(conversation: string, mark: MessageMark): number;
  /** Of all conversations, oldest first. */
  wholeHistory(): Iterable<StoredMessage>;
}

export interface DueReceipt {
  readonly conversation: string;
  readonly message: string;
  readonly kind: 'delivered' | 'read';
}

/** What senders are still to be told. */
export interface ReceiptStore extends Transactions {
  addReceipt(receipt: DueReceipt): void;
  dueReceipts(conversation: string, limit: number): readonly DueReceipt[];
  receiptsDueIn(): readonly string[];
  removeReceipts(receipts: readonly DueReceipt[]): void;
}

export interface StoredKeyPackage {
  /** The hash reference by which a welcome names it (RFC 9420, section 5.2), hex. */
  readonly ref: string;
  /** Public and private parts, sealed. */
  readonly body: Buffer;
  readonly lastResort: boolean;
}

export interface KeyPackageStore extends Transactions {
  addKeyPackage(kept: StoredKeyPackage): void;
  keyPackages(): readonly StoredKeyPackage[];
  removeKeyPackage(ref: string): void;
}

export interface MessageStore
  extends MessagingValues,
    MailboxStore,
    PostStore,
    ConversationStore,
    HistoryStore,
    ReceiptStore,
    KeyPackageStore {}
