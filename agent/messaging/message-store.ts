/**
 * Store of messaging, with one interface per module. Each change is durable when its method returns. Message content is encrypted with the
 * device's messaging key. Numbers, opaque identifiers and data that the sender has already encrypted are stored as they are.
 */
import type { ServerFrame } from '../../shared/protocol/frames.ts';

export type MailboxItem = Extract<ServerFrame, { kind: 'mailbox-entry' }>['item'];

interface Transactions {
  transaction<T>(work: () => T): T;
}

export interface MessagingValues extends Transactions {
  messagingValue(name: string): Buffer | null;
  saveMessagingValue(name: string, value: Buffer): void;
  /**
   * Deletes all messaging data that can no longer be decrypted, because the device's messaging key was lost. Counters, the signing key and
   * received messages stay, because they were not encrypted with that key.
   */
  forgetMessaging(): void;
}

export interface StoredItem {
  /** Position of the received item in the order of arrival. The server's own item numbers serve only for acknowledgments. */
  readonly number: number;
  readonly item: MailboxItem;
}

/** Received mailbox items before decryption, and the ids of decrypted items. */
export interface MailboxStore extends Transactions {
  /** Returns false if the item is stored already: the server repeats items until the device acknowledges them. */
  keepItem(item: MailboxItem): boolean;
  unopenedItems(after: number, limit: number): readonly StoredItem[];
  /** Removes the content of a decrypted item. The item's id is kept as long as the server could send the item again. */
  itemOpened(number: number): void;
  /** Marks an item that can never be decrypted. Only the newest of these items keep their content, for diagnosis. */
  itemSetAside(number: number): void;
  forgetItems(): void;
}

/** Outgoing item to which the server has not responded. `frame` (the item) and `about` (its purpose) are sealed with the vault's key. */
export interface StoredPost {
  readonly id: string;
  readonly frame: Buffer;
  readonly purpose: Buffer;
}

export interface PostStore extends Transactions {
  addPost(post: StoredPost): void;
  post(id: string): StoredPost | null;
  posts(limit: number): readonly StoredPost[];
  removePost(id: string): void;
  countPosts(): number;
}

export interface StoredConversation {
  readonly id: string;
  readonly meta: Buffer;
  readonly group: Buffer | null;
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
  addToHistory(message: StoredMessage): boolean;
  historyMessage(id: string): StoredMessage | null;
  changeMessage(id: string, body: Buffer, mark: MessageMark): void;
  moveMessage(id: string, conversation: string): void;
  /** Newest `limit` messages before `before`, oldest first. */
  history(conversation: string, before: string | null, limit: number): readonly StoredMessage[];
  marked(conversation: string, mark: MessageMark): readonly StoredMessage[];
  countMarked(conversation: string, mark: MessageMark): number;
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
