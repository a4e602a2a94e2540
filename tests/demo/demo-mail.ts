/**
 * Mail of the demo: a small mail server that plays the company's mail server, and senders outside the company. The senders answer each mail
 * with a receipt. The mail connector between this mail server and the devices is the real program.
 */
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { createTransport } from 'nodemailer';
import PostalMime from 'postal-mime';
import { SMTPServer } from 'smtp-server';
import type { Instant } from '../../shared/time/clock.ts';
import { FIRST_LETTERS, LATER_LETTERS, type Letter } from './letters.ts';

const HOST = '127.0.0.1';
const DOMAIN = 'demo.example';
const SECOND = 1000;
/** Interval of the letters that arrive while the demo runs. */
const LETTER_EVERY = 60 * SECOND;
const RECEIPT_AFTER = 3 * SECOND;
const LOOK_EVERY = SECOND;
const RETRY_AFTER = 10 * SECOND;
/** Number of attempts. A recipient who has unenrolled the device would otherwise cause attempts without end. */
const MOST_ATTEMPTS = 30;
/** Time limit of the connector's start, and of the first letters. */
const READY_WITHIN = 60 * SECOND;
const SMTP_STEP = 10 * SECOND;
const LARGEST = 40 * 1024 * 1024;
/** Number of mails that wait for the connector. */
const MOST_WAITING = 100;

/** E-mail address of a person of the demo's company. */
export function addressOf(name: string): string {
  const local = name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '.');
  return `${local.replaceAll(/^\.|\.$/g, '') || 'visitor'}@${DOMAIN}`;
}

interface Address {
  readonly name: string;
  readonly address: string;
}

type Content =
  | { readonly raw: Buffer }
  | Omit<Letter, 'recipient'>
  | { readonly from: Address; readonly subject: string; readonly text: string; readonly answered: string };

interface Outgoing {
  readonly from: string;
  readonly to: readonly string[];
  readonly content: Content;
  /** Time of the next attempt, on the clock of `performance.now`. */
  due: number;
  attempts: number;
}

export interface DemoMailPorts {
  /** Port on which the mail connector receives mail; null while it receives none. */
  port(): Promise<number | null>;
  /** Time of the demo's clock. */
  now(): Instant;
}

export class DemoMail {
  readonly #ports: DemoMailPorts;
  readonly #server: SMTPServer;
  #outgoing: Outgoing[] = [];
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(ports: DemoMailPorts) {
    this.#ports = ports;
    this.#server = new SMTPServer({
      name: `mail.${DOMAIN}`,
      disabledCommands: ['AUTH', 'STARTTLS'],
      authOptional: true,
      disableReverseLookup: true,
      size: LARGEST,
      maxClients: 10,
      maxRecipients: 100,
      socketTimeout: SMTP_STEP,
      closeTimeout: 100,
      onData: (stream, { envelope }, answer) => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address;
        const to = envelope.rcptTo.map(({ address }) => address);
        this.#take(stream, from, to).then((fault) => answer(fault), answer);
      },
    });
    // The connector may end in the middle of a mail, and then sends the mail again.
    this.#server.on('error', () => undefined);
  }

  /** Starts the company's mail server. Returns its port. */
  async listen(): Promise<number> {
    this.#server.listen(0, HOST);
    await once(this.#server.server, 'listening');
    const address = this.#server.server.address();
    if (address === null || typeof address === 'string') throw new Error('the mail server has no port');
    return address.port;
  }

  /** Waits until the connector receives mail. */
  async connected(): Promise<void> {
    const deadline = performance.now() + READY_WITHIN;
    while ((await this.#ports.port()) === null) {
      if (performance.now() > deadline) throw new Error('the mail connector did not start in time');
      await pause(100);
    }
  }

  /** Sends the first letters, and resolves when the connector has them. Other letters follow, one at a time. */
  async begin(addresses: Readonly<Record<Letter['recipient'], string>>): Promise<void> {
    const add = ({ recipient, ...content }: Letter, due: number) =>
      this.#add(content.from, [addresses[recipient]], content, due);
    const now = performance.now();
    for (const letter of FIRST_LETTERS) add(letter, now);
    for (const [index, letter] of LATER_LETTERS.entries()) add(letter, now + (index + 1) * LETTER_EVERY);
    this.#running = this.#run();
    while (this.#outgoing.some(({ due, attempts }) => due === now || attempts > 0)) {
      if (performance.now() > now + READY_WITHIN) throw new Error('the mail connector did not accept the first mails');
      await pause(100);
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await new Promise<void>((closed) => this.#server.close(() => closed()));
    await this.#running;
  }

  #add(from: string, to: readonly string[], content: Content, due: number): void {
    this.#outgoing.push({ from, to, content, due, attempts: 0 });
  }

  /** Takes a mail from the connector. Returns a reason to refuse it; null if the mail is accepted. */
  async #take(
    stream: Readable & { sizeExceeded?: boolean },
    from: string,
    to: readonly string[],
  ): Promise<Error | null> {
    const chunks: Buffer[] = [];
    for await (const chunk of stream) if (!stream.sizeExceeded) chunks.push(Buffer.from(chunk));
    if (stream.sizeExceeded) return refusal(552, 'The message is too large.');
    if (this.#outgoing.length >= MOST_WAITING) return refusal(452, 'Too many messages wait. Try again later.');
    const raw = Buffer.concat(chunks);
    const now = performance.now();
    const inside = to.filter((address) => address.toLowerCase().endsWith(`@${DOMAIN}`));
    if (inside.length > 0) this.#add(from, inside, { raw }, now);
    // A notification has no sender, and gets no reply (RFC 3834, section 2).
    if (from === '') return null;
    const { subject = '', messageId = '', to: named = [] } = await PostalMime.parse(raw);
    for (const address of to.filter((each) => !inside.includes(each))) {
      const content = {
        from: { name: named.find((each) => each.address === address)?.name ?? '', address },
        subject: /^re:/i.test(subject) ? subject : `Re: ${subject}`,
        text: RECEIPT,
        answered: messageId,
      };
      this.#add(address, [from], content, now + RECEIPT_AFTER);
    }
    return null;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const now = performance.now();
      for (const mail of this.#outgoing.filter(({ due }) => due <= now)) {
        if (!this.#stopped) await this.#send(mail);
      }
      await pause(LOOK_EVERY, undefined, { ref: false });
    }
  }

  /** A mail that the connector does not accept now is sent again later, as between any two mail servers. */
  async #send(mail: Outgoing): Promise<void> {
    const { from, to, content } = mail;
    mail.attempts += 1;
    try {
      const port = await this.#ports.port();
      if (port === null) throw new Error('the mail connector receives no mail');
      const transport = createTransport({
        name: `mail.${DOMAIN}`,
        host: HOST,
        port,
        ignoreTLS: true,
        connectionTimeout: SMTP_STEP,
        greetingTimeout: SMTP_STEP,
        socketTimeout: SMTP_STEP,
      });
      const envelope = { from, to: [...to] };
      if ('raw' in content) await transport.sendMail({ envelope, raw: content.raw });
      else await transport.sendMail({ envelope, to: [...to], date: new Date(this.#ports.now()), ...fieldsOf(content) });
      this.#outgoing = this.#outgoing.filter((each) => each !== mail);
    } catch (error) {
      mail.due = performance.now() + (mail.attempts < 5 ? LOOK_EVERY : RETRY_AFTER);
      if (mail.attempts < MOST_ATTEMPTS || this.#stopped) return;
      this.#outgoing = this.#outgoing.filter((each) => each !== mail);
      console.error(`The demo's mail to ${to.join(', ')} was not delivered:`, error);
    }
  }
}

const RECEIPT =
  'Hello,\n\nthank you for your message. We have received it, and we answer within two working days.\n\nThis is an automatic reply.\n';

function fieldsOf(content: Exclude<Content, { raw: Buffer }>) {
  if (!('answered' in content)) return content;
  const { answered, ...fields } = content;
  const headers = { 'Auto-Submitted': 'auto-replied' };
  return { ...fields, headers, ...(answered === '' ? {} : { inReplyTo: answered, references: [answered] }) };
}

const refusal = (responseCode: number, text: string): Error => Object.assign(new Error(text), { responseCode });
