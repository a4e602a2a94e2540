/**
 * Sends mail through the operator's mail server (SMTP, RFC 5321). There is no queue: the caller learns within `DEADLINE` whether the mail
 * server accepted the mail, and can send it again.
 */
import { createTransport } from 'nodemailer';
import { CordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import { oneLine } from '../../shared/text/visible-text.ts';
import type { Mail, Mailer } from '../admins/ports.ts';
import type { MailServer } from '../config-values.ts';
import { concernsRecipient, type MailFault, mailFaultText } from './mail-fault.ts';

const SECOND = 1000;
/** Deadline of one mail, from the connection to the response of the mail server. */
const DEADLINE = 20 * SECOND;
/** Deadline of each step: connect, greeting, response to a command. */
const STEP = 10 * SECOND;
/** More mails than this at one time are refused. */
const AT_ONCE = 8;
const LARGEST_RESPONSE = 64 * 1024;
const CHECK_EVERY = 600 * SECOND;
/** Interval of checks while the mail server fails, in milliseconds. */
const CHECK_AGAIN = 60 * SECOND;

export interface SmtpMailer extends Mailer {
  /** Reason why the mail server cannot be used; null: no known problem. */
  failure(): string | null;
  /** Connects and signs in without sending mail. Resolves to the reason why the mail server cannot be used; null: usable. */
  check(): Promise<string | null>;
  /** Checks the mail server now and at intervals. Returns at once. */
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
  /** Name beside the sender's address. */
  readonly organization: string;
  readonly log: { warn(fields: object, text: string): void; info(fields: object, text: string): void };
}): SmtpMailer {
  const { host, port, login } = server;
  const transport = createTransport({
    ...{ host, port },
    secure: server.tls === 'start',
    requireTLS: server.tls === 'required',
    // Mail servers on the same machine often have a certificate for another name, and the connection does not leave the machine.
    tls: { minVersion: 'TLSv1.2', rejectUnauthorized: server.tls !== 'offered' },
    ...(login !== null && { auth: { user: login.user, pass: login.password }, forceAuth: true }),
    ...{ connectionTimeout: STEP, greetingTimeout: STEP, dnsTimeout: STEP, socketTimeout: STEP, socketCloseTimeout: 0 },
    maxResponseSize: LARGEST_RESPONSE,
    // The library must not fetch files or web addresses that a mail names.
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  let failing: string | null = null;
  let sending = 0;

  function judge(reason: string | null): void {
    if (reason !== null && reason !== failing) log.warn({ reason }, 'the mail server cannot be used');
    if (reason === null && failing !== null) log.info({}, 'the mail server can be used again');
    failing = reason;
  }

  async function check(): Promise<string | null> {
    const late = new AbortController();
    try {
      await Promise.race([transport.verify(), expiry(DEADLINE, late.signal)]);
      judge(null);
    } catch (error) {
      judge(mailFaultText(error as MailFault, server));
    } finally {
      late.abort();
    }
    return failing;
  }

  const watch = new Loop({
    run: async () => Date.now() + ((await check()) === null ? CHECK_EVERY : CHECK_AGAIN),
    failed: (error) => log.warn({ err: error }, 'the mail server could not be checked'),
    retryAfter: CHECK_AGAIN,
  });

  async function send({ to, subject, text }: Mail): Promise<void> {
    if (sending >= AT_ONCE) {
      throw new CordonError('mail_failed', `${sending} mails are being sent already. Send this one again in a minute.`);
    }
    sending++;
    try {
      await transport.sendMail({
        from: { name: oneLine(organization), address: from },
        to: { name: to.name, address: to.address },
        // The header contains only this address, because the recipient proves it.
        envelope: { from, to: [to.address] },
        ...{ subject, text },
        // RFC 3834: prevents automatic replies.
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
