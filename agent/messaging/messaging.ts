/** The user's messages, as the command line and the device page see them. No text of these types leaves the device unsealed. */
import type { Instant } from '../../shared/time/clock.ts';

/** Person in a conversation. Only `person` identifies a person: two people may have the same name. */
interface PersonRef {
  readonly person: string;
  readonly name: string;
}

/** Person with a verified device. The organization key confirmed name, e-mail address and groups. */
export interface FoundPerson extends PersonRef {
  /** E-mail address and groups, which distinguish people with the same name. */
  readonly email: string | null;
  readonly groups: readonly string[];
}

export interface PersonView extends PersonRef {
  /** True if the person has a verified device in the conversation. False after the user has left, because the members are then unknown. */
  readonly verified: boolean;
}

export interface ConversationView {
  readonly id: string;
  /** Title of the conversation; null if user interfaces should show the people's names instead. */
  readonly title: string | null;
  /** People of the conversation except the user. */
  readonly people: readonly PersonView[];
  readonly unread: number;
  readonly last: { readonly at: Instant; readonly from: string; readonly text: string } | null;
  /**
   * State of the conversation. `rejoining`: the device lost the keys, for example after a restore, and has asked to rejoin. `left`: the
   * user has left, and the messages stay.
   */
  readonly state: 'ready' | 'rejoining' | 'left';
}

/** State of a message. A `held` message becomes `sent` when the order ends. */
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
 * Reason for a refused message, or for a message that was returned without an order: a stable code, and a sentence that says what to do.
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
   * State of the message. For a sent message: the state that every recipient has reached, or a failure at one recipient. For a received
   * message: `read` or `delivered`.
   */
  readonly state: MessageState;
  /** The order that holds, refuses or returns the message. */
  readonly order: string | null;
  /** Reason for a refused message, or for a message that was returned without an order. */
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
 * Actions of the user. An action is stored durably on this device when it resolves. The device sends the action's posts as soon as
 * possible.
 */
export interface UserActions {
  /**
   * Starts a conversation, and resolves with its id when it is durable. For one person and no title, returns the existing conversation if
   * it is usable. Throws `person_unknown`, `service_denied`.
   */
  start(conversation: { readonly people: readonly string[]; readonly title: string | null }): Promise<string>;
  rename(conversation: string, title: string | null): Promise<void>;
  addPeople(conversation: string, people: readonly string[]): Promise<void>;
  leave(conversation: string): Promise<void>;
  /**
   * Writes a message, and resolves with its id when it is durable on this device. The device sends the message as soon as possible. Throws
   * `service_denied`.
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
  /** Finds a message by its id. Throws `not_found`. */
  message(id: string): MessageView;
  /** Messages whose text or file names match the search, newest first. */
  search(text: string): readonly MessageView[];
  /**
   * Exports all messages on this device as JSON lines, each followed by the files that are on this device. The export also works while
   * messaging is suspended.
   */
  export(): AsyncIterable<string>;
}

export interface Messaging extends UserActions, Views {
  /** Opens the stored messages for reading. A running agent does this itself. Never rejects. */
  open(): Promise<void>;
  state(): MessagingState;
  people(text: string): Promise<readonly FoundPerson[]>;
  attachment(message: string, index: number): Promise<NewAttachment>;
  /** Marks messages as read, and informs their senders. */
  read(conversation: string, messages: readonly string[]): Promise<void>;
  /** Calls the listener after each change. Returns a function that removes the listener. */
  onChange(listener: () => void): () => void;
}
