/**
 * Store of messaging, with one port per module. Each change is durable when its method returns, and `transaction` combines several changes.
 * Message content is sealed with the vault's key. The store does not seal numbers, opaque identifiers and data that the sender has already
 * sealed.
 */
import type { ServerFrame } from '../../shared/protocol/frames.ts';

export type MailItem = Extract<ServerFrame, { kind: 'mail' }>['item'];

interface Transactions {
  /** Runs a transaction. Transactions may be nested. */
  transaction<T>(work: () => T): T;
}

export interface MessagingValues extends Transactions {
  messagingValue(name: string): Buffer | null;
  saveMessagingValue(name: string, value: Buffer): void;
  /** Deletes everything that was sealed with a lost vault key. Counters, signing key and mailbox stay. */
  forgetMessaging(): void;
}

export interface StoredMail {
  /**
   * Number of the received item on this device, in the order of arrival. The server numbers items too, but its numbers serve only for
   * acknowledgments.
   */
  readonly number: number;
  readonly item: MailItem;
}

/** Received mailbox items that are not decrypted yet, and the ids of decrypted items. */
export interface MailboxStore extends Transactions {
  /** Stores an item. Returns false if the item is stored already: the server repeats items until the device acknowledges them. */
  keepMail(item: MailItem): boolean;
  /** Items that are not decrypted yet, oldest first. */
  unopenedMail(after: number, limit: number): readonly StoredMail[];
  /** Removes the content of a decrypted item. The item's id is kept as long as the server could send the item again. */
  mailOpened(number: number): void;
  /** Marks an item that can never be decrypted. Of these items, only the newest keep their content, for diagnosis. */
  mailSetAside(number: number): void;
  forgetMail(): void;
}

/** Post to which the server has not responded. `frame` (the post) and `about` (its purpose) are sealed with the vault's key. */
export interface StoredPost {
  readonly id: string;
  readonly frame: Buffer;
  readonly about: Buffer;
}

export interface PostStore extends Transactions {
  addPost(post: StoredPost): void;
  post(id: string): StoredPost | null;
  /** Posts to which the server has not responded, oldest first. */
  posts(limit: number): readonly StoredPost[];
  removePost(id: string): void;
  countPosts(): number;
}

export interface StoredConversation {
  readonly id: string;
  /** The conversation's record, sealed with the vault's key. */
  readonly meta: Buffer;
  /** The MLS state, sealed with the vault's key; null while the device has no MLS state. */
  readonly group: Buffer | null;
  /** This device's commit that the server has not accepted yet, sealed with the vault's key. */
  readonly pending: Buffer | null;
}

export interface ConversationStore extends Transactions {
  conversation(id: string): StoredConversation | null;
  conversationIds(): readonly string[];
  saveConversation(conversation: StoredConversation): void;
}

/**
 * Mark of a message. `unsent`: the user's message is not sealed for its recipients yet. `unread`: the user has not seen the received
 * message.
 */
export type MessageMark = 'unsent' | 'unread' | 'none';

export interface StoredMessage {
  readonly conversation: string;
  readonly id: string;
  readonly mark: MessageMark;
  readonly body: Buffer;
}

export interface HistoryStore extends Transactions {
  /** Stores a message. Returns false if the message is stored already. */
  addToHistory(message: StoredMessage): boolean;
  historyMessage(id: string): StoredMessage | null;
  changeMessage(id: string, body: Buffer, mark: MessageMark): void;
  moveMessage(id: string, conversation: string): void;
  /** Newest `limit` messages before `before`, oldest first. */
  history(conversation: string, before: string | null, limit: number): readonly StoredMessage[];
  /** Messages that have the mark `mark`, oldest first. */
  marked(conversation: string, mark: MessageMark): readonly StoredMessage[];
  countMarked(conversation: string, mark: MessageMark): number;
  /** Messages of all conversations, oldest first. */
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
  /** Hash reference of the key package, as a welcome contains it (RFC 9420, section 5.2), in hex. */
  readonly ref: string;
  /** Public and private parts of the key package, sealed with the vault's key. */
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
