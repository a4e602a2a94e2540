/** Configuration from flags and environment, parsed once and frozen. No other file under `server/` reads `process.env`. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import type { AgeRecipient } from '../shared/age/seal-to.ts';
import { EnvironmentError, unknownVariables, unknownVariableText, VARIABLES } from '../shared/environment.ts';
import { rpIdSchema } from '../shared/order/documents.ts';
import {
  addressRanges,
  ageRecipient,
  atLeastOneHostName,
  bindAddress,
  cronPattern,
  databaseUrl,
  droppedListeners,
  hostNames,
  isLoopback,
  type ListenerName,
  listenerNames,
  type MailServer,
  mailAddress,
  mailUrl,
  oneOf,
  orderPage,
  origin,
  port,
  securityContact,
  type WitnessSetting,
  wholeNumber,
  witnesses,
} from './config-values.ts';

const variables = z.object({
  CORDON_HOME: z.string().min(1, 'a folder').default('./.cordon'),
  /** Database URL, `postgres://…` for PostgreSQL. Without this variable, the server uses SQLite in the data folder. */
  CORDON_DATABASE_URL: databaseUrl.optional(),
  /** Folder of the file with the keys of people (ADR 55). It belongs on another disk than the database and its backups. */
  CORDON_PERSON_KEYS: z.string().min(1, 'a folder').optional(),
  /** Confirmation by an admin, for one start, that the keys of people are lost. The server then deletes the records of these keys. */
  CORDON_ACCEPT_LOST_PERSON_KEYS: z.stringbool({ error: 'true or false' }).default(false),
  /** Days for which a backup of the keys of people is kept and can be restored. */
  CORDON_PERSON_KEY_BACKUP_DAYS: wholeNumber(1, 90).default(30),
  /** Days for which a signed transparency statement is valid. */
  CORDON_STATEMENT_DAYS: wholeNumber(1, 400).default(90),
  CORDON_PASSPHRASE: z.string().min(12, 'at least 12 characters long').optional(),
  CORDON_PASSPHRASE_FILE: z.string().min(1, 'a file').optional(),
  CORDON_ORGANIZATION: z
    .string()
    .min(1, 'from 1 to 120 characters long')
    .max(120, 'from 1 to 120 characters long')
    .default('Cordon'),
  /**
   * Host names and addresses by which devices reach the server. Activation links contain the first name; the server's certificate contains
   * all.
   */
  CORDON_NAMES: atLeastOneHostName.default(['localhost', '127.0.0.1']),
  /**
   * Host names that the server's certificate may lose although devices use them. Without this variable, the server refuses a start that
   * removes such a name.
   */
  CORDON_DROP_NAMES: hostNames.default([]),
  /**
   * Listener settings that devices use and that the admin gives up, as the refusal of a start names them: `device:8443`. Without this
   * variable, the server refuses a start that cuts devices off.
   */
  CORDON_DROP_LISTENERS: droppedListeners.default([]),
  CORDON_BIND: bindAddress.default('0.0.0.0'),
  CORDON_DEVICE_PORT: port.default(8443),
  CORDON_PUBLIC_PORT: port.default(8444),
  CORDON_ADMIN_PORT: port.default(8445),
  CORDON_ADMIN_BIND: bindAddress.default('127.0.0.1'),
  /** Further host names by which admins reach the admin listener, such as the name of a reverse proxy. */
  CORDON_ADMIN_NAMES: hostNames.default([]),
  CORDON_ADMIN_CERTIFICATE: z.string().min(1, 'a file').optional(),
  CORDON_ADMIN_KEY: z.string().min(1, 'a file').optional(),
  /** URL at which admins open the console, such as `https://cordon.example.org`, for invitation links behind a reverse proxy. */
  CORDON_ADMIN_URL: origin.optional(),
  /**
   * Addresses or CIDR ranges of reverse proxies. The admin listener accepts their `X-Forwarded-For` and `X-Forwarded-Proto`. Empty for
   * none.
   */
  CORDON_ADMIN_PROXY_FROM: addressRanges.default([]),
  /** Minutes without use after which an admin's session ends. Every session ends after 12 hours at the latest. */
  CORDON_SESSION_IDLE_MINUTES: wholeNumber(5, 720).default(60),
  /**
   * If `true`, an account with a passkey cannot sign in with password and authenticator code, and an account without a passkey can only
   * register one.
   */
  CORDON_REQUIRE_PASSKEYS: z.stringbool({ error: 'true or false' }).default(false),
  /** Addresses or CIDR ranges of proxies whose PROXY protocol header the server accepts. If empty, the server reads no such header. */
  CORDON_PROXY_FROM: addressRanges.default([]),
  /** Internal addresses or CIDR ranges to which notifications may be sent. Without them, receivers need global addresses. */
  CORDON_PRIVATE_RECEIVERS: addressRanges.default([]),
  /**
   * Listeners (`device`, `public`) that accept only connections from the proxies in CORDON_PROXY_FROM, each with a PROXY protocol header.
   * The listeners close all other connections.
   */
  CORDON_PROXY_REQUIRED: listenerNames.default([]),
  CORDON_IP_DATABASE: z.string().min(1, 'a file').optional(),
  /** Contact for appeals against orders that name no contact. */
  CORDON_APPEAL: z.string().max(400, 'at most 400 characters long').default('your administrator'),
  /**
   * Mail server (SMTP) for invitations, credential reset links and verification links. Without a mail server, Cordon shows a link to
   * the admin who creates it.
   */
  CORDON_MAIL_URL: mailUrl.optional(),
  CORDON_MAIL_FROM: mailAddress.optional(),
  /** JSON file with the identity provider for sign-in (OpenID Connect) and the roles of its groups. */
  CORDON_OIDC_FILE: z.string().min(1, 'a file').optional(),
  CORDON_OIDC_CLIENT_SECRET: z.string().min(1, 'the client secret from the identity provider').optional(),
  CORDON_OIDC_CLIENT_SECRET_FILE: z.string().min(1, 'a file').optional(),
  /** URL of the page that explains a refusal because of an order (RFC 7725). `{order}` is a placeholder for the order's number. */
  CORDON_OPERATOR_URL: orderPage.optional(),
  /** Contact for reports of vulnerabilities. The public listener publishes it (RFC 9116). */
  CORDON_SECURITY_CONTACT: securityContact.optional(),
  /**
   * Witnesses of the ledger: verifier key, space and URL of each, separated by commas. The server submits each checkpoint to them, and
   * signs no checkpoint after a start before the witnesses have responded.
   */
  CORDON_WITNESSES: witnesses.default([]),
  /** Minutes without a cosignature after which a witness is a health issue. */
  CORDON_WITNESS_LATE_MINUTES: wholeNumber(1, 100_000).default(60),
  /** Percentage of devices above which the console warns that an order suspends services of too many devices. */
  CORDON_LARGE_SHARE: z
    .string()
    .regex(/^\d+(\.\d+)?$/, { error: 'a number from 0 to 100', abort: true })
    .transform(Number)
    .refine((value) => value <= 100, 'a number from 0 to 100')
    .default(10),
  /**
   * Number of past days for which the server can explain a device's location and the suspension of its services. The location on the first
   * of these days depends on earlier evidence, so the server stores evidence for 32 more days.
   */
  CORDON_EVIDENCE_DAYS: wholeNumber(1, 3650).default(400),
  /** Number of days for which the activity log keeps its entries. */
  CORDON_ACTIVITY_DAYS: wholeNumber(30, 3650).default(400),
  /** Bandwidth limit for downloads of packages by all devices together, in bytes per second; 0 for none. */
  CORDON_PACKAGE_BANDWIDTH: wholeNumber(0, 10_000_000_000).default(0),
  /** If `false`, `npm start` does not build the console. */
  CORDON_BUILD_CONSOLE: z.stringbool({ error: 'true or false' }).default(true),
  /** SNTP server (`HOST` or `HOST:PORT`) that confirms the clock. Without this variable, the server asks the machine's own NTP daemon. */
  CORDON_NTP: z.string().min(1, 'a host name, with or without a port').max(260).optional(),
  /**
   * Confirmation by an admin that the machine's clock is right: the time that this clock shows at the start. With it, the server starts
   * although it considers the clock implausible. The confirmation is valid for 15 minutes.
   */
  CORDON_ACCEPT_CLOCK: z.iso.datetime({ offset: true, error: 'a time such as 2026-11-27T18:00:00Z' }).optional(),
  /** Maximum time without writes to the store. After a longer time, a time source must confirm the clock at the start. */
  CORDON_JUMP_DAYS: wholeNumber(1, 3650).default(30),
  /** Cron pattern for scheduled backups, in UTC, such as `0 2 * * *`. */
  CORDON_BACKUP_SCHEDULE: cronPattern.optional(),
  CORDON_BACKUP_FOLDER: z.string().min(1, 'a folder').optional(),
  /** Recipient (`age1…`) for whom backups are encrypted with age. */
  CORDON_BACKUP_RECIPIENT: ageRecipient.optional(),
  /** Number of scheduled backups that the server keeps in `CORDON_BACKUP_FOLDER`. */
  CORDON_BACKUP_KEEP: wholeNumber(1, 100_000).default(14),
  /** Folder for scheduled backups of the keys of people. It belongs on another disk than `CORDON_BACKUP_FOLDER`. */
  CORDON_PERSON_KEY_BACKUP_FOLDER: z.string().min(1, 'a folder').optional(),
  CORDON_LOG: oneOf(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

const environment = variables.superRefine((values, context) => {
  const { CORDON_ADMIN_CERTIFICATE: certificate, CORDON_ADMIN_KEY: key, CORDON_ADMIN_BIND: bind } = values;
  const refuse = (variable: keyof typeof values, message: string) =>
    context.addIssue({ code: 'custom', path: [variable], message });
  if (certificate !== undefined && key === undefined)
    refuse('CORDON_ADMIN_KEY', 'the file with the private key of CORDON_ADMIN_CERTIFICATE');
  if (certificate === undefined && key !== undefined)
    refuse('CORDON_ADMIN_CERTIFICATE', 'the file with the certificate for CORDON_ADMIN_KEY');
  const { CORDON_BACKUP_SCHEDULE: schedule, CORDON_BACKUP_FOLDER: folder, CORDON_BACKUP_RECIPIENT: recipient } = values;
  if (schedule !== undefined && folder === undefined)
    refuse('CORDON_BACKUP_FOLDER', 'the folder for the backups of CORDON_BACKUP_SCHEDULE');
  if (schedule !== undefined && recipient === undefined)
    refuse('CORDON_BACKUP_RECIPIENT', 'the age recipient for the backups of CORDON_BACKUP_SCHEDULE');
  const { CORDON_MAIL_URL: mail, CORDON_MAIL_FROM: from } = values;
  if (mail !== undefined && from === undefined)
    refuse(
      'CORDON_MAIL_FROM',
      'the sender of the mail that goes out through CORDON_MAIL_URL, such as cordon@example.org',
    );
  if (mail === undefined && from !== undefined)
    refuse('CORDON_MAIL_URL', 'the mail server for CORDON_MAIL_FROM, such as smtp://USER:PASSWORD@mail.example.org');
  const { CORDON_OIDC_FILE: provider, CORDON_OIDC_CLIENT_SECRET: secret } = values;
  const { CORDON_OIDC_CLIENT_SECRET_FILE: secretFile } = values;
  if (provider === undefined && (secret !== undefined || secretFile !== undefined))
    refuse('CORDON_OIDC_FILE', 'the file that describes the identity provider of the client secret');
  if (secret !== undefined && secretFile !== undefined)
    refuse('CORDON_OIDC_CLIENT_SECRET_FILE', 'unset while CORDON_OIDC_CLIENT_SECRET is set');
  const { CORDON_ADMIN_URL: url, CORDON_ADMIN_PROXY_FROM: proxies } = values;
  const consoleHost =
    url === undefined ? (certificate === undefined ? 'localhost' : values.CORDON_NAMES[0]) : URL.parse(url)?.hostname;
  if (values.CORDON_REQUIRE_PASSKEYS && !rpIdSchema.safeParse(consoleHost?.toLowerCase()).success)
    refuse(
      'CORDON_REQUIRE_PASSKEYS',
      'false unless the console has a host name (CORDON_ADMIN_URL), because browsers allow no passkeys for an IP address',
    );
  if (url?.startsWith('https:') && certificate === undefined && proxies.length === 0)
    refuse(
      'CORDON_ADMIN_PROXY_FROM',
      'the address of the reverse proxy, because CORDON_ADMIN_URL begins with https:// and the admin listener itself has no certificate',
    );
  if (values.CORDON_PROXY_REQUIRED.length > 0 && values.CORDON_PROXY_FROM.length === 0)
    refuse('CORDON_PROXY_FROM', 'the address of the proxy for the listeners of CORDON_PROXY_REQUIRED');
  if (certificate === undefined && key === undefined && !isLoopback(bind)) {
    refuse(
      'CORDON_ADMIN_BIND',
      'a loopback address unless CORDON_ADMIN_CERTIFICATE and CORDON_ADMIN_KEY are set, because passwords would cross the network without encryption (from another machine, use ssh -L)',
    );
  }
});

/** Paths of the identity provider's settings and client secret. `secret`: client secret from the environment, or null. */
export interface OpenIdFiles {
  readonly file: string;
  readonly secret: string | null;
  readonly secretFile: string | null;
}

export interface Config {
  readonly home: string;
  readonly databaseUrl: string | null;
  readonly personKeys: string;
  readonly acceptLostPersonKeys: boolean;
  readonly personKeyBackupDays: number;
  readonly statementDays: number;
  readonly passphrase: string | null;
  /** Passphrase file outside the data folder. The first start generates it. */
  readonly passphraseFile: string;
  readonly organization: string;
  readonly names: readonly string[];
  readonly dropNames: readonly string[];
  readonly dropListeners: readonly string[];
  readonly bind: string;
  readonly devicePort: number;
  readonly publicPort: number;
  readonly admin: {
    readonly bind: string;
    readonly port: number;
    readonly names: readonly string[];
    /** PEM files of the admin listener's certificate and key. Null: plain HTTP, on a loopback address only. */
    readonly tls: { readonly certificate: string; readonly key: string } | null;
    /** Origin of the console for links; null for the listener's own address. */
    readonly url: string | null;
    readonly proxyFrom: readonly string[];
  };
  readonly sessionIdleMinutes: number;
  readonly requirePasskeys: boolean;
  readonly proxyFrom: readonly string[];
  readonly proxyRequired: readonly ListenerName[];
  readonly ipDatabase: string | null;
  readonly appeal: string;
  readonly operatorUrl: string | null;
  readonly securityContact: string | null;
  /** Mail server settings. Null: Cordon sends no mail, and shows links to the admins who create them. */
  readonly mail: { readonly server: MailServer; readonly from: string } | null;
  readonly witnesses: { readonly settings: readonly WitnessSetting[]; readonly lateMinutes: number };
  /** Identity provider for sign-in (OpenID Connect). Null: admins sign in with password and authenticator code. */
  readonly openid: OpenIdFiles | null;
  readonly largeShare: number;
  readonly privateReceivers: readonly string[];
  readonly evidenceDays: number;
  readonly activityDays: number;
  readonly packageBandwidth: number;
  readonly buildConsole: boolean;
  readonly ntp: string | null;
  /**
   * Time that an admin confirmed with CORDON_ACCEPT_CLOCK, so that the server starts although its clock seems implausible. In Unix
   * milliseconds; null if the variable is not set.
   */
  readonly acceptClock: number | null;
  readonly jumpDays: number;
  readonly backup: {
    readonly recipient: AgeRecipient | null;
    readonly scheduled: {
      readonly pattern: string;
      readonly folder: string;
      readonly keep: number;
      readonly keyFolder: string;
      readonly keyDays: number;
    } | null;
  };
  /** Socket of the service manager (sd_notify); null without one. */
  readonly notifySocket: string | null;
  readonly log: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

/** Parses flags and environment. Throws an `EnvironmentError` that names each variable with a problem. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const unknown = unknownVariables(env).map(unknownVariableText);
  const organization = env['CORDON_ORGANIZATION'];
  const parsed = environment.safeParse({
    ...env,
    ...(organization !== undefined && { CORDON_ORGANIZATION: organization }),
  });
  const invalid = (parsed.error?.issues ?? []).map((issue) => problemOf(issue, env));
  if (!parsed.success || unknown.length > 0) throw new EnvironmentError([...unknown, ...invalid]);
  const values = parsed.data;
  const { CORDON_ADMIN_CERTIFICATE: certificate, CORDON_ADMIN_KEY: key } = values;
  const home = resolve(values.CORDON_HOME);
  return Object.freeze({
    home,
    databaseUrl: values.CORDON_DATABASE_URL ?? null,
    personKeys: resolve(values.CORDON_PERSON_KEYS ?? join(home, 'person-keys')),
    acceptLostPersonKeys: values.CORDON_ACCEPT_LOST_PERSON_KEYS,
    personKeyBackupDays: values.CORDON_PERSON_KEY_BACKUP_DAYS,
    statementDays: values.CORDON_STATEMENT_DAYS,
    passphrase: values.CORDON_PASSPHRASE ?? null,
    passphraseFile: resolve(
      values.CORDON_PASSPHRASE_FILE ??
        join(env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'cordon', 'passphrase'),
    ),
    organization: values.CORDON_ORGANIZATION,
    names: values.CORDON_NAMES,
    dropNames: values.CORDON_DROP_NAMES,
    dropListeners: values.CORDON_DROP_LISTENERS,
    bind: values.CORDON_BIND,
    devicePort: values.CORDON_DEVICE_PORT,
    publicPort: values.CORDON_PUBLIC_PORT,
    admin: {
      bind: values.CORDON_ADMIN_BIND,
      port: values.CORDON_ADMIN_PORT,
      names: values.CORDON_ADMIN_NAMES,
      tls: certificate === undefined || key === undefined ? null : { certificate, key },
      url: values.CORDON_ADMIN_URL ?? null,
      proxyFrom: values.CORDON_ADMIN_PROXY_FROM,
    },
    sessionIdleMinutes: values.CORDON_SESSION_IDLE_MINUTES,
    requirePasskeys: values.CORDON_REQUIRE_PASSKEYS,
    proxyFrom: values.CORDON_PROXY_FROM,
    proxyRequired: values.CORDON_PROXY_REQUIRED,
    ipDatabase: values.CORDON_IP_DATABASE ?? null,
    appeal: values.CORDON_APPEAL,
    operatorUrl: values.CORDON_OPERATOR_URL ?? null,
    securityContact: values.CORDON_SECURITY_CONTACT ?? null,
    mail:
      values.CORDON_MAIL_URL === undefined || values.CORDON_MAIL_FROM === undefined
        ? null
        : { server: values.CORDON_MAIL_URL, from: values.CORDON_MAIL_FROM },
    witnesses: { settings: values.CORDON_WITNESSES, lateMinutes: values.CORDON_WITNESS_LATE_MINUTES },
    openid:
      values.CORDON_OIDC_FILE === undefined
        ? null
        : {
            file: resolve(values.CORDON_OIDC_FILE),
            secret: values.CORDON_OIDC_CLIENT_SECRET ?? null,
            secretFile: values.CORDON_OIDC_CLIENT_SECRET_FILE ?? null,
          },
    largeShare: values.CORDON_LARGE_SHARE,
    privateReceivers: values.CORDON_PRIVATE_RECEIVERS,
    evidenceDays: values.CORDON_EVIDENCE_DAYS,
    activityDays: values.CORDON_ACTIVITY_DAYS,
    packageBandwidth: values.CORDON_PACKAGE_BANDWIDTH,
    buildConsole: values.CORDON_BUILD_CONSOLE,
    ntp: values.CORDON_NTP ?? null,
    acceptClock: values.CORDON_ACCEPT_CLOCK === undefined ? null : Date.parse(values.CORDON_ACCEPT_CLOCK),
    jumpDays: values.CORDON_JUMP_DAYS,
    backup: {
      recipient: values.CORDON_BACKUP_RECIPIENT ?? null,
      scheduled:
        values.CORDON_BACKUP_SCHEDULE === undefined || values.CORDON_BACKUP_FOLDER === undefined
          ? null
          : {
              pattern: values.CORDON_BACKUP_SCHEDULE,
              folder: resolve(values.CORDON_BACKUP_FOLDER),
              keep: values.CORDON_BACKUP_KEEP,
              keyFolder: resolve(
                values.CORDON_PERSON_KEY_BACKUP_FOLDER ?? join(values.CORDON_BACKUP_FOLDER, 'person-keys'),
              ),
              keyDays: values.CORDON_PERSON_KEY_BACKUP_DAYS,
            },
    },
    notifySocket: env['NOTIFY_SOCKET'] ?? null,
    log: values.CORDON_LOG,
  });
}

/**
 * Hides the service manager's socket from child processes (sd_notify(3), `unset_environment`). Otherwise the service manager would
 * attribute errors of programs such as `timedatectl` to the service.
 */
export function forgetNotifySocket(): void {
  delete process.env['NOTIFY_SOCKET'];
}

/** Message about one faulty variable. It contains the value unless the value can be a secret. */
function problemOf({ path, message }: z.core.$ZodIssue, env: NodeJS.ProcessEnv): string {
  const name = String(path[0]);
  const value = env[name];
  if (value === undefined) return `${name} is not set. Set it: it must be ${message}.`;
  const shown = VARIABLES[name]?.secret ? '' : ` The value is ${JSON.stringify(value.slice(0, 200))}.`;
  return `${name} must be ${message}.${shown} Correct it or unset it.`;
}
