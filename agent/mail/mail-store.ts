/**
 * Store of the user's mail on this device. Each change is durable when its method returns. Content is encrypted with the device's messaging
 * key. Random identifiers, numbers and folders are stored as they are.
 */
import type { MailFolder } from './mail.ts';
import type { MailKeyStore } from './mail-keys.ts';

export interface StoredMail {
  readonly id: string;
  readonly folder: MailFolder;
  readonly unread: boolean;
  /** Id under which the mail is handed to the server; null for received mail and drafts. */
  readonly transport: string | null;
  /** Time of the next attempt to hand the mail to the server, in Unix milliseconds; null if no attempt is due. */
  readonly due: number | null;
  /** Encrypted summary of the mail: people, subject and state. */
  readonly summary: Buffer;
  /** Sealed text for the search; null for drafts. */
  readonly text: Buffer | null;
}

export interface ListedMail extends StoredMail {
  /** Position of the mail in the sequence of arrival. */
  readonly number: number;
}

export interface MailStore extends MailKeyStore {
  transaction<T>(work: () => T): T;
  /** Stores a mail, or replaces the mail with the same id. */
  saveMail(mail: StoredMail): void;
  mail(id: string): ListedMail | null;
  mailWithTransport(transport: string): ListedMail | null;
  removeMail(id: string): void;
  /** Newest `limit` mails of a folder, or of all folders, before the number `before`. The texts for the search are left out. */
  mails(folder: MailFolder | null, before: number | null, limit: number): readonly ListedMail[];
  countUnread(): number;
  /** Mails to hand to the server, the earliest attempt first. */
  dueMails(): readonly ListedMail[];
  knowsMail(id: string): boolean;
  /**
   * Remembers the id of a mail. Returns false if the id was remembered before. Only the newest ids are kept, also those of deleted mail.
   */
  rememberMail(id: string): boolean;
  /**
   * Files in the workspace that must be deleted. They are recorded together with the removal of the mail, so that a crash before the
   * deletion leaves no file behind.
   */
  addRemovals(files: readonly string[]): void;
  removals(): readonly string[];
  removalDone(file: string): void;
  mailValue(name: string): Buffer | null;
  saveMailValue(name: string, value: Buffer): void;
  /** Deletes all mail and all mail keys. Only the numbers of used mail keys stay. */
  forgetMail(): void;
  hasMail(): boolean;
}
