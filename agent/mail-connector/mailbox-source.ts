/**
 * IMAP mailbox as a source of mail, for companies whose mail server cannot send to the connector by SMTP (library imapflow, IDLE of
 * RFC 2177). The connector queues each new message durably, and then marks it as seen or moves it to another folder. After a crash between
 * both, the queue recognizes the message by UIDVALIDITY and UID, so it arrives once.
 */
import { ImapFlow } from 'imapflow';
import { CordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import { plainAddress } from './addresses.ts';
import type { ConnectorQueue, NewMail, QueuedEnvelope } from './connector-queue.ts';
import { headerFields, headerOf, textOf } from './message-header.ts';
import type { Recipients } from './recipients.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** Interval at which the connector checks the mailbox even if the server sends no notification. */
const LOOK_EVERY = 5 * MINUTE;
/** Servers may end an IDLE after 30 minutes (RFC 2177). */
const RENEW_IDLE = 20 * MINUTE;
/** Milliseconds without a command after which the connector waits for notifications (IDLE). */
const IDLE_AFTER = 500;
const FIRST_RETRY = 5 * SECOND;
const LONGEST_RETRY = 5 * MINUTE;
/** Maximum messages that one check of the mailbox takes. Messages that stay in the mailbox do not count. */
const PER_LOOK = 200;
/** Interval of attempts to take a message that stays in the mailbox, because an admin may add its recipient later. */
const SKIP_FOR = 24 * 60 * MINUTE;

export interface MailboxSource {
  readonly host: string;
  readonly port: number;
  /**
   * Use of TLS. `start`: TLS from the first byte. `required`: STARTTLS, or no connection. `optional`: only for a server on this machine.
   */
  readonly tls: 'start' | 'required' | 'optional';
  readonly login: { readonly user: string; readonly password: string };
  readonly folder: string;
  /** Folder to which queued messages are moved; null to leave them and mark them as seen. */
  readonly done: string | null;
  /** Address to which the whole mailbox belongs, or name of the header field with the recipient of each message. */
  readonly recipient: string;
}

export interface MailboxReader {
  /** Looks for new messages now. The first call connects to the server. */
  wake(): void;
  stop(): Promise<void>;
}

export interface MailboxReaderPorts {
  readonly source: MailboxSource;
  readonly queue: Pick<ConnectorQueue, 'add' | 'hasSpaceFor' | 'skip' | 'skippedAt'>;
  readonly recipients: Pick<Recipients, 'check'>;
  /** True if the connector may take mail. False while an order suspends mail for the connector; the messages then stay in the mailbox. */
  readonly mayRead: () => boolean;
  readonly largest: number;
  /** Milliseconds until the first new attempt after a failure; five seconds by default. */
  readonly retryAfter?: number;
  readonly onQueued: () => void;
  readonly onFailure: (what: string, error: unknown) => void;
}

export function createMailboxReader(ports: MailboxReaderPorts): MailboxReader {
  const { source, queue, recipients, retryAfter = FIRST_RETRY } = ports;
  let client: ImapFlow | null = null;
  let failures = 0;

  async function connected(): Promise<ImapFlow> {
    if (client?.usable) return client;
    client?.close();
    const fresh = new ImapFlow({
      host: source.host,
      port: source.port,
      secure: source.tls === 'start',
      ...(source.tls === 'required' ? { doSTARTTLS: true } : {}),
      tls: { minVersion: 'TLSv1.2', rejectUnauthorized: source.tls !== 'optional' },
      auth: { user: source.login.user, pass: source.login.password },
      logger: false,
      autoIdleDelay: IDLE_AFTER,
      maxIdleTime: RENEW_IDLE,
      maxLiteralSize: ports.largest + 1024 * 1024,
      connectionTimeout: 30 * SECOND,
      greetingTimeout: 30 * SECOND,
      socketTimeout: RENEW_IDLE + 5 * MINUTE,
    });
    fresh.on('error', (error) => ports.onFailure('the connection to the mailbox', error));
    fresh.on('close', () => loop.requestAt(Date.now() + retryAfter));
    fresh.on('exists', () => loop.request());
    await fresh.connect();
    await fresh.mailboxOpen(source.folder);
    client = fresh;
    return fresh;
  }

  /** Returns true if more messages may wait than one check takes. */
  async function look(): Promise<boolean> {
    const imap = await connected();
    if (!ports.mayRead()) return false;
    const { mailbox } = imap;
    if (mailbox === false)
      throw new CordonError(
        'unavailable',
        `The IMAP folder ${source.folder} cannot be opened. Correct CORDON_CONNECTOR_IMAP_FOLDER.`,
      );
    const found = await imap.search({ seen: false }, { uid: true });
    let taken = 0;
    for (const uid of found || []) {
      if (loop.stopped || !ports.mayRead()) return false;
      const name = `imap ${source.login.user} ${source.folder} ${mailbox.uidValidity} ${uid}`;
      const skippedAt = queue.skippedAt(name);
      if (skippedAt !== null && skippedAt > Date.now() - SKIP_FOR) continue;
      if (await takeMessage(imap, name, uid)) taken += 1;
      else queue.skip(name);
      if (taken === PER_LOOK) return true;
    }
    return false;
  }

  /** Returns false if the message stays in the mailbox. */
  async function takeMessage(imap: ImapFlow, name: string, uid: number): Promise<boolean> {
    const about = await imap.fetchOne(String(uid), { size: true, headers: true }, { uid: true });
    if (about === false || !about.headers) return false;
    if ((about.size ?? 0) > ports.largest) {
      ports.onFailure('a message in the mailbox', new Error(`message ${uid} is too large and stays in the mailbox`));
      return false;
    }
    const envelope = await envelopeOf(about.headers);
    if (!envelope) return false;
    if (!queue.hasSpaceFor(about.size ?? 0))
      throw new CordonError('unavailable', "The connector's queue is full. Raise CORDON_CONNECTOR_QUEUE_MIB, or wait.");
    const fetched = await imap.fetchOne(String(uid), { source: true }, { uid: true });
    if (fetched === false || !fetched.source) return false;
    const mail: NewMail = { kind: 'inbound', envelope, message: fetched.source, name };
    await queue.add(mail);
    ports.onQueued();
    if (source.done === null) await imap.messageFlagsAdd(String(uid), ['\\Seen'], { uid: true });
    else await imap.messageMove(String(uid), source.done, { uid: true });
    return true;
  }

  /** Envelope of a message; null if no recipient is known here. The message then stays unread in the mailbox, where an admin finds it. */
  async function envelopeOf(headers: Buffer): Promise<QueuedEnvelope | null> {
    const { from, to } = envelopeIn(headers, source.recipient);
    const check = to === null ? ({ state: 'unknown' } as const) : await recipients.check(to);
    if (check.state === 'unavailable') throw new CordonError('unavailable', 'The server cannot be reached.');
    if (to === null || !('person' in check)) {
      ports.onFailure('a message in the mailbox', new Error(`the recipient is ${check.state}: the message waits`));
      return null;
    }
    return {
      from,
      to: [{ address: to, person: check.person, notify: null, originalRecipient: null }],
      envelopeId: null,
      header: headerOf(headers),
      sender: null,
    };
  }

  const loop: Loop = new Loop({
    async run() {
      try {
        const isMoreWaiting = await look();
        failures = 0;
        return Date.now() + (isMoreWaiting ? 0 : LOOK_EVERY);
      } catch (error) {
        ports.onFailure('the mailbox', error);
        client?.close();
        client = null;
        failures += 1;
        return Date.now() + Math.min(LONGEST_RETRY, retryAfter * 2 ** Math.min(failures, 10));
      }
    },
    failed: (error) => ports.onFailure('the mailbox', error),
  });

  return {
    wake: () => loop.request(),
    async stop() {
      const stopping = loop.stop();
      client?.close();
      await stopping;
    },
  };
}

/**
 * Envelope of a message in a mailbox: the sender from Return-Path (RFC 5321, section 4.4), and the recipient from the source's header field
 * or its fixed address.
 */
export function envelopeIn(
  message: Uint8Array,
  recipient: string,
): { readonly from: string | null; readonly to: string | null } {
  const fields = headerFields(message);
  const path = fields.find(({ name }) => name === 'return-path')?.value ?? '';
  const from = plainAddress(textOf(path).replace(/^<(.*)>$/, '$1'));
  const fixed = plainAddress(recipient);
  if (fixed !== null) return { from, to: fixed };
  const named = fields.find(({ name }) => name === recipient.toLowerCase())?.value ?? '';
  return { from, to: plainAddress(textOf(named).replace(/^<(.*)>$/, '$1')) };
}
