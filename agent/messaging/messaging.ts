/**
 * The user's messages, in the form that the command line and the device page use. Message texts in these types are not encrypted; they
 * leave the device only sealed (encrypted).
 */
import type { Instant } from '../../shared/time/clock.ts';

/** Person in a conversation. Only `person` identifies a person: two people may have the same name. */
interface PersonRef {
  readonly person: string;
  readonly name: string;
}

export interface FoundPerson extends PersonRef {
  readonly email: string | null;
  readonly groups: readonly string[];
}

export interface PersonView extends PersonRef {
  /**
   * True if the person has a verified device in the conversation. Always false after the user of this agent has left the conversation,
   * because the agent then does not know the members.
   */
  readonly verified: boolean;
}

export interface ConversationView {
  readonly id: string;
  /** Title of the conversation; null if the conversation has no title, so that the people's names take its place. */
  readonly title: string | null;
  readonly people: readonly PersonView[];
  readonly unread: number;
  readonly last: { readonly at: Instant; readonly from: string; readonly text: string } | null;
  /**
   * State of the conversation on this device. `rejoining`: the device lost the keys, for example after a restore, and has asked to rejoin.
   * `left`: the user has left, and the messages stay.
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
 * Reason why the server did not accept or deliver a message, such as a full mailbox or a revoked device. `code` is stable. `detail` is a
 * sentence for the user.
 */
export interface Refusal {
  readonly code: string;
  readonly detail: string;
}

/** Text search that ignores letter case and Unicode normalization. */
export const holds = (text: string, wanted: string): boolean => foldCase(text).includes(foldCase(wanted));
const foldCase = (text: string) => text.normalize('NFKC').toLowerCase();

export interface AttachmentView {
  readonly name: string;
  readonly type: string;
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
   * For a sent message: the state that every recipient has reached, or the failure if the message failed for one recipient. For a received
   * message: `read` or `delivered`.
   */
  readonly state: MessageState;
  readonly order: string | null;
  readonly refusal: Refusal | null;
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
  /** State `uncertified`: the organization has not confirmed this device yet. */
  | { readonly state: 'uncertified' }
  /** State of the workspace that is not open (`passcode`: it waits for the passcode). Messages are unreadable, and new messages wait. */
  | { readonly state: 'passcode' | 'locked' | 'wiped' }
  /** State `denied`: an order suspends messaging. Earlier messages stay readable. */
  | { readonly state: 'denied'; readonly orders: readonly string[] };

/**
 * Actions of the user. Each promise resolves when the action is stored durably on this device. The device sends the resulting data as soon
 * as possible.
 */
export interface UserActions {
  /**
   * Starts a conversation, and resolves with its id when the conversation is durable. With one person and no title, returns the existing
   * conversation if the user can still write in it. Throws `person_unknown`, `service_denied`.
   */
  start(conversation: { readonly people: readonly string[]; readonly title: string | null }): Promise<string>;
  rename(conversation: string, title: string | null): Promise<void>;
  addPeople(conversation: string, people: readonly string[]): Promise<void>;
  leave(conversation: string): Promise<void>;
  /**
   * Stores a message to be sent, and resolves with its id when the message is durable on this device. Throws `service_denied` while an
   * order suspends messaging.
   */
  send(
    conversation: string,
    message: { readonly text: string; readonly attachments: readonly NewAttachment[] },
  ): Promise<string>;
}

/** Conversations and messages as the user sees them. Each method throws `workspace_locked` and `workspace_wiped`. */
export interface Views {
  conversations(): readonly ConversationView[];
  messages(conversation: string, page: { readonly before?: string; readonly limit: number }): readonly MessageView[];
  unseen(conversation: string, limit: number): readonly MessageView[];
  /** Returns the message with the given id. Throws `not_found` if no such message is stored. */
  message(id: string): MessageView;
  search(text: string): readonly MessageView[];
  /**
   * Exports all messages on this device as JSON lines, each followed by its files that are on this device. The export also works while
   * messaging is suspended.
   */
  export(): AsyncIterable<string>;
}

export interface Messaging extends UserActions, Views {
  /**
   * Loads the key that decrypts the stored messages. The command line calls this method when it reads messages without a running agent; a
   * running agent loads the key itself. Never rejects.
   */
  open(): Promise<void>;
  state(): MessagingState;
  people(text: string): Promise<readonly FoundPerson[]>;
  attachment(message: string, index: number): Promise<NewAttachment>;
  /** Marks messages as read, and informs their senders. */
  read(conversation: string, messages: readonly string[]): Promise<void>;
  onChange(listener: () => void): () => void;
}
