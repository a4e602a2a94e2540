/** The user's messages, for the command line and the device page. No text of these types leaves the device unsealed. */
import type { Instant } from '../../shared/time/clock.ts';

/** Only `person` identifies a person: two people may have the same name. */
interface PersonRef {
  readonly person: string;
  readonly name: string;
}

/** A person with a verified device. The organization key confirmed name, e-mail and groups. */
export interface FoundPerson extends PersonRef {
  /** E-mail and groups distinguish people with the same name. */
  readonly email: string | null;
  readonly groups: readonly string[];
}

export interface PersonView extends PersonRef {
  /**
   * True when the person has a verified device in the conversation. False after the user has left, because the members are then unknown.
   */
  readonly verified: boolean;
}

export interface ConversationView {
  readonly id: string;
  /** Title; null when programs must show the people's names instead. */
  readonly title: string | null;
  /** People of the conversation except the user. */
  readonly people: readonly PersonView[];
  readonly unread: number;
  readonly last: { readonly at: Instant; readonly from: string; readonly text: string } | null;
  /** `rejoining`: the device lost the keys, for example after a restore, and asked to rejoin. `left`: the user left; the messages stay. */
  readonly state: 'ready' | 'rejoining' | 'left';
}

/** A `held` message becomes `sent` when the order ends. */
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

/** The reason for a refusal, or for a return without an order: a stable code, and a sentence with the remedy. */
export interface Refusal {
  readonly code: string;
  readonly detail: string;
}

/** Searches without regard to letter case or Unicode encoding. */
export const holds = (text: string, wanted: string): boolean => folded(text).includes(folded(wanted));
const folded = (text: string) => text.normalize('NFKC').toLowerCase();

export interface AttachmentView {
  readonly name: string;
  /** Media type, as stated by the sender. */
  readonly type: string;
  /** Size in bytes. */
  readonly size: number;
}

export interface MessageView {
  readonly id: string;
  readonly conversation: string;
  /** Sender; null for a note about the conversation, such as a change of members. */
  readonly from: { readonly person: string; readonly name: string } | null;
  readonly mine: boolean;
  readonly at: Instant;
  readonly text: string;
  readonly attachments: readonly AttachmentView[];
  /** For a sent message: the state that every recipient has reached, or the failure at one of them. For a received message: `read` or `delivered`. */
  readonly state: MessageState;
  /** The order that holds, refuses or returns the message. */
  readonly order: string | null;
  /** The reason for a refused message, or for a message that was returned without an order. */
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
  /** The organization has not confirmed this device yet. */
  | { readonly state: 'uncertified' }
  /** The workspace is locked or wiped: messages are unreadable, and new ones wait. */
  | { readonly state: 'locked' | 'wiped' }
  /** An order suspends messaging. Earlier messages stay readable. */
  | { readonly state: 'denied'; readonly orders: readonly string[] };

/** Actions of the user. Each one is durable on this device when it resolves; the posts follow when the device can send them. */
export interface UserActions {
  /**
   * Resolves with the conversation's id when it is durable. For one person and no title, returns the existing conversation if it is usable. Throws
   * `person_unknown`, `service_denied`.
   */
  start(conversation: { readonly people: readonly string[]; readonly title: string | null }): Promise<string>;
  rename(conversation: string, title: string | null): Promise<void>;
  addPeople(conversation: string, people: readonly string[]): Promise<void>;
  leave(conversation: string): Promise<void>;
  /** Resolves with the message's id when it is durable on this device. The device sends it as soon as possible. Throws `service_denied`. */
  send(
    conversation: string,
    message: { readonly text: string; readonly attachments: readonly NewAttachment[] },
  ): Promise<string>;
}

/** Conversations and messages as the user sees them. Each method throws `workspace_locked` and `workspace_wiped`. */
export interface Views {
  /** Conversations, newest first. */
  conversations(): readonly ConversationView[];
  /** Newest `limit` messages before `before`, oldest first. */
  messages(conversation: string, page: { readonly before?: string; readonly limit: number }): readonly MessageView[];
  /** The first `limit` unread messages, oldest first. */
  unseen(conversation: string, limit: number): readonly MessageView[];
  /** Finds a message. Throws `not_found`. */
  message(id: string): MessageView;
  /** Matching messages, newest first. Searches texts and file names. */
  search(text: string): readonly MessageView[];
  /** All messages on this device as JSON lines, each followed by its local files. Also available while messaging is suspended. */
  export(): AsyncIterable<string>;
}

export interface Messaging extends UserActions, Views {
  /** Opens the stored messages for reading. The running agent does this without a call. Never rejects. */
  open(): Promise<void>;
  state(): MessagingState;
  people(text: string): Promise<readonly FoundPerson[]>;
  attachment(message: string, index: number): Promise<NewAttachment>;
  /** Marks messages as read and tells their senders. */
  read(conversation: string, messages: readonly string[]): Promise<void>;
  /** Calls the listener after each change. Returns a function that removes the listener. */
  onChange(listener: () => void): () => void;
}
