/** E-mail message (RFC 5322, MIME) as the agent's mail displays it. All texts come from the sender and are limited in length. */

export interface MailPerson {
  /** Display name; empty if the message has none. */
  readonly name: string;
  readonly address: string;
}

export interface MailFile {
  readonly name: string;
  readonly type: string;
  readonly size: number;
  /** Content-ID (RFC 2392) without angle brackets, with which the HTML text names a picture in the same message. */
  readonly contentId: string | null;
}

export interface ParsedMessage {
  readonly from: MailPerson | null;
  readonly to: readonly MailPerson[];
  readonly cc: readonly MailPerson[];
  readonly replyTo: readonly MailPerson[];
  readonly subject: string;
  /** Time of the header `Date` in Unix milliseconds; null if the header is missing or malformed. */
  readonly date: number | null;
  readonly messageId: string | null;
  readonly references: readonly string[];
  readonly text: string;
  readonly html: string | null;
  readonly files: readonly MailFile[];
  /** True if a part was longer than the limit, and the rest was left out. */
  readonly isShortened: boolean;
}

/** Work for the process that parses messages. `file`: content of one attached file instead of the whole message. */
export interface ParseRequest {
  readonly message: Uint8Array;
  readonly file: number | null;
}

export type ParseResponse =
  | { readonly parsed: ParsedMessage }
  | { readonly file: Uint8Array | null }
  | { readonly failure: string };
