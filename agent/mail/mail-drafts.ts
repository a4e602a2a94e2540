import { randomUUID } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { NewAttachment } from '../messaging/messaging.ts';
import type { DraftFields, DraftKind, MailDrafts, MailEnvelope } from './mail.ts';
import { draftFile, type MailFiles, messageFile } from './mail-files.ts';
import { LARGEST_FILES } from './mail-limits.ts';
import { type DraftRecord, excerptOf, type FoundRecord, type MailRecord, type MailRecords } from './mail-records.ts';
import type { MailStore } from './mail-store.ts';
import type { MessageParser } from './message/message-parser.ts';
import type { MailPerson, ParsedMessage } from './message/parsed-message.ts';
import { answerFields, forwardFields } from './message/quote.ts';

export interface DraftPorts {
  readonly store: MailStore;
  readonly records: MailRecords;
  readonly files: MailFiles;
  readonly parser: MessageParser;
  /** The user's name and address. Throws `unavailable` if the certificate has no address or is not confirmed. */
  readonly own: () => MailPerson;
  /** Throws `service_denied` while an order suspends mail. */
  readonly requireOpenGate: () => void;
  readonly now: () => Instant;
  readonly realNow: () => number;
  /** Runs changes of drafts one after another. */
  readonly exclusively: <T>(work: () => Promise<T>) => Promise<T>;
}

const EMPTY: DraftFields = { to: '', cc: '', bcc: '', subject: '', text: '' };

export function createMailDrafts(ports: DraftPorts): MailDrafts {
  const { store, records, files, parser, exclusively, now } = ports;

  const save = (id: string, record: DraftRecord): void =>
    records.save({ id, folder: 'drafts', unread: false, transport: null, due: null }, record);

  /** Copies the files of a forwarded mail into the draft. */
  async function copiedFiles(id: string, message: Buffer, parsed: ParsedMessage): Promise<DraftRecord['files']> {
    const copied: DraftRecord['files'][number][] = [];
    for (const [index, { name, type, size }] of parsed.files.entries()) {
      if (copied.reduce((sum, each) => sum + each.size, size) > LARGEST_FILES) throw tooLarge();
      const file = draftFile(id, randomUUID());
      await files.put(file, await parser.file(message, index));
      copied.push({ name, type, size, file });
    }
    return copied;
  }

  async function answer(kind: Exclude<DraftKind, 'new'>, of: string, id: string): Promise<DraftRecord> {
    const { record } = records.mail(of);
    const message = await files.message(of);
    const parsed = await parser.parse(message);
    const base = { type: 'draft', at: now() } as const;
    if (kind === 'forward') {
      const copied = await copiedFiles(id, message, parsed);
      return { ...base, ...EMPTY, ...forwardFields(parsed), inReplyTo: null, references: [], files: copied };
    }
    const { messageId, references } = record;
    const fields = answerFields(parsed, { own: ports.own().address, toAll: kind === 'reply-all' });
    const thread = messageId === null ? references : [...references, messageId];
    return { ...base, ...EMPTY, ...fields, inReplyTo: messageId, references: thread.slice(-50), files: [] };
  }

  /** Turns a draft into a waiting mail with the same id, in one transaction. */
  async function send({ row: { id }, record }: FoundRecord<DraftRecord>): Promise<void> {
    ports.requireOpenGate();
    const from = ports.own();
    const attached = await Promise.all(
      record.files.map(async (each) => ({ ...each, bytes: await files.get(each.file) })),
    );
    const { composeMessage } = await import('./message/compose-message.ts');
    const at = now();
    const composed = await composeMessage({ ...record, id, from, at, files: attached });
    await files.putMessage(id, composed.message);
    const { to, cc, bcc, messageId, recipients } = composed;
    const mail: MailRecord = {
      type: 'mail',
      at,
      from,
      to,
      cc,
      bcc,
      messageId,
      replyTo: [],
      subject: record.subject,
      excerpt: excerptOf(record.text),
      references: record.references,
      files: record.files.map(({ name, type, size }) => ({ name, type, size, contentId: null })),
      problem: null,
      outgoing: waitingMail({ from: from.address, to: recipients }),
    };
    store.transaction(() => {
      const due = ports.realNow();
      records.save({ id, folder: 'sent', unread: false, transport: randomUUID(), due }, mail, record.text);
      store.addRemovals(record.files.map(({ file }) => file));
    });
  }

  return {
    createDraft: (kind, of) =>
      exclusively(async () => {
        const id = randomUUID();
        const empty: DraftRecord = { type: 'draft', at: now(), ...EMPTY, inReplyTo: null, references: [], files: [] };
        save(id, kind === 'new' || of === null ? empty : await answer(kind, of, id));
        return id;
      }),
    draft(id) {
      const { record } = records.draft(id);
      const { to, cc, bcc, subject, text, at } = record;
      return { id, at, to, cc, bcc, subject, text, files: record.files.map(({ file: _file, ...shown }) => shown) };
    },
    saveDraft: (id, fields) =>
      exclusively(async () => {
        const { record } = records.draft(id);
        save(id, { ...record, ...fields, at: now() });
      }),
    attach: (id, { name, type, bytes }: NewAttachment) =>
      exclusively(async () => {
        const { record } = records.draft(id);
        if (record.files.reduce((sum, { size }) => sum + size, bytes.length) > LARGEST_FILES) throw tooLarge();
        const file = draftFile(id, randomUUID());
        await files.put(file, bytes);
        save(id, { ...record, files: [...record.files, { name, type, size: bytes.length, file }] });
      }),
    detach: (id, index) =>
      exclusively(async () => {
        const { record } = records.draft(id);
        const removed = record.files[index];
        if (!removed) throw new CordonError('not_found', 'The draft has no file with that number.');
        store.transaction(() => {
          save(id, { ...record, files: record.files.filter((each) => each !== removed) });
          store.addRemovals([removed.file]);
        });
      }),
    sendDraft: (id) => exclusively(() => send(records.draft(id))),
  };
}

/** Files in the workspace that belong to a mail or draft. */
export const filesOf = (id: string, record: MailRecord | DraftRecord): readonly string[] =>
  record.type === 'mail' ? [messageFile(id)] : [messageFile(id), ...record.files.map(({ file }) => file)];

export const waitingMail = (envelope: MailEnvelope): NonNullable<MailRecord['outgoing']> => ({
  state: 'waiting',
  denial: null,
  detail: null,
  envelope,
  connectors: [],
  attempts: 0,
});

const tooLarge = () =>
  new CordonError(
    'too_large',
    `The files of a mail have at most ${LARGEST_FILES / 1_000_000} MB together. Remove a file.`,
  );
