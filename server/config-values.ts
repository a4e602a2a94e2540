/** Schemas for values of environment variables. Each schema's message completes the sentence "CORDON_… must be …". */
import { BlockList, isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import { Cron } from 'croner';
import { z } from 'zod';
import { type AgeRecipient, parseRecipient } from '../shared/age/seal-to.ts';
import { isCordonError } from '../shared/errors.ts';
import { keyIdOf } from '../shared/ledger/sign-checkpoint.ts';
import { COSIGNATURE, splitVerifierKey } from '../shared/ledger/signed-note.ts';
import { MOST_WITNESSES } from '../shared/order/documents.ts';

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');
export const isLoopback = (bind: string): boolean =>
  bind === 'localhost' || (isIP(bind) !== 0 && loopback.check(bind, isIP(bind) === 6 ? 'ipv6' : 'ipv4'));

/** Accepts only decimal digits, because `Number` also accepts `''`, `0x50` and `1e3`. */
export const wholeNumber = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, { error: `a whole number from ${least} to ${most}`, abort: true })
    .transform(Number)
    .refine((value) => value >= least && value <= most, `a whole number from ${least} to ${most}`);

export const port = wholeNumber(0, 65_535);

export const oneOf = <const T extends readonly [string, ...string[]]>(values: T) =>
  z.enum(values, { error: `one of ${values.join(', ')}` });

export const separated = z.string().transform((value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);

const HOST_NAME =
  /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/** Returns the fault of a name; null for a valid DNS name or IP address. */
function wrongWith(name: string): string | null {
  if (isIP(name) !== 0 || HOST_NAME.test(name)) return null;
  const shown = JSON.stringify(name);
  if (name.includes('://')) return `${shown} is a URL: write only the name, without https:// and without a path`;
  if (/^\[.*\](:\d+)?$/.test(name)) return `${shown} has brackets: write only the address, without brackets and port`;
  if (/^[^:]+:\d+$/.test(name)) return `${shown} has a port: write only the name`;
  if (name.includes('*')) return `${shown} is a wildcard: list each name`;
  const ascii = domainToASCII(name);
  if (/[^\x20-\x7e]/.test(name) && ascii !== '') return `${shown} is not ASCII: write ${ascii}`;
  return `${shown} is neither a DNS name nor an IP address`;
}

const eachName = (names: readonly string[], context: z.RefinementCtx) => {
  for (const name of names) {
    const wrong = wrongWith(name);
    if (wrong !== null) context.addIssue({ code: 'custom', message: `a comma-separated list of names, but ${wrong}` });
  }
};

export const hostNames = separated.superRefine(eachName);
/** Settings that `server/startup/device-listeners.ts` names, separated by commas. */
export const droppedListeners = separated.refine(
  (entries) => entries.every((entry) => /^(device|public|bind|direct|proxy):.+$/.test(entry)),
  'a list such as device:8443, as the message about the refused start gives it',
);
export const atLeastOneHostName = separated
  .refine((names) => names.length > 0, 'at least one DNS name or IP address')
  .superRefine(eachName);

export const bindAddress = z
  .string()
  .refine((value) => value === '' || wrongWith(value) === null, 'an IP address or a host name, without a port');

function isAddressRange(entry: string): boolean {
  const [address = '', prefix, ...rest] = entry.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128));
}

export const addressRanges = separated.superRefine((entries, context) => {
  for (const entry of entries.filter((each) => !isAddressRange(each))) {
    const message = `a comma-separated list of IP addresses and CIDR ranges, but ${JSON.stringify(entry)} is neither`;
    context.addIssue({ code: 'custom', message });
  }
});

/** URL of the PostgreSQL database. No message shows the URL, because the URL may contain a password. */
export const databaseUrl = z
  .string()
  .refine(
    (value) => ['postgres:', 'postgresql:'].includes(URL.parse(value)?.protocol ?? ''),
    'a PostgreSQL URL such as postgres://cordon@localhost/cordon; percent-encode special characters in the password',
  );

export interface MailServer {
  readonly host: string;
  readonly port: number;
  /**
   * Use of TLS. `start`: from the first byte. `required`: STARTTLS, or no connection. `offered`: STARTTLS if the mail server offers it,
   * only for a mail server on this machine.
   */
  readonly tls: 'start' | 'required' | 'offered';
  readonly login: { readonly user: string; readonly password: string } | null;
}

const MAIL_URL =
  'a URL such as smtp://USER:PASSWORD@mail.example.org:587 or smtps://USER:PASSWORD@mail.example.org:465, without a path; percent-encode special characters in the password';

/**
 * Parser for the mail server's URL. The default ports are 465 for TLS from the start and 587 for STARTTLS (RFC 8314). No message shows the
 * URL, because the URL may contain a password.
 */
export const mailUrl = z.string().transform((value, context): MailServer => {
  const refuse = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  const url = URL.parse(value);
  if (!url || !['smtp:', 'smtps:'].includes(url.protocol)) return refuse(MAIL_URL);
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const bare = ['', '/'].includes(url.pathname) && url.search === '' && url.hash === '' && url.port !== '0';
  if (!bare || wrongWith(host) !== null) return refuse(MAIL_URL);
  if ((url.username === '') !== (url.password === ''))
    return refuse('a URL with both a user and a password, or with neither');
  const secure = url.protocol === 'smtps:';
  try {
    const [user, password] = [decodeURIComponent(url.username), decodeURIComponent(url.password)];
    return {
      host,
      port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
      tls: secure ? 'start' : isLoopback(host) ? 'offered' : 'required',
      login: user === '' ? null : { user, password },
    };
  } catch {
    return refuse(MAIL_URL);
  }
});

export const mailAddress = z
  .string()
  .trim()
  .max(254, 'an e-mail address such as cordon@example.org')
  .regex(/^[^\s@<>",;:()[\]\\]+@[^\s@<>",;:()[\]\\]+$/, 'an e-mail address such as cordon@example.org');

export const orderPage = z
  .string()
  .refine(
    (value) => ['http:', 'https:'].includes(URL.parse(value.replaceAll('{order}', '2026-001'))?.protocol ?? ''),
    'a URL that begins with https:// or http://',
  );

/** Contact URI (RFC 9116, section 2.5.3). An e-mail address becomes a `mailto:` URI. */
export const securityContact = z
  .string()
  .transform((value) => (/^[^\s@:/]+@[^\s@:/]+$/.test(value) ? `mailto:${value}` : value))
  .refine(
    (value) => /^(mailto:|https:\/\/|tel:)[\x21-\x7e]+$/.test(value),
    'an e-mail address, or a URI that begins with https://, mailto: or tel:',
  );

/** Cron pattern with five fields, or with six fields of which the first is seconds. */
export const cronPattern = z.string().refine((value) => {
  try {
    return new Cron(value, { paused: true }).nextRun() !== null;
  } catch {
    return false;
  }
}, 'a cron pattern that has a next time, such as "0 2 * * *"');

export const ageRecipient = z.string().transform((value, context): AgeRecipient => {
  try {
    return parseRecipient(value);
  } catch {
    context.addIssue({ code: 'custom', message: 'an age recipient, as age-keygen prints it (age1…)' });
    return z.NEVER;
  }
});

/** Origin of a web page: scheme, host and port, without a path. */
export const origin = z
  .string()
  .refine((value) => {
    const url = URL.parse(value);
    return url !== null && ['http:', 'https:'].includes(url.protocol) && `${url.origin}/` === url.href;
  }, 'a URL without a path, such as https://cordon.example.org')
  .transform((value) => new URL(value).origin);

const LISTENERS = ['device', 'public'] as const;
export type ListenerName = (typeof LISTENERS)[number];
export const listenerNames = separated.pipe(z.array(z.enum(LISTENERS, 'device, public, or both with a comma')));

export interface WitnessSetting {
  readonly name: string;
  readonly url: string;
  /** Verifier key of the witness (C2SP signed-note, signature type 4). */
  readonly key: string;
}

/** Name in the verifier key of a witness; null for an invalid key. */
function witnessNameIn(key: string): string | null {
  try {
    const { id, ...witness } = splitVerifierKey(key, COSIGNATURE);
    return keyIdOf(witness, COSIGNATURE).toString('hex') === id ? witness.name : null;
  } catch (error) {
    if (isCordonError(error, 'checkpoint_invalid')) return null;
    throw error;
  }
}

const WITNESSES = `a comma-separated list of at most ${MOST_WITNESSES} witnesses, each with its verifier key, a space and its URL`;

export const witnesses = separated.transform((entries, context): readonly WitnessSetting[] => {
  const refuse = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  const settings: WitnessSetting[] = [];
  for (const entry of entries) {
    const [key = '', url = '', ...rest] = entry.split(/\s+/);
    const name = witnessNameIn(key);
    if (name === null) return refuse(`${WITNESSES}, but ${JSON.stringify(key)} is not a verifier key of a witness`);
    const isUrl = ['http:', 'https:'].includes(URL.parse(url)?.protocol ?? '');
    if (!isUrl || rest.length > 0) return refuse(`${WITNESSES}, but ${JSON.stringify(url)} is not one URL`);
    if (settings.some((other) => other.key === key)) return refuse(`${WITNESSES}, but ${name} is in the list twice`);
    settings.push({ name, url, key });
  }
  return settings.length > MOST_WITNESSES ? refuse(WITNESSES) : settings;
});
