/** What a person does with messages on their device, for command line and page. What stands behind it is sealed; none of these words leaves the device open. */
import type { Instant } from '../../shared/time/clock.ts';

/** Only `person` decides who is meant: two people may have the same name. */
interface PersonRef {
  readonly person: string;
  readonly name: string;
}

/** A person with a verified device, as the organization's key confirmed name, e-mail and groups. */
export interface FoundPerson extends PersonRef {
  /** E-mail and groups tell people of one name apart. */
  readonly email: string | null;
  readonly groups: readonly string[];
}

export interface PersonView extends PersonRef {
  /**
   * A device of theirs is in the conversation, and each that is has the organisation's countersignature and stands in the ledger. Says nothing of a
   * conversation that one has left: who is in it is not known any more.
   */
  readonly verified: boolean;
}

export interface ConversationView {
  readonly id: string;
  /** Null: it is called by its people. */
  readonly title: string | null;
  /** Without oneself. */
  readonly people: readonly PersonView[];
  readonly unread: number;
  readonly last: { readonly at: Instant; readonly from: string; readonly text: string } | null;
  /** `rejoining`: this device has lost its place, as after a copy was restored, and has asked to be let in again. `left`: it belongs to it no more; what was said stays. */
  readonly state: 'ready' | 'rejoining' | 'left';
}

/** In the order in which they can follow; `held` goes on to `sent` when the order ends. */
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

/** Why something was refused, or came back by no order: a stable code for programs, and a sentence that says how to mend it. */
export interface Refusal {
  readonly code: string;
  readonly detail: string;
}

/** Whether a search for this finds that: in whatever case, and however a letter is encoded. */
export const holds = (text: string, wanted: string): boolean => folded(text).includes(folded(wanted));
const folded = (text: string) => text.normalize('NFKC').toLowerCase();

export interface AttachmentView {
  readonly name: string;
  /** Media type, as the sender said. */
  readonly type: string;
  /** Bytes. */
  readonly size: number;
}

export interface MessageView {
  readonly id: string;
  readonly conversation: string;
  /** Null: about the conversation itself, such as who came and who went; `text` says it. */
  readonly from: { readonly person: string; readonly name: string } | null;
  readonly mine: boolean;
  readonly at: Instant;
  readonly text: string;
  readonly attachments: readonly AttachmentView[];
  /** Of one's own: the least that all recipients have reached, or what went wrong with one of them. Of others': `read` or `delivered`. */
  readonly state: MessageState;
  /** The order that holds, refuses or returns it. */
  readonly order: string | null;
  /** Of what was refused, or came back by no order. */
  readonly refusal: Refusal | null;
  /** Whom it did not reach, and why. */
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

/** Why one can or cannot write now. */
export type MessagingState =
  | { readonly state: 'ready'; readonly person: string; readonly name: string }
  /** The organisation has not countersigned this device yet. */
  | { readonly state: 'uncertified' }
  /** The workspace is locked or wiped: what was said is unreadable, and what comes waits. */
  | { readonly state: 'locked' | 'wiped' }
  /** An order denies messaging here. What was said stays readable. */
  | { readonly state: 'denied'; readonly orders: readonly string[] };

export interface Messaging {
  /** Reads what is kept, so that it can be looked at: the running agent has done it, others do it first. Never rejects. */
  open(): Promise<void>;
  state(): MessagingState;
  people(text: string): Promise<readonly FoundPerson[]>;
  /** The newest first. Throws `workspace_locked`, `workspace_wiped`, as do all that read. */
  conversations(): readonly ConversationView[];
  /** Resolves when it is durable. Throws `person_unknown`, `service_denied`. With the same one person and no title: the one that there is already, if it can be written in. */
  start(asked: { readonly people: readonly string[]; readonly title: string | null }): Promise<string>;
  rename(conversation: string, title: string | null): Promise<void>;
  addPeople(conversation: string, people: readonly string[]): Promise<void>;
  leave(conversation: string): Promise<void>;
  /** The newest `limit` before `before`, oldest first. */
  messages(conversation: string, page: { readonly before?: string; readonly limit: number }): readonly MessageView[];
  /** The first `limit` of what others said and nobody has seen here yet, oldest first. */
  unseen(conversation: string, limit: number): readonly MessageView[];
  /** Throws `not_found`. */
  message(id: string): MessageView;
  /** The newest first; `holds` its words, or the name of a file of it. */
  search(text: string): readonly MessageView[];
  /** Resolves when it is durable on this device, with the message's id; it is sent as soon as there is a way. Throws `service_denied`, naming the order. */
  send(
    conversation: string,
    message: { readonly text: string; readonly attachments: readonly NewAttachment[] },
  ): Promise<string>;
  attachment(message: string, index: number): Promise<NewAttachment>;
  /** These have been shown to a person: tells their senders. */
  read(conversation: string, messages: readonly string[]): Promise<void>;
  /**
   * One's own data, everything that is kept here, as JSON lines; behind each message the files of it that are on this device. One line at a time: a
   * file is as large as one may be. Also while messaging is denied.
   */
  export(): AsyncIterable<string>;
  /** Called after each change. Returns the cancellation. */
  onChange(listener: () => void): () => void;
}
