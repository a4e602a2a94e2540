import type { MailEvent, MailQueueItem, SealedMail } from '../../shared/protocol/mail-http.ts';
import type { MailHeader } from '../../shared/seal/mail.ts';
import type { Member } from '../messaging/members/member.ts';
import type { MailFiles } from './mail-files.ts';
import { type MailRecord, type MailRecords, NO_FIELDS, readMessage } from './mail-records.ts';
import type { MailStore } from './mail-store.ts';
import { uuidIn } from './message/message-id.ts';
import type { MessageParser } from './message/message-parser.ts';
import { isUnopenable, type MailOpenerPorts, type OpenedMail, openMail } from './open-mail.ts';

/** Intake of mails and events from the server's mail queue. */
export interface InboundMail {
  /** Stores one item durably. If the item was stored before, does nothing. */
  take(item: MailQueueItem): Promise<void>;
}

export interface ArrivedMail {
  readonly from: string;
  readonly subject: string;
}

export function createInboundMail(ports: {
  readonly store: MailStore;
  readonly records: MailRecords;
  readonly files: MailFiles;
  readonly parser: MessageParser;
  readonly opener: Omit<MailOpenerPorts, 'refusal'>;
  readonly person: () => string;
  readonly takeEvent: (event: MailEvent) => void;
  /** Alerts the organization to an event, once per event. */
  readonly alert: (code: string, detail: string, event: string) => void;
  readonly onArrival: (mail: ArrivedMail) => void;
}): InboundMail {
  const { store, records, files, parser } = ports;

  const refusal = (sender: Member, { direction }: MailHeader): string | null => {
    if (direction === 'inbound') return sender.mailConnector ? null : 'its sender is not a mail connector';
    const isOwn = sender.person === ports.person() && !sender.mailConnector;
    return isOwn ? null : 'it is a copy of a mail that another person sent';
  };

  /**
   * A mail that cannot be decrypted stays visible as a note. The device acknowledges it, because the server would otherwise send it
   * forever.
   */
  function setAside({ id }: SealedMail, at: number, reason: string): void {
    const record: MailRecord = { ...NO_FIELDS, type: 'mail', at, problem: reason, outgoing: null };
    store.transaction(() => {
      if (!store.rememberMail(id)) return;
      records.save({ id, folder: 'inbox', unread: true, transport: null, due: null }, record, reason);
    });
    ports.alert('mail_unreadable', `The device cannot open the mail ${id}. ${reason}`, id);
  }

  async function keep(mail: SealedMail, at: number, { header, message }: OpenedMail): Promise<void> {
    const isReceived = header.direction === 'inbound';
    const { envelope } = header;
    const from = envelope.from === null ? null : { name: '', address: envelope.from };
    const { fields, text } = await readMessage(parser, message, from);
    // If the first mail connector of a sent mail disappeared, several copies may arrive. All have the same Message-ID.
    const id = (isReceived ? null : uuidIn(fields.messageId)) ?? mail.id;
    const isCopy = !isReceived && store.mail(id) !== null;
    if (!isCopy) await files.putMessage(id, message);
    const outgoing = { state: 'sent', denial: null, detail: null, connectors: [], attempts: 0 } as const;
    const record: MailRecord = {
      ...fields,
      type: 'mail',
      at: isReceived ? at : header.at,
      bcc: [],
      outgoing: isReceived ? null : { ...outgoing, envelope: { from: envelope.from ?? '', to: envelope.to } },
    };
    const isNew = store.transaction(() => {
      if (!store.rememberMail(mail.id) || isCopy) return false;
      const folder = isReceived ? 'inbox' : 'sent';
      records.save({ id, folder, unread: isReceived, transport: null, due: null }, record, text);
      return true;
    });
    if (isNew && isReceived) {
      const { from: author, subject } = record;
      ports.onArrival({ from: author?.name || author?.address || '', subject });
    }
  }

  return {
    async take(item) {
      if (item.type === 'event') return ports.takeEvent(item);
      const { mail, at } = item;
      if (store.knowsMail(mail.id)) return;
      let opened: OpenedMail;
      try {
        opened = await openMail(mail, { ...ports.opener, refusal });
      } catch (error) {
        if (!isUnopenable(error)) throw error;
        return setAside(mail, at, error.message);
      }
      await keep(mail, at, opened);
    },
  };
}
