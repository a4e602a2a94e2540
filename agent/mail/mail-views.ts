import { setImmediate as nextTurn } from 'node:timers/promises';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { holds } from '../messaging/messaging.ts';
import type { Mail, MailItem } from './mail.ts';
import type { MailFiles } from './mail-files.ts';
import { itemOf, type MailRecords } from './mail-records.ts';
import type { ListedMail, MailStore } from './mail-store.ts';
import type { MessageParser } from './message/message-parser.ts';

const MOST_FOUND = 100;
/** Maximum milliseconds of a search. The search begins with the newest mails. */
const SEARCH_WITHIN = 3_000;
const SEARCHED_AT_ONCE = 100;

export type MailViews = Pick<Mail, 'list' | 'open' | 'file' | 'source' | 'search'>;

export function createMailViews(ports: {
  readonly store: MailStore;
  readonly records: MailRecords;
  readonly files: MailFiles;
  readonly parser: MessageParser;
  readonly monotonic: () => number;
}): MailViews {
  const { store, records, files, parser } = ports;
  const itemIn = (row: ListedMail): MailItem => itemOf(row, records.read(row));

  function textHolds(id: string, words: readonly string[]): boolean {
    const text = records.text(id);
    return words.every((word) => holds(text, word));
  }

  function isMatch(row: ListedMail, item: MailItem, wanted: readonly string[]): boolean {
    const people = [...(item.from ? [item.from] : []), ...item.to].map(({ name, address }) => `${name} ${address}`);
    const texts = [item.subject, item.excerpt, ...people];
    const missing = wanted.filter((word) => !texts.some((text) => holds(text, word)));
    return missing.length === 0 || textHolds(row.id, missing);
  }

  return {
    list: (folder, { before, limit }) => store.mails(folder, before, limit).map(itemIn),
    async open(id) {
      const { row, record } = records.mail(id);
      const { cc, bcc, replyTo, to } = record;
      const view = { ...itemOf(row, record), to, cc, bcc, replyTo };
      const unreadable = { ...view, text: '', html: null, attachments: [], isShortened: false };
      if (record.problem !== null) return unreadable;
      try {
        const { text, html, files: attachments, isShortened } = await parser.parse(await files.message(id));
        return { ...view, text, html, attachments, isShortened };
      } catch (error) {
        const isDamaged = ['not_found', 'content_malformed', 'document_malformed'] as const;
        if (!isDamaged.some((code) => isCordonError(error, code)) || !(error instanceof Error)) throw error;
        return { ...unreadable, problem: error.message };
      }
    },
    async file(id, index) {
      records.mail(id);
      const message = await files.message(id);
      const found = (await parser.parse(message)).files[index];
      if (!found) throw new CordonError('not_found', 'The mail has no file with that number.');
      return { name: found.name, type: found.type, bytes: await parser.file(message, index) };
    },
    async source(id) {
      records.mail(id);
      return files.message(id);
    },
    async search(text) {
      const wanted = text.trim().split(/\s+/).filter(Boolean);
      const found: MailItem[] = [];
      if (wanted.length === 0) return { mails: found, isComplete: true };
      const end = ports.monotonic() + SEARCH_WITHIN;
      let before: number | null = null;
      while (true) {
        const rows: readonly ListedMail[] = store.mails(null, before, SEARCHED_AT_ONCE);
        for (const row of rows) {
          const item = itemIn(row);
          if (isMatch(row, item, wanted)) found.push(item);
          if (found.length >= MOST_FOUND || ports.monotonic() >= end) return { mails: found, isComplete: false };
        }
        const last = rows.at(-1);
        if (!last || rows.length < SEARCHED_AT_ONCE) return { mails: found, isComplete: true };
        before = last.number;
        // The search pauses here, because other work of the agent, such as orders, must not wait for it.
        await nextTurn();
      }
    },
  };
}
