/** The user's messages, in the form that the command line and the device page use. Texts of these types leave the device only sealed. */
import type { Instant } from '../../shared/time/clock.ts';

/** Person in a conversation. Only `person` identifies a person: two people may have the same name. */
interface PersonRef {
  readonly person: string;
  readonly name: string;
}

/** Person who has a verified device. The organization key has confirmed the person's name, e-mail address and groups. */
export interface FoundPerson extends PersonRef {
  /** E-mail address and groups, which distinguish people with the same name. */
  readonly email: string | null;
  readonly groups: readonly string[];
}

export interface PersonView extends PersonRef {
  /**
   * True if the person has a verified device in the conversation. After the user has left the conversation, always false, because this
   * device then does not know the members.
   */
  readonly verified: boolean;
}

export interface ConversationView {
  readonly id: string;
  /** Title of the conversation; null if user interfaces should show the people's names instead. */
  readonly title: string | null;
  /** All people in the conversation except the user of this device. */
  readonly people: readonly PersonView[];
  readonly unread: number;
  readonly last: { readonly at: Instant; readonly from: string; readonly text: string } | null;
  /**
   * State of the conversation. `rejoining`: the device lost the keys, for example after a restore, and has asked to rejoin. `left`: the
   * user has left, and the messages stay.
   */
  readonly state: 'ready' | 'rejoining' | 'left';
}

/** State of a message. A `held` message waits on the server during an order, and becomes `sent` when the order ends. */
export const MESSAGE_STATES = [
  'waiting',
  'sent',
  'held',
  'delivered',
  'read',
  'refused',
  'returned',
  'expired',
] as const;
export type MessageState = (typeof MESSAGE_STATES)[number];

/**
 * Reason why a message was refused, or was returned although no order caused the return. `code` is stable. `detail` is a sentence that says
 * what to do.
 */
export interface Refusal {
  readonly code: string;
  readonly detail: string;
}

/** Search of texts. It ignores differences in letter case and Unicode normalization. */
export const holds = (text: string, wanted: string): boolean => folded(text).includes(folded(wanted));
const folded = (text: string) => text.normalize('NFKC').toLowerCase();

export interface AttachmentView {
  readonly name: string;
  /** Media type that the sender stated. */
  readonly type: string;
  /** Size in bytes. */
  readonly size: number;
}

export interface MessageView {
  readonly id: string;
  readonly conversation: string;
  /** Sender of the message; null for a note about the conversation, such as a change of members. */
  readonly from: { readonly person: string; readonly name: string } | null;
  readonly mine: boolean;
  readonly at: Instant;
  readonly text: string;
  readonly attachments: readonly AttachmentView[];
  /**
   * State of the message. For a sent message: the state that every recipient has reached, or the failure if the message failed for one
   * recipient. For a received message: `read` or `delivered`.
   */
  readonly state: MessageState;
  /** The order that holds, refuses or returns the message. */
  readonly order: string | null;
  /** Reason why the message was refused, or was returned although no order caused the return. */
  readonly refusal: Refusal | null;
  /** Recipients that did not get the message, with the reasons. */
  readonly missed: readonly {
    readonly name: string;
    readonly state: MessageState;
    readonly order: string | null;
    readonly refusal: Refusal | null;
  }[];
}

export interface NewAttachment {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
}

export type MessagingState =
  | { readonly state: 'ready'; readonly person: string; readonly name: string }
  /** `uncertified`: the organization has not confirmed this device yet. */
  | { readonly state: 'uncertified' }
  /** `locked`: the workspace is locked or wiped. Messages are unreadable, and new messages wait. */
  | { readonly state: 'locked' | 'wiped' }
  /** `denied`: an order suspends messaging. Earlier messages stay readable. */
  | { readonly state: 'denied'; readonly orders: readonly string[] };

/**
 * Actions of the user. The promise of an action resolves when the action is stored durably on this device. The device sends the resulting
 * posts as soon as possible.
 */
export interface UserActions {
  /**
   * Starts a conversation, and resolves with its id when the conversation is durable. With one person and no title, resolves with the id of
   * the existing conversation if there is one that the user can still write in. Throws `person_unknown`, `service_denied`.
   */
  start(conversation: { readonly people: readonly string[]; readonly title: string | null }): Promise<string>;
  rename(conversation: string, title: string | null): Promise<void>;
  addPeople(conversation: string, people: readonly string[]): Promise<void>;
  leave(conversation: string): Promise<void>;
  /**
   * Stores a message to be sent, and resolves with its id when the message is durable on this device. The device sends the message as soon
   * as possible. Throws `service_denied` while an order suspends messaging.
   */
  send(
    conversation: string,
    message: { readonly text: string; readonly attachments: readonly NewAttachment[] },
  ): Promise<string>;
}

/** Conversations and messages as the user sees them. Each method throws `workspace_locked` and `workspace_wiped`. */
export interface Views {
  /** Lists conversations, newest first. */
  conversations(): readonly ConversationView[];
  /** Newest `limit` messages before `before`, oldest first. */
  messages(conversation: string, page: { readonly before?: string; readonly limit: number }): readonly MessageView[];
  /** The first `limit` unread messages, oldest first. */
  unseen(conversation: string, limit: number): readonly MessageView[];
  /** Finds a message by its id. Throws `not_found` if no message has this id. */
  message(id: string): MessageView;
  /** Messages whose text or file names match the search, newest first. */
  search(text: string): readonly MessageView[];
  /**
   * Exports all messages on this device as JSON lines. After each message follow its files, if they are on this device. The export also
   * works while messaging is suspended.
   */
  export(): AsyncIterable<string>;
}

export interface Messaging extends UserActions, Views {
  /** Loads the key of the stored messages, so that they can be read. A running agent does this by itself. Never rejects. */
  open(): Promise<void>;
  state(): MessagingState;
  people(text: string): Promise<readonly FoundPerson[]>;
  attachment(message: string, index: number): Promise<NewAttachment>;
  /** Marks messages as read, and informs their senders. */
  read(conversation: string, messages: readonly string[]): Promise<void>;
  /** Adds a listener, which is called after each change of messages or conversations. Returns a function that removes the listener. */
  onChange(listener: () => void): () => void;
}
