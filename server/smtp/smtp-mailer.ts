/**
 * Sends mail through the operator's mail server (SMTP, RFC 5321), without a queue. The caller learns within `DEADLINE` whether the mail
 * server accepted the mail.
 */
import { createTransport } from 'nodemailer';
import { CordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import { oneLine } from '../../shared/text/visible-text.ts';
import type { Mail, Mailer } from '../admins/ports.ts';
import type { MailServer } from '../config-values.ts';
import { concernsRecipient, type MailFault, mailFaultText } from './mail-fault.ts';

const SECOND = 1000;
/** Deadline for one mail, from the connection to the mail server's final response. */
const DEADLINE = 20 * SECOND;
/** Deadline for each step: connection, greeting, response to a command. */
const STEP = 10 * SECOND;
/** Maximum number of mails in progress. The mailer refuses further mails. */
const AT_ONCE = 8;
const LARGEST_RESPONSE = 64 * 1024;
const CHECK_EVERY = 600 * SECOND;
const RECHECK_AFTER = 60 * SECOND;

export interface SmtpMailer extends Mailer {
  failure(): string | null;
  /** Connects and signs in without sending mail. Resolves with the reason for a failure, or null. */
  check(): Promise<string | null>;
  watch(): void;
  stop(): Promise<void>;
}

export function createSmtpMailer({
  server,
  from,
  organization,
  log,
}: {
  readonly server: MailServer;
  readonly from: string;
  readonly organization: string;
  readonly log: { warn(fields: object, text: string): void; info(fields: object, text: string): void };
}): SmtpMailer {
  const { host, port, login } = server;
  const transport = createTransport({
    host,
    port,
    secure: server.tls === 'start',
    requireTLS: server.tls === 'required',
    // For a mail server on the same machine, any certificate is accepted. Such a certificate often has another name, and the connection
    // does not leave the machine.
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: server.tls !== 'offered' },
    ...(login !== null && { auth: { user: login.user, pass: login.password }, forceAuth: true }),
    connectionTimeout: STEP,
    greetingTimeout: STEP,
    dnsTimeout: STEP,
    socketTimeout: STEP,
    socketCloseTimeout: 0,
    maxResponseSize: LARGEST_RESPONSE,
    // The library must not read files or web addresses that a mail names.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  let failing: string | null = null;
  let sending = 0;

  function judge(reason: string | null): void {
    if (reason !== null && reason !== failing) log.warn({ reason }, 'the mail server cannot be used');
    if (reason === null && failing !== null) log.info({}, 'the mail server can be used again');
    failing = reason;
  }

  async function check(): Promise<string | null> {
    const deadline = new AbortController();
    try {
      await Promise.race([transport.verify(), expiry(DEADLINE, deadline.signal)]);
      judge(null);
    } catch (error) {
      judge(mailFaultText(error as MailFault, server));
    } finally {
      deadline.abort();
    }
    return failing;
  }

  const watch = new Loop({
    run: async () => Date.now() + ((await check()) === null ? CHECK_EVERY : RECHECK_AFTER),
    failed: (error) => log.warn({ err: error }, 'the mail server could not be checked'),
    retryAfter: RECHECK_AFTER,
  });

  async function send({ to, subject, text, id }: Mail): Promise<void> {
    if (sending >= AT_ONCE) {
      throw new CordonError('mail_failed', `${sending} mails are being sent already. Send this one again in a minute.`);
    }
    sending++;
    try {
      await transport.sendMail({
        from: { name: oneLine(organization), address: from },
        to: { name: to.name, address: to.address },
        // The To header names no other recipient. Otherwise the mail would not prove that this recipient reads the address.
        envelope: { from, to: [to.address] },
        subject,
        text,
        ...(id !== undefined && { messageId: `<${id}@${from.split('@').at(-1)}>` }),
        // Header that prevents automatic replies (RFC 3834).
        headers: { 'Auto-Submitted': 'auto-generated' },
        signal: AbortSignal.timeout(DEADLINE),
      });
      judge(null);
    } catch (error) {
      const fault = error as MailFault;
      const reason = mailFaultText(fault, server);
      if (!concernsRecipient(fault)) judge(reason);
      throw new CordonError('mail_failed', reason, {}, error);
    } finally {
      sending--;
    }
  }

  return {
    send,
    check,
    failure: () => failing,
    watch: () => watch.request(),
    async stop() {
      const stopped = watch.stop();
      transport.close();
      await Promise.race([stopped, new Promise((passed) => setTimeout(passed, SECOND).unref())]);
    },
  };
}

async function expiry(milliseconds: number, done: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })), milliseconds);
    done.addEventListener('abort', () => clearTimeout(timer), { once: true });
  });
}
