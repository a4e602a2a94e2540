/**
 * Store of messaging: one port per part. Every method is durable when it returns, and `transaction` joins several. The vault has sealed the
 * content. Numbers, opaque identifiers and data that the sender has sealed are stored without this seal.
 */
import type { ServerFrame } from '../../shared/protocol/frames.ts';

export type MailItem = Extract<ServerFrame, { kind: 'mail' }>['item'];

interface Transactions {
  /** Transactions may be nested. */
  transaction<T>(work: () => T): T;
}

export interface MessagingValues extends Transactions {
  messagingValue(name: string): Buffer | null;
  saveMessagingValue(name: string, value: Buffer): void;
  /** Deletes everything that was sealed with a lost vault key. Counters, signing key and mailbox stay. */
  forgetMessaging(): void;
}

export interface StoredMail {
  /** This device's own number, in order of arrival. The server's numbers are only for acknowledgments. */
  readonly number: number;
  readonly item: MailItem;
}

/** Received items that are not decrypted yet, and the ids of decrypted ones. */
export interface MailboxStore extends Transactions {
  /** Stores an item. Returns false for a known item: the server repeats items until they are acknowledged. */
  keepMail(item: MailItem): boolean;
  /** Undecrypted items, oldest first. */
  unopenedMail(after: number, limit: number): readonly StoredMail[];
  /** Removes the content. Keeps the identifier of each item that the server could repeat. */
  mailOpened(number: number): void;
  /** Marks an item that can never be decrypted. The newest few of them stay for diagnosis. */
  mailSetAside(number: number): void;
  forgetMail(): void;
}

/** Post without a response from the server. `frame` (the post) and `about` (its purpose) are sealed. */
export interface StoredPost {
  readonly id: string;
  readonly frame: Buffer;
  readonly about: Buffer;
}

export interface PostStore extends Transactions {
  addPost(post: StoredPost): void;
  post(id: string): StoredPost | null;
  /** Posts without a response, oldest first. */
  posts(limit: number): readonly StoredPost[];
  removePost(id: string): void;
  countPosts(): number;
}

export interface StoredConversation {
  readonly id: string;
  /** The conversation's record, sealed. */
  readonly meta: Buffer;
  /** The MLS state, sealed; null while the device has no MLS state. */
  readonly group: Buffer | null;
  /** The pending commit of this device, sealed. */
  readonly pending: Buffer | null;
}

export interface ConversationStore extends Transactions {
  conversation(id: string): StoredConversation | null;
  conversationIds(): readonly string[];
  saveConversation(conversation: StoredConversation): void;
}

/** `unsent`: a message of the user, not sealed yet. `unread`: a received message that the user has not seen. */
export type MessageMark = 'unsent' | 'unread' | 'none';

export interface StoredMessage {
  readonly conversation: string;
  readonly id: string;
  readonly mark: MessageMark;
  readonly body: Buffer;
}

export interface HistoryStore extends Transactions {
  /** Stores a message. Returns false when the message is stored already. */
  addToHistory(message: StoredMessage): boolean;
  historyMessage(id: string): StoredMessage | null;
  changeMessage(id: string, body: Buffer, mark: MessageMark): void;
  moveMessage(id: string, conversation: string): void;
  /** Newest `limit` messages before `before`, oldest first. */
  history(conversation: string, before: string | null, limit: number): readonly StoredMessage[];
  /** Messages with the mark, oldest first. */
  marked(conversation: string, mark: MessageMark): readonly StoredMessage[];
  countMarked(conversation: string, mark: MessageMark): number;
  /** All conversations, oldest message first. */
  wholeHistory(): Iterable<StoredMessage>;
}

export interface DueReceipt {
  readonly conversation: string;
  readonly message: string;
  readonly kind: 'delivered' | 'read';
}

export interface ReceiptStore extends Transactions {
  addReceipt(receipt: DueReceipt): void;
  dueReceipts(conversation: string, limit: number): readonly DueReceipt[];
  receiptsDueIn(): readonly string[];
  removeReceipts(receipts: readonly DueReceipt[]): void;
}

export interface StoredKeyPackage {
  /** The hash reference in a welcome (RFC 9420, section 5.2), hex. */
  readonly ref: string;
  /** Public and private parts, sealed. */
  readonly body: Buffer;
  readonly lastResort: boolean;
}

export interface KeyPackageStore extends Transactions {
  addKeyPackage(keyPackage: StoredKeyPackage): void;
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
