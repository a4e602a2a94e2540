/** Settings of `cordon mail-connector` from the environment. `agent/config.ts` reads the settings that the connector shares with agents. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { createSecureContext } from 'node:tls';
import { z } from 'zod';
import { EnvironmentError, requireKnownVariables } from '../../shared/environment.ts';
import { LARGEST_MAIL } from '../../shared/protocol/mail-http.ts';
import { plainAddress } from './addresses.ts';
import type { MailboxSource } from './mailbox-source.ts';
import type { SmtpIntakeOptions } from './smtp-intake.ts';
import type { SubmissionServer } from './submission.ts';

const MiB = 1024 * 1024;
const LARGEST_MIB = LARGEST_MAIL / MiB;
const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, { error: `a whole number from ${least} to ${most}`, abort: true })
    .transform(Number)
    .refine((value) => value >= least && value <= most, `a whole number from ${least} to ${most}`);
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);
const isRange = (text: string): boolean => {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
};
const isLoopback = (host: string): boolean => host === 'localhost' || host === '::1' || host.startsWith('127.');
const emailAddress = z.string().refine((value) => plainAddress(value) !== null, 'an e-mail address');

const environment = z.object({
  CORDON_CONNECTOR_HOME: z.string().default('/var/lib/cordon-mail-connector'),
  CORDON_CONNECTOR_NAME: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/i, 'a host name')
    .default(hostname()),
  CORDON_CONNECTOR_SMTP: z.enum(['on', 'off'], { error: 'on or off' }).default('on'),
  CORDON_CONNECTOR_BIND: z.string().default('127.0.0.1'),
  CORDON_CONNECTOR_PORT: wholeNumber(0, 65_535).default(2525),
  CORDON_CONNECTOR_CERTIFICATE: z.string().optional(),
  CORDON_CONNECTOR_KEY: z.string().optional(),
  CORDON_CONNECTOR_TLS: z.enum(['required', 'optional'], { error: 'required or optional' }).default('required'),
  CORDON_CONNECTOR_CLIENTS: list
    .refine((ranges) => ranges.every(isRange), 'a comma-separated list of IP addresses and CIDR ranges')
    .default(['127.0.0.0/8', '::1']),
  CORDON_CONNECTOR_LARGEST_MIB: wholeNumber(1, LARGEST_MIB).default(LARGEST_MIB),
  CORDON_CONNECTOR_QUEUE_MIB: wholeNumber(64, 1_000_000).default(4096),
  CORDON_CONNECTOR_CONNECTIONS: wholeNumber(1, 1000).default(50),
  CORDON_CONNECTOR_RECIPIENTS: wholeNumber(1, 1000).default(100),
  CORDON_CONNECTOR_POSTMASTER: emailAddress.optional(),
  CORDON_CONNECTOR_SUBMISSION_URL: z.string(),
  CORDON_CONNECTOR_IMAP_URL: z.string().optional(),
  CORDON_CONNECTOR_IMAP_RECIPIENT: z.string().optional(),
  CORDON_CONNECTOR_IMAP_FOLDER: z.string().min(1).max(200).default('INBOX'),
  CORDON_CONNECTOR_IMAP_DONE: z.string().min(1).max(200).optional(),
});

const SECRET: ReadonlySet<string> = new Set(['CORDON_CONNECTOR_SUBMISSION_URL', 'CORDON_CONNECTOR_IMAP_URL']);

export interface ConnectorConfig {
  readonly home: string;
  /** Host name in SMTP greetings, Received fields and notifications. */
  readonly name: string;
  /** Largest message in bytes. */
  readonly largest: number;
  readonly queueLimit: number;
  /** Settings of the SMTP server; null if the connector receives mail only from a mailbox. */
  readonly smtp: SmtpIntakeOptions | null;
  readonly submission: SubmissionServer;
  readonly mailbox: MailboxSource | null;
}

/** Folder of the connector, the only setting that every command needs. */
export function connectorHome(home: string | undefined, env: NodeJS.ProcessEnv = process.env): string {
  return home ?? env['CORDON_CONNECTOR_HOME'] ?? '/var/lib/cordon-mail-connector';
}

export function readConnectorConfig(home: string | undefined, env: NodeJS.ProcessEnv = process.env): ConnectorConfig {
  requireKnownVariables(env);
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    throw new EnvironmentError(
      parsed.error.issues.map(({ path: [name = ''], message }) => {
        const key = String(name);
        if (env[key] === undefined) return `${key} is not set. Set it to ${NEEDED[key] ?? message}.`;
        const value = SECRET.has(key) ? '' : ` The value is ${JSON.stringify(env[key])}.`;
        return `${key} must be ${message}.${value} Correct it or unset it.`;
      }),
    );
  }
  const settings = parsed.data;
  const problems: string[] = [];
  const tls = readTls(settings.CORDON_CONNECTOR_CERTIFICATE, settings.CORDON_CONNECTOR_KEY, problems);
  const bind = settings.CORDON_CONNECTOR_BIND;
  if (tls === null && settings.CORDON_CONNECTOR_SMTP === 'on' && !isLoopback(bind)) {
    problems.push(
      'CORDON_CONNECTOR_CERTIFICATE and CORDON_CONNECTOR_KEY are not set, but the connector listens on a network. Set both, so that mail is encrypted on its way to the connector.',
    );
  }
  const submission = readSubmission(settings.CORDON_CONNECTOR_SUBMISSION_URL, problems);
  const mailbox = readMailbox(settings, problems);
  if (settings.CORDON_CONNECTOR_SMTP === 'off' && mailbox === null) {
    problems.push('CORDON_CONNECTOR_SMTP is off and CORDON_CONNECTOR_IMAP_URL is not set. Set one source of mail.');
  }
  if (problems.length > 0 || !submission) throw new EnvironmentError(problems);
  const name = settings.CORDON_CONNECTOR_NAME.toLowerCase();
  return Object.freeze({
    home: connectorHome(home, env),
    name,
    largest: settings.CORDON_CONNECTOR_LARGEST_MIB * MiB,
    queueLimit: settings.CORDON_CONNECTOR_QUEUE_MIB * MiB,
    smtp:
      settings.CORDON_CONNECTOR_SMTP === 'off'
        ? null
        : {
            bind,
            port: settings.CORDON_CONNECTOR_PORT,
            host: name,
            tls,
            tlsRequired: tls !== null && settings.CORDON_CONNECTOR_TLS === 'required',
            largest: settings.CORDON_CONNECTOR_LARGEST_MIB * MiB,
            clients: settings.CORDON_CONNECTOR_CLIENTS,
            connections: settings.CORDON_CONNECTOR_CONNECTIONS,
            recipients: settings.CORDON_CONNECTOR_RECIPIENTS,
            postmaster: settings.CORDON_CONNECTOR_POSTMASTER ?? null,
          },
    submission,
    mailbox,
  });
}

const NEEDED: Readonly<Record<string, string>> = {
  CORDON_CONNECTOR_SUBMISSION_URL:
    'the URL of the company’s mail server, such as smtp://USER:PASSWORD@mail.example.org:587',
};

function readTls(certificate: string | undefined, key: string | undefined, problems: string[]) {
  if (certificate === undefined && key === undefined) return null;
  if (certificate === undefined || key === undefined) {
    problems.push('CORDON_CONNECTOR_CERTIFICATE and CORDON_CONNECTOR_KEY belong together. Set both, or none.');
    return null;
  }
  try {
    const tls = { cert: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') };
    createSecureContext(tls);
    return tls;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    problems.push(
      `CORDON_CONNECTOR_CERTIFICATE and CORDON_CONNECTOR_KEY cannot be used (${why}). Name the PEM files of a certificate chain and its key.`,
    );
    return null;
  }
}

interface Server {
  readonly host: string;
  readonly port: number;
  readonly secure: boolean;
  readonly login: { readonly user: string; readonly password: string } | null;
}

/** Parses a URL with a user and a password. No message shows the URL, because it may contain the password. */
function serverOf(
  text: string,
  scheme: string,
  ports: { readonly plain: number; readonly secure: number },
): Server | null {
  const url = URL.parse(text);
  if (!url || (url.protocol !== `${scheme}:` && url.protocol !== `${scheme}s:`)) return null;
  const isBare = ['', '/'].includes(url.pathname) && url.search === '' && url.hash === '' && url.hostname !== '';
  if (!isBare || (url.username === '') !== (url.password === '')) return null;
  const secure = url.protocol === `${scheme}s:`;
  try {
    const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    return {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? (secure ? ports.secure : ports.plain) : Number(url.port),
      secure,
      login: user === '' ? null : { user, password },
    };
  } catch {
    return null;
  }
}

function readSubmission(text: string, problems: string[]): SubmissionServer | null {
  const server = serverOf(text, 'smtp', { plain: 587, secure: 465 });
  if (!server) {
    problems.push(
      'CORDON_CONNECTOR_SUBMISSION_URL must be a URL such as smtp://USER:PASSWORD@mail.example.org:587 or smtps://…:465, without a path. Percent-encode special characters in the password.',
    );
    return null;
  }
  const { host, port, secure, login } = server;
  return { host, port, login, tls: secure ? 'start' : isLoopback(host) && login === null ? 'none' : 'required' };
}

function readMailbox(settings: z.infer<typeof environment>, problems: string[]): MailboxSource | null {
  const url = settings.CORDON_CONNECTOR_IMAP_URL;
  if (url === undefined) return null;
  const server = serverOf(url, 'imap', { plain: 143, secure: 993 });
  const recipient = settings.CORDON_CONNECTOR_IMAP_RECIPIENT ?? 'Delivered-To';
  if (!server || server.login === null) {
    problems.push(
      'CORDON_CONNECTOR_IMAP_URL must be a URL such as imaps://USER:PASSWORD@mail.example.org, with a user and a password.',
    );
    return null;
  }
  if (plainAddress(recipient) === null && !/^[A-Za-z-]{1,60}$/.test(recipient)) {
    problems.push(
      'CORDON_CONNECTOR_IMAP_RECIPIENT must be an e-mail address, or the name of a header field such as Delivered-To.',
    );
  }
  const { host, port, secure, login } = server;
  return {
    host,
    port,
    tls: secure ? 'start' : isLoopback(host) ? 'optional' : 'required',
    login,
    folder: settings.CORDON_CONNECTOR_IMAP_FOLDER,
    done: settings.CORDON_CONNECTOR_IMAP_DONE ?? null,
    recipient,
  };
}
