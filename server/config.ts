/**
 * Flags and environment, parsed once into a frozen object. Nothing else under `server/` reads `process.env`.
 */
import { BlockList, isIP } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { AgeRecipient } from '../shared/age/seal-to.ts';
import {
  EnvironmentError,
  unknownVariables,
  unknownVariableText,
  VARIABLES,
  variableOf,
} from '../shared/environment.ts';
import {
  addressRanges,
  ageRecipient,
  atLeastOneHostName,
  bindAddress,
  cronPattern,
  databaseUrl,
  hostNames,
  type ListenerName,
  listenerNames,
  oneOf,
  orderPage,
  origin,
  port,
  securityContact,
  wholeNumber,
} from './config-values.ts';

/** Addresses at which nothing leaves this machine. */
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');
const isLoopback = (bind: string): boolean =>
  bind === 'localhost' || (isIP(bind) !== 0 && loopback.check(bind, isIP(bind) === 6 ? 'ipv6' : 'ipv4'));

const variables = z.object({
  CORDON_HOME: z.string().min(1, 'a folder').default('./.cordon'),
  /** `postgres://…` for PostgreSQL. Without it the server uses SQLite in the data folder. */
  CORDON_DATABASE_URL: databaseUrl.optional(),
  CORDON_PASSPHRASE: z.string().min(12, 'at least 12 characters long').optional(),
  CORDON_PASSPHRASE_FILE: z.string().min(1, 'a file').optional(),
  /** The older spelling is CORDON_ORGANISATION. */
  CORDON_ORGANIZATION: z
    .string()
    .min(1, 'from 1 to 120 characters long')
    .max(120, 'from 1 to 120 characters long')
    .default('Cordon'),
  /** Names and addresses under which devices reach the server. Activation links have the first, the certificate has all. */
  CORDON_NAMES: atLeastOneHostName.default(['localhost', '127.0.0.1']),
  /** Names that devices use and that the admin gives up: without this, a start that drops such a name is refused. */
  CORDON_DROP_NAMES: hostNames.default([]),
  CORDON_BIND: bindAddress.default('0.0.0.0'),
  CORDON_DEVICE_PORT: port.default(8443),
  CORDON_PUBLIC_PORT: port.default(8444),
  CORDON_ADMIN_PORT: port.default(8445),
  CORDON_ADMIN_BIND: bindAddress.default('127.0.0.1'),
  /** Further names under which admins reach the admin listener, such as the name of a reverse proxy. */
  CORDON_ADMIN_NAMES: hostNames.default([]),
  CORDON_ADMIN_CERTIFICATE: z.string().min(1, 'a file').optional(),
  CORDON_ADMIN_KEY: z.string().min(1, 'a file').optional(),
  /** Where admins open the console, such as `https://cordon.example.org`: for invitation links behind a reverse proxy. */
  CORDON_ADMIN_URL: origin.optional(),
  /** Addresses or CIDR ranges whose `X-Forwarded-For` and `X-Forwarded-Proto` the admin listener believes. Empty: none. */
  CORDON_ADMIN_PROXY_FROM: addressRanges.default([]),
  /** Minutes without use after which an admin's session ends. A session ends after 12 hours in any case. */
  CORDON_SESSION_IDLE_MINUTES: wholeNumber(5, 720).default(60),
  /** Addresses or CIDR ranges whose PROXY protocol header the server believes. Empty: the server reads no header. */
  CORDON_PROXY_FROM: addressRanges.default([]),
  /** Listeners (`device`, `public`) that refuse a connection without a PROXY protocol header from CORDON_PROXY_FROM. */
  CORDON_PROXY_REQUIRED: listenerNames.default([]),
  CORDON_IP_DATABASE: z.string().min(1, 'a file').optional(),
  /** The contact for an appeal when an order does not name one. */
  CORDON_APPEAL: z.string().max(400, 'at most 400 characters long').default('your administrator'),
  /** The page that explains a refusal by an order (RFC 7725). `{order}` stands for the order's number. */
  CORDON_OPERATOR_URL: orderPage.optional(),
  /** Where researchers report vulnerabilities of this installation; the public listener publishes it (RFC 9116). */
  CORDON_SECURITY_CONTACT: securityContact.optional(),
  /** Percent of the fleet: the console shows a warning for an order that denies service to more devices. */
  CORDON_LARGE_SHARE: z
    .string()
    .regex(/^\d+(\.\d+)?$/, { error: 'a number from 0 to 100', abort: true })
    .transform(Number)
    .refine((value) => value <= 100, 'a number from 0 to 100')
    .default(10),
  /** How many days back the server can explain a device's location and verdict. It keeps the evidence for a month longer. */
  CORDON_EVIDENCE_DAYS: wholeNumber(1, 3650).default(400),
  /** `false`: `npm start` does not build the console. */
  CORDON_BUILD_CONSOLE: z.stringbool({ error: 'true or false' }).default(true),
  /** An SNTP server (`HOST` or `HOST:PORT`) that confirms the clock. Without it the server asks the machine's own NTP daemon. */
  CORDON_NTP: z.string().min(1, 'a host name, with or without a port').max(260).optional(),
  /** The time that the clock shows now: starts the server once although its clock is implausible. */
  CORDON_ACCEPT_CLOCK: z.iso.datetime({ offset: true, error: 'a time such as 2026-11-27T18:00:00Z' }).optional(),
  /** After a longer silence in the store, a start needs a time source that confirms the clock. */
  CORDON_JUMP_DAYS: wholeNumber(1, 3650).default(30),
  /** Cron pattern of scheduled backups, in UTC, such as `0 2 * * *`. */
  CORDON_BACKUP_SCHEDULE: cronPattern.optional(),
  CORDON_BACKUP_FOLDER: z.string().min(1, 'a folder').optional(),
  /** The age recipient (`age1…`) for whom backups are encrypted. */
  CORDON_BACKUP_RECIPIENT: ageRecipient.optional(),
  /** How many scheduled backups the folder keeps. */
  CORDON_BACKUP_KEEP: wholeNumber(1, 100_000).default(14),
  CORDON_LOG: oneOf(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** Passwords and sessions of admins must not cross a network in clear text. */
const environment = variables.superRefine((given, context) => {
  const { CORDON_ADMIN_CERTIFICATE: certificate, CORDON_ADMIN_KEY: key, CORDON_ADMIN_BIND: bind } = given;
  const refuse = (variable: keyof typeof given, message: string) =>
    context.addIssue({ code: 'custom', path: [variable], message });
  if (certificate !== undefined && key === undefined)
    refuse('CORDON_ADMIN_KEY', 'the file with the private key of CORDON_ADMIN_CERTIFICATE');
  if (certificate === undefined && key !== undefined)
    refuse('CORDON_ADMIN_CERTIFICATE', 'the file with the certificate for CORDON_ADMIN_KEY');
  const { CORDON_BACKUP_SCHEDULE: schedule, CORDON_BACKUP_FOLDER: folder, CORDON_BACKUP_RECIPIENT: recipient } = given;
  if (schedule !== undefined && folder === undefined)
    refuse('CORDON_BACKUP_FOLDER', 'the folder for the backups of CORDON_BACKUP_SCHEDULE');
  if (schedule !== undefined && recipient === undefined)
    refuse('CORDON_BACKUP_RECIPIENT', 'the age recipient for the backups of CORDON_BACKUP_SCHEDULE');
  const { CORDON_ADMIN_URL: url, CORDON_ADMIN_PROXY_FROM: proxies } = given;
  if (url?.startsWith('https:') && certificate === undefined && proxies.length === 0)
    refuse(
      'CORDON_ADMIN_PROXY_FROM',
      'the address of the reverse proxy, because CORDON_ADMIN_URL begins with https:// and the admin listener itself has no certificate',
    );
  if (given.CORDON_PROXY_REQUIRED.length > 0 && given.CORDON_PROXY_FROM.length === 0)
    refuse('CORDON_PROXY_FROM', 'the address of the proxy for the listeners of CORDON_PROXY_REQUIRED');
  if (certificate === undefined && key === undefined && !isLoopback(bind)) {
    refuse(
      'CORDON_ADMIN_BIND',
      'a loopback address unless CORDON_ADMIN_CERTIFICATE and CORDON_ADMIN_KEY are set, because passwords would cross the network in clear text (from another machine, use ssh -L)',
    );
  }
});

export interface Config {
  readonly home: string;
  readonly databaseUrl: string | null;
  readonly passphrase: string | null;
  /** Where the passphrase is read from, and generated at first start: outside the data folder. */
  readonly passphraseFile: string;
  readonly organisation: string;
  readonly names: readonly string[];
  readonly dropNames: readonly string[];
  readonly bind: string;
  readonly devicePort: number;
  readonly publicPort: number;
  readonly admin: {
    readonly bind: string;
    readonly port: number;
    readonly names: readonly string[];
    /** Files, PEM. Null: plain HTTP, on loopback alone. */
    readonly tls: { readonly certificate: string; readonly key: string } | null;
    /** The console's origin for links; null: the listener's own address. */
    readonly url: string | null;
    /** Reverse proxies whose forwarded address and protocol count. */
    readonly proxyFrom: readonly string[];
  };
  readonly sessionIdleMinutes: number;
  readonly proxyFrom: readonly string[];
  /** Listeners that demand a PROXY protocol header. */
  readonly proxyRequired: readonly ListenerName[];
  readonly ipDatabase: string | null;
  readonly appeal: string;
  readonly operatorUrl: string | null;
  readonly securityContact: string | null;
  readonly largeShare: number;
  readonly evidenceDays: number;
  readonly buildConsole: boolean;
  readonly ntp: string | null;
  /** Unix milliseconds. */
  readonly acceptClock: number | null;
  readonly jumpDays: number;
  readonly backup: {
    readonly recipient: AgeRecipient | null;
    readonly scheduled: { readonly pattern: string; readonly folder: string; readonly keep: number } | null;
  };
  /** The service manager's socket (sd_notify); null without one. */
  readonly notifySocket: string | null;
  readonly log: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

/** Throws a `EnvironmentError` that names each variable with a problem. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const unknown = unknownVariables(env).map(unknownVariableText);
  const organization = variableOf(env, 'CORDON_ORGANIZATION');
  const parsed = environment.safeParse({
    ...env,
    ...(organization !== undefined && { CORDON_ORGANIZATION: organization }),
  });
  const invalid = (parsed.error?.issues ?? []).map((issue) => problemOf(issue, env));
  if (!parsed.success || unknown.length > 0) throw new EnvironmentError([...unknown, ...invalid]);
  const given = parsed.data;
  const { CORDON_ADMIN_CERTIFICATE: certificate, CORDON_ADMIN_KEY: key } = given;
  const home = resolve(given.CORDON_HOME);
  return Object.freeze({
    home,
    databaseUrl: given.CORDON_DATABASE_URL ?? null,
    passphrase: given.CORDON_PASSPHRASE ?? null,
    passphraseFile: resolve(
      given.CORDON_PASSPHRASE_FILE ??
        join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'cordon', 'passphrase'),
    ),
    organisation: given.CORDON_ORGANIZATION,
    names: given.CORDON_NAMES,
    dropNames: given.CORDON_DROP_NAMES,
    bind: given.CORDON_BIND,
    devicePort: given.CORDON_DEVICE_PORT,
    publicPort: given.CORDON_PUBLIC_PORT,
    admin: {
      bind: given.CORDON_ADMIN_BIND,
      port: given.CORDON_ADMIN_PORT,
      names: given.CORDON_ADMIN_NAMES,
      tls: certificate === undefined || key === undefined ? null : { certificate, key },
      url: given.CORDON_ADMIN_URL ?? null,
      proxyFrom: given.CORDON_ADMIN_PROXY_FROM,
    },
    sessionIdleMinutes: given.CORDON_SESSION_IDLE_MINUTES,
    proxyFrom: given.CORDON_PROXY_FROM,
    proxyRequired: given.CORDON_PROXY_REQUIRED,
    ipDatabase: given.CORDON_IP_DATABASE ?? null,
    appeal: given.CORDON_APPEAL,
    operatorUrl: given.CORDON_OPERATOR_URL ?? null,
    securityContact: given.CORDON_SECURITY_CONTACT ?? null,
    largeShare: given.CORDON_LARGE_SHARE,
    evidenceDays: given.CORDON_EVIDENCE_DAYS,
    buildConsole: given.CORDON_BUILD_CONSOLE,
    ntp: given.CORDON_NTP ?? null,
    acceptClock: given.CORDON_ACCEPT_CLOCK === undefined ? null : Date.parse(given.CORDON_ACCEPT_CLOCK),
    jumpDays: given.CORDON_JUMP_DAYS,
    backup: {
      recipient: given.CORDON_BACKUP_RECIPIENT ?? null,
      scheduled:
        given.CORDON_BACKUP_SCHEDULE === undefined || given.CORDON_BACKUP_FOLDER === undefined
          ? null
          : {
              pattern: given.CORDON_BACKUP_SCHEDULE,
              folder: resolve(given.CORDON_BACKUP_FOLDER),
              keep: given.CORDON_BACKUP_KEEP,
            },
    },
    notifySocket: env['NOTIFY_SOCKET'] ?? null,
    log: given.CORDON_LOG,
  });
}

/**
 * Keeps the service manager's socket from child processes (sd_notify(3), `unset_environment`). Programs such as `timedatectl` report their own
 * errors there, as if they were the service's.
 */
export function forgetNotifySocket(): void {
  delete process.env['NOTIFY_SOCKET'];
}

/** One line for an issue. The value is shown unless it can be a secret. */
function problemOf({ path, message }: z.core.$ZodIssue, env: NodeJS.ProcessEnv): string {
  const name = String(path[0]);
  const value = variableOf(env, name);
  if (value === undefined) return `${name} is not set. Set it: it must be ${message}.`;
  const shown = VARIABLES[name]?.secret ? '' : ` The value is ${JSON.stringify(value.slice(0, 200))}.`;
  return `${name} must be ${message}.${shown} Correct it or unset it.`;
}
