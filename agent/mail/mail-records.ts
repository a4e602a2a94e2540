import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Vault } from '../messaging/keys/vault.ts';
import type { DraftFields, MailDelivery, MailEnvelope, MailItem } from './mail.ts';
import type { ListedMail, MailStore, StoredMail } from './mail-store.ts';
import type { MessageParser } from './message/message-parser.ts';
import type { MailFile, MailPerson, ParsedMessage } from './message/parsed-message.ts';

export interface OutgoingRecord extends MailDelivery {
  readonly envelope: MailEnvelope;
  /** Mail connectors to which this device has sealed the mail, in the order of the attempts. */
  readonly connectors: readonly DeviceId[];
  readonly attempts: number;
  /** Copies for the user's other devices; absent before the first response of the server. */
  readonly copies?: CopiesRecord;
}

export interface CopiesRecord {
  /** Devices that have received a copy. A later attempt does not send them another one. */
  readonly stored: readonly DeviceId[];
  /** Devices that lack a copy, because their queue was full. */
  readonly full: readonly DeviceId[];
  /** Time at which a queue was full for the first time, by the machine's clock. */
  readonly since: number;
  readonly attempts: number;
  /** Time of the next attempt to reach the devices in `full`; null if none is needed. */
  readonly due: number | null;
  /** Id of the sealed mail in the last attempt to reach the devices in `full`; null before the first attempt. */
  readonly transport: string | null;
}

export interface MailRecord {
  readonly type: 'mail';
  readonly at: Instant;
  readonly from: MailPerson | null;
  readonly to: readonly MailPerson[];
  readonly cc: readonly MailPerson[];
  readonly bcc: readonly MailPerson[];
  readonly replyTo: readonly MailPerson[];
  readonly subject: string;
  readonly excerpt: string;
  readonly messageId: string | null;
  readonly references: readonly string[];
  readonly files: readonly MailFile[];
  readonly problem: string | null;
  /** State of a sent mail; null for received mail. */
  readonly outgoing: OutgoingRecord | null;
}

export interface DraftRecord extends DraftFields {
  readonly type: 'draft';
  readonly at: Instant;
  readonly inReplyTo: string | null;
  readonly references: readonly string[];
  readonly files: readonly {
    readonly name: string;
    readonly type: string;
    readonly size: number;
    readonly file: string;
  }[];
}

export interface FoundRecord<T> {
  readonly row: ListedMail;
  readonly record: T;
}

/** Encrypted records of mails and drafts. A record has the fields that lists display. */
export interface MailRecords {
  /** Throws `not_found`. */
  mail(id: string): FoundRecord<MailRecord>;
  draft(id: string): FoundRecord<DraftRecord>;
  read(row: ListedMail): MailRecord | DraftRecord;
  /** Text of the mail for the full-text search. */
  text(id: string): string;
  save(
    mail: Omit<StoredMail, 'summary' | 'text'>,
    record: MailRecord | DraftRecord,
    /** Text for the full-text search; `undefined` keeps the stored text. */
    text?: string | undefined,
  ): void;
}

const LONGEST_EXCERPT = 200;
/** Maximum number of characters that the search covers in one mail. */
const LONGEST_SEARCHED = 200_000;

export function createMailRecords(ports: { readonly store: MailStore; readonly vault: Vault }): MailRecords {
  const { store, vault } = ports;
  const contextOf = (id: string) => `mail ${id}`;
  const textContextOf = (id: string) => `mail text ${id}`;
  const read = (row: ListedMail) => vault.unseal<MailRecord | DraftRecord>(contextOf(row.id), row.summary);
  const found = (id: string) => {
    // For a locked workspace, this line throws before the query. Otherwise an unknown id would give the wrong error.
    if (vault.state() !== 'open') vault.sealBytes('mail', Buffer.alloc(0));
    const row = store.mail(id);
    return row && { row, record: read(row) };
  };

  return {
    mail(id) {
      const { row, record } = found(id) ?? {};
      if (row && record?.type === 'mail') return { row, record };
      throw new CordonError('not_found', 'This device has no mail with that identifier.');
    },
    draft(id) {
      const { row, record } = found(id) ?? {};
      if (row && record?.type === 'draft') return { row, record };
      throw new CordonError('not_found', 'This device has no draft with that identifier. It may have been sent.');
    },
    read,
    text(id) {
      const sealed = store.mail(id)?.text;
      return sealed ? vault.openBytes(textContextOf(id), sealed).toString('utf8') : '';
    },
    save(mail, record, text) {
      const sealedText = text === undefined ? null : Buffer.from(text.slice(0, LONGEST_SEARCHED));
      store.saveMail({
        ...mail,
        summary: vault.seal(contextOf(mail.id), record),
        text: sealedText ? vault.sealBytes(textContextOf(mail.id), sealedText) : (store.mail(mail.id)?.text ?? null),
      });
    },
  };
}

export const excerptOf = (text: string): string =>
  text.slice(0, 2000).replaceAll(/\s+/g, ' ').trim().slice(0, LONGEST_EXCERPT);

/** Fields of a record that are taken from the parsed message. */
export const parsedFields = (parsed: ParsedMessage) => ({
  from: parsed.from,
  to: parsed.to,
  cc: parsed.cc,
  replyTo: parsed.replyTo,
  subject: parsed.subject,
  excerpt: excerptOf(parsed.text),
  messageId: parsed.messageId,
  references: parsed.references,
  files: parsed.files,
});

export interface ReadMessage {
  readonly fields: Omit<MailRecord, 'type' | 'at' | 'bcc' | 'outgoing'>;
  /** Text of a message for the full-text search. */
  readonly text: string;
}

/**
 * Reads a message for display. If the parser refuses the message, the result states the problem instead of the fields. The user can still
 * send and save such a message.
 */
export async function readMessage(
  parser: Pick<MessageParser, 'parse'>,
  message: Uint8Array,
  from: MailPerson | null,
): Promise<ReadMessage> {
  try {
    const parsed = await parser.parse(message);
    return { fields: { ...parsedFields(parsed), problem: null }, text: parsed.text };
  } catch (error) {
    if (!isCordonError(error, 'content_malformed')) throw error;
    return { fields: { ...NO_FIELDS, from, problem: error.message }, text: '' };
  }
}

/** Fields of a record whose message could not be parsed. */
export const NO_FIELDS = {
  from: null,
  to: [],
  cc: [],
  bcc: [],
  replyTo: [],
  subject: '',
  excerpt: '',
  messageId: null,
  references: [],
  files: [],
} as const;

export function itemOf({ id, number, folder, unread }: ListedMail, record: MailRecord | DraftRecord): MailItem {
  const common = { id, number, folder, unread, at: record.at, subject: record.subject, files: record.files.length };
  if (record.type === 'draft') {
    const to = [record.to, record.cc, record.bcc].filter((field) => field.trim() !== '');
    return {
      ...common,
      from: null,
      to: to.map((field) => ({ name: field, address: '' })),
      excerpt: excerptOf(record.text),
      delivery: null,
      problem: null,
    };
  }
  const { from, to, cc, bcc, excerpt, outgoing, problem } = record;
  return {
    ...common,
    from,
    to: [...to, ...cc, ...bcc],
    excerpt,
    delivery: outgoing && { state: outgoing.state, denial: outgoing.denial, detail: outgoing.detail },
    problem,
  };
}
