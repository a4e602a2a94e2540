/**
 * Parser of e-mail messages over the library postal-mime, which decodes MIME, transfer encodings and character sets. A message is hostile
 * input: run this module only in the worker of `message-parser.ts`, which limits memory and time.
 */
import PostalMime, { type Address, type Attachment, type Email } from 'postal-mime';
import type { MailPerson, ParsedMessage } from './parsed-message.ts';

const LONGEST_TEXT = 1_000_000;
const LONGEST_HTML = 4_000_000;
const LONGEST_SUBJECT = 1_000;
const LONGEST_NAME = 255;
const LONGEST_ADDRESS = 320;
const LONGEST_ID = 1_000;
const MOST_PEOPLE = 500;
const MOST_FILES = 500;
const MOST_REFERENCES = 50;

const LIMITS = { maxNestingDepth: 50, maxHeadersSize: 1024 * 1024, forceRfc822Attachments: true } as const;

const read = (message: Uint8Array): Promise<Email> => PostalMime.parse(message, LIMITS);

export async function parseMessage(message: Uint8Array): Promise<ParsedMessage> {
  const email = await read(message);
  const { text = '', html, attachments } = email;
  const date = email.date === undefined ? Number.NaN : Date.parse(email.date);
  const earlier = idsIn(`${email.references ?? ''} ${email.inReplyTo ?? ''}`);
  return {
    from: peopleOf(email.from === undefined ? [] : [email.from])[0] ?? null,
    to: peopleOf(email.to),
    cc: peopleOf(email.cc),
    replyTo: peopleOf(email.replyTo),
    subject: oneLine(email.subject ?? '').slice(0, LONGEST_SUBJECT),
    date: Number.isFinite(date) && date >= 0 ? date : null,
    messageId: idsIn(email.messageId ?? '')[0] ?? null,
    references: [...new Set(earlier)].slice(-MOST_REFERENCES),
    text: text.slice(0, LONGEST_TEXT),
    html: html === undefined ? null : html.slice(0, LONGEST_HTML),
    files: attachments.slice(0, MOST_FILES).map((attachment, index) => ({
      name: nameOf(attachment, index),
      type: /^[\w.+-]+\/[\w.+-]+$/.test(attachment.mimeType) ? attachment.mimeType : 'application/octet-stream',
      size: bytesOf(attachment).length,
      contentId: attachment.contentId?.replaceAll(/^<|>$/g, '').slice(0, LONGEST_ID) ?? null,
    })),
    isShortened: text.length > LONGEST_TEXT || (html?.length ?? 0) > LONGEST_HTML || attachments.length > MOST_FILES,
  };
}

/** Content of one attached file; null if the message has no file with that index. */
export async function fileIn(message: Uint8Array, index: number): Promise<Uint8Array | null> {
  const attachment = (await read(message)).attachments[index];
  return attachment ? bytesOf(attachment) : null;
}

const bytesOf = ({ content }: Attachment): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);

const nameOf = ({ filename }: Attachment, index: number): string =>
  oneLine(filename ?? '').slice(0, LONGEST_NAME) || `attachment-${index + 1}`;

const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ').trim();

const idsIn = (text: string): string[] => (text.match(/<[^<>\s]{1,998}>/g) ?? []).map((id) => id.slice(0, LONGEST_ID));

function peopleOf(addresses: readonly Address[] = []): MailPerson[] {
  return addresses
    .flatMap((each) => ('group' in each && each.group ? each.group : [each]))
    .flatMap(({ name, address }) =>
      address ? [{ name: oneLine(name).slice(0, LONGEST_NAME), address: address.slice(0, LONGEST_ADDRESS) }] : [],
    )
    .slice(0, MOST_PEOPLE);
}
