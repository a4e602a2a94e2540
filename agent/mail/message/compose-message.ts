import addressparser from 'nodemailer/lib/addressparser';
import MailComposer from 'nodemailer/lib/mail-composer';
import { CordonError } from '../../../shared/errors.ts';
import { LARGEST_MAIL, MOST_MAIL_ADDRESSES } from '../../../shared/protocol/mail-http.ts';
import { messageIdOf } from './message-id.ts';
import type { MailPerson } from './parsed-message.ts';

export interface NewMessage {
  /** UUID for the Message-ID, by which the user's other devices recognize their copy of the message. */
  readonly id: string;
  readonly from: MailPerson;
  /** Addresses as the user typed them, separated by commas. */
  readonly to: string;
  readonly cc: string;
  readonly bcc: string;
  readonly subject: string;
  readonly text: string;
  readonly inReplyTo: string | null;
  readonly references: readonly string[];
  readonly files: readonly { readonly name: string; readonly type: string; readonly bytes: Buffer }[];
  readonly at: number;
}

export interface ComposedMessage {
  readonly message: Buffer;
  readonly messageId: string;
  readonly to: readonly MailPerson[];
  readonly cc: readonly MailPerson[];
  readonly bcc: readonly MailPerson[];
  /** Addresses of the SMTP envelope, without duplicates. */
  readonly recipients: readonly string[];
}

/** Builds a message (RFC 5322). Throws `invalid_input` for missing or malformed recipients, and `too_large`. */
export async function composeMessage(given: NewMessage): Promise<ComposedMessage> {
  const [to, cc, bcc] = [peopleIn(given.to), peopleIn(given.cc), peopleIn(given.bcc)];
  const recipients = [...new Set([...to, ...cc, ...bcc].map(({ address }) => address))];
  if (recipients.length === 0) throw new CordonError('invalid_input', 'The recipient is missing. Enter an address.');
  if (recipients.length > MOST_MAIL_ADDRESSES) {
    const detail = `A mail can have at most ${MOST_MAIL_ADDRESSES} recipients. Send the mail in several parts.`;
    throw new CordonError('invalid_input', detail);
  }
  // If the files alone exceed the limit in base64, the message is refused here, before it takes up memory.
  const files = given.files.reduce((sum, { bytes }) => sum + Math.ceil(bytes.length / 3) * 4, 0);
  requireSize(files);
  const messageId = messageIdOf(given.id, given.from.address);
  const { text } = given;
  const message = await new MailComposer({
    from: given.from,
    to: [...to],
    cc: [...cc],
    subject: given.subject,
    text,
    html: htmlOf(text),
    messageId,
    date: new Date(given.at),
    ...(given.inReplyTo !== null && { inReplyTo: given.inReplyTo }),
    ...(given.references.length > 0 && { references: [...given.references] }),
    attachments: given.files.map(({ name, type, bytes }) => ({ filename: name, contentType: type, content: bytes })),
    newline: 'win',
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
  requireSize(message.length);
  return { message, messageId, to, cc, bcc, recipients };
}

function requireSize(bytes: number): void {
  if (bytes <= LARGEST_MAIL) return;
  const detail = `The mail has ${bytes} bytes with its files. A mail has at most ${LARGEST_MAIL} bytes. Remove a file.`;
  throw new CordonError('too_large', detail);
}

const ADDRESS = /^[^\s@<>(),;:"[\]\\]{1,64}@[^\s@<>(),;:"[\]\\]{1,253}$/u;

/** Parses the addresses of a field. Throws `invalid_input` for a malformed address. */
export function peopleIn(field: string): MailPerson[] {
  if (/\p{Cc}/u.test(field)) throw new CordonError('invalid_input', 'An address field must be one line.');
  return addressparser(field, { flatten: true }).map(({ name, address }) => {
    const found = address || name;
    if (ADDRESS.test(found) && found.length <= 254) return { name: address ? name : '', address: found };
    throw new CordonError('invalid_input', `“${found.slice(0, 100)}” is not an e-mail address. Correct the address.`);
  });
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** HTML alternative of a plain text, for programs that prefer HTML. */
const htmlOf = (text: string): string =>
  `<div dir="auto" style="white-space: pre-wrap">${text.replaceAll(/[&<>"]/g, (sign) => ESCAPES[sign] ?? sign)}</div>`;
