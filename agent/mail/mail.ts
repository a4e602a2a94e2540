/**
 * The user's mail, in the form that the command line and the device page use. Texts in these types are not encrypted; they leave the device
 * only sealed (encrypted).
 */
import type { Instant } from '../../shared/time/clock.ts';
import type { NewAttachment } from '../messaging/messaging.ts';
import type { MailFile, MailPerson } from './message/parsed-message.ts';

export const MAIL_FOLDERS = ['inbox', 'sent', 'drafts'] as const;
export type MailFolder = (typeof MAIL_FOLDERS)[number];

/**
 * State of a mail that the user sent.
 * - `waiting`: the mail is on this device, and the server does not have it yet.
 * - `sent`: the server has the mail. `held`: an order suspends mail, and the server keeps the mail until the order ends.
 * - `delivered`: the mail connector has the mail, and passes it to the company's mail server.
 * - `returned`: an order returned the mail. `expired`: the mail connector did not fetch the mail in time.
 * - `failed`: the mail cannot be sent.
 */
export const MAIL_STATES = ['waiting', 'sent', 'held', 'delivered', 'returned', 'expired', 'failed'] as const;
export type MailState = (typeof MAIL_STATES)[number];

/** Order that holds or returned a mail. */
export interface MailDenial {
  readonly order: string | null;
  readonly detail: string;
  readonly appeal: string | null;
}

export interface MailDelivery {
  readonly state: MailState;
  readonly denial: MailDenial | null;
  /** Reason why a mail waits or failed, as a sentence for the user. */
  readonly detail: string | null;
}

export interface MailItem {
  readonly id: string;
  /** Position in the sequence of arrival, for the next page of a list. */
  readonly number: number;
  readonly folder: MailFolder;
  readonly unread: boolean;
  readonly at: Instant;
  readonly from: MailPerson | null;
  readonly to: readonly MailPerson[];
  readonly subject: string;
  /** Beginning of the text. */
  readonly excerpt: string;
  readonly files: number;
  /** State of a sent mail; null for received mail and drafts. */
  readonly delivery: MailDelivery | null;
  /** Reason why the mail cannot be read on this device, as a sentence for the user. */
  readonly problem: string | null;
}

export interface MailView extends MailItem {
  readonly cc: readonly MailPerson[];
  readonly bcc: readonly MailPerson[];
  readonly replyTo: readonly MailPerson[];
  readonly text: string;
  /** Text in HTML as the sender wrote it. Sanitize it before display. */
  readonly html: string | null;
  readonly attachments: readonly MailFile[];
  /** True if the text or the list of files was too long, and the rest is only in the original message. */
  readonly isShortened: boolean;
}

/** Fields of a draft that the user edits. Addresses are separated by commas. */
export interface DraftFields {
  readonly to: string;
  readonly cc: string;
  readonly bcc: string;
  readonly subject: string;
  readonly text: string;
}

export interface DraftView extends DraftFields {
  readonly id: string;
  readonly at: Instant;
  readonly files: readonly { readonly name: string; readonly type: string; readonly size: number }[];
}

export const DRAFT_KINDS = ['new', 'reply', 'reply-all', 'forward'] as const;
export type DraftKind = (typeof DRAFT_KINDS)[number];

/**
 * State of mail on this device. `no-address`: the user's certificate contains no e-mail address. `no-connector`: the organization has no
 * verified mail connector.
 */
export type MailServiceState =
  | { readonly state: 'ready' | 'no-connector'; readonly address: string; readonly name: string }
  | { readonly state: 'uncertified' | 'no-address' | 'passcode' | 'locked' | 'wiped' }
  /** State `denied`: an order suspends mail. Earlier mail stays readable. */
  | { readonly state: 'denied'; readonly orders: readonly string[] };

export interface MailEnvelope {
  readonly from: string;
  readonly to: readonly string[];
}

/** Drafts. Each change is durable when its promise resolves. */
export interface MailDrafts {
  /** Creates a draft and resolves with its id. `of`: the mail that the draft answers or forwards. */
  createDraft(kind: DraftKind, of: string | null): Promise<string>;
  draft(id: string): DraftView;
  saveDraft(id: string, fields: DraftFields): Promise<void>;
  /** Adds a file to a draft. Throws `too_large` if the mail would be too large. */
  attach(id: string, file: NewAttachment): Promise<void>;
  detach(id: string, index: number): Promise<void>;
  /**
   * Makes the draft a mail that waits to be sent, and resolves when the mail is durable. The mail has the same id. Throws `service_denied`
   * while an order suspends mail, `invalid_input` and `too_large`.
   */
  sendDraft(id: string): Promise<void>;
}

/** Mails as stored messages, for programs that send and mirror mail on this device. */
export interface StoredMessages {
  /**
   * Stores a complete message (RFC 5322) to be sent, and resolves with its id when the message is durable. Throws `forbidden` if the
   * envelope's sender is not the user's own address, `service_denied`, `invalid_input` and `too_large`.
   */
  submit(message: Uint8Array, envelope: MailEnvelope): Promise<string>;
  /** Mails of a folder, newest first, before the number `before`. */
  list(folder: MailFolder, page: { readonly before: number | null; readonly limit: number }): readonly MailItem[];
  /** Original message of a mail. Throws `not_found`. */
  source(id: string): Promise<Uint8Array>;
  remove(ids: readonly string[]): Promise<void>;
  onChange(listener: () => void): () => void;
}

/** View of the user's mail. Each method throws `workspace_locked` and `workspace_wiped`. */
export interface Mail extends MailDrafts, StoredMessages {
  /** Loads the key that decrypts the stored mail. Never rejects. */
  unlock(): Promise<void>;
  state(): MailServiceState;
  countUnread(): number;
  open(id: string): Promise<MailView>;
  file(id: string, index: number): Promise<NewAttachment>;
  /** Newest matching mails. `isComplete`: false if the search ended at its time limit. */
  search(text: string): Promise<{ readonly mails: readonly MailItem[]; readonly isComplete: boolean }>;
  mark(ids: readonly string[], unread: boolean): void;
}
