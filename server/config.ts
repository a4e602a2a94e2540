/**
 * Flags and environment, parsed once into a frozen object. Nothing else under `server/` reads `process.env`.
 */
import { BlockList, isIP } from 'node:net';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const port = z.coerce.number().int().min(0).max(65_535);
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);

/** Addresses at which nothing leaves this machine. */
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8);
loopback.addAddress('::1', 'ipv6');
const isLoopback = (bind: string): boolean =>
  bind === 'localhost' || (isIP(bind) !== 0 && loopback.check(bind, isIP(bind) === 6 ? 'ipv6' : 'ipv4'));

const variables = z.object({
  CORDON_HOME: z.string().default('./.cordon'),
  /** `postgres://…` for PostgreSQL; absent: SQLite in the data folder. */
  CORDON_DATABASE_URL: z.string().optional(),
  CORDON_PASSPHRASE: z.string().optional(),
  CORDON_PASSPHRASE_FILE: z.string().optional(),
  CORDON_ORGANISATION: z.string().min(1).max(120).default('Cordon'),
  /** Names and addresses under which devices reach the server: the first stands in activation links, all in the certificate. */
  CORDON_NAMES: list.default(['localhost', '127.0.0.1']),
  CORDON_BIND: z.string().default('0.0.0.0'),
  CORDON_DEVICE_PORT: port.default(8443),
  CORDON_PUBLIC_PORT: port.default(8444),
  CORDON_ADMIN_PORT: port.default(8445),
  CORDON_ADMIN_BIND: z.string().default('127.0.0.1'),
  /** Further names under which admins reach the admin listener: a reverse proxy's. */
  CORDON_ADMIN_NAMES: list.default([]),
  CORDON_ADMIN_CERTIFICATE: z.string().optional(),
  CORDON_ADMIN_KEY: z.string().optional(),
  /** Addresses or CIDR ranges whose PROXY protocol header is believed. Empty: none is read. */
  CORDON_PROXY_FROM: list.default([]),
  CORDON_IP_DATABASE: z.string().optional(),
  /** Whom a person who is denied service can turn to, when an order does not say. */
  CORDON_APPEAL: z.string().max(400).default('your administrator'),
  /** Where a refusal by an order leads (RFC 7725); `{order}` in it stands for the order's number. */
  CORDON_OPERATOR_URL: z.string().optional(),
  /** Percent of the fleet: an order that denies service to more is warned of. */
  CORDON_LARGE_SHARE: z.coerce.number().min(0).max(100).default(10),
  /** How many days back one can ask where a device was, and why it might do what it might. What that takes is kept a month longer. */
  CORDON_EVIDENCE_DAYS: z.coerce.number().int().min(1).max(3650).default(400),
  /** `false`: `npm start` takes the console as it finds it. */
  CORDON_BUILD_CONSOLE: z.stringbool().default(true),
  CORDON_LOG: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
});

/** Passwords and sessions of admins cross no network in clear, by mistake either. */
const environment = variables.superRefine((given, context) => {
  const { CORDON_ADMIN_CERTIFICATE: certificate, CORDON_ADMIN_KEY: key, CORDON_ADMIN_BIND: bind } = given;
  const refuse = (variable: keyof typeof given, message: string) =>
    context.addIssue({ code: 'custom', path: [variable], message });
  if (certificate !== undefined && key === undefined)
    refuse('CORDON_ADMIN_KEY', 'is missing: the certificate needs its key');
  if (certificate === undefined && key !== undefined)
    refuse('CORDON_ADMIN_CERTIFICATE', 'is missing: the key needs its certificate');
  if (certificate === undefined && key === undefined && !isLoopback(bind)) {
    refuse(
      'CORDON_ADMIN_BIND',
      'is not loopback, and passwords would cross the network in clear: give CORDON_ADMIN_CERTIFICATE and CORDON_ADMIN_KEY too, or stay on 127.0.0.1 and use ssh -L',
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
  readonly bind: string;
  readonly devicePort: number;
  readonly publicPort: number;
  readonly admin: {
    readonly bind: string;
    readonly port: number;
    readonly names: readonly string[];
    /** Files, PEM. Null: plain HTTP, on loopback alone. */
    readonly tls: { readonly certificate: string; readonly key: string } | null;
  };
  readonly proxyFrom: readonly string[];
  readonly ipDatabase: string | null;
  readonly appeal: string;
  readonly operatorUrl: string | null;
  readonly largeShare: number;
  readonly evidenceDays: number;
  readonly buildConsole: boolean;
  readonly log: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

/** Throws a `ZodError` that names the variable. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const given = environment.parse(env);
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
    organisation: given.CORDON_ORGANISATION,
    names: given.CORDON_NAMES,
    bind: given.CORDON_BIND,
    devicePort: given.CORDON_DEVICE_PORT,
    publicPort: given.CORDON_PUBLIC_PORT,
    admin: {
      bind: given.CORDON_ADMIN_BIND,
      port: given.CORDON_ADMIN_PORT,
      names: given.CORDON_ADMIN_NAMES,
      tls: certificate === undefined || key === undefined ? null : { certificate, key },
    },
    proxyFrom: given.CORDON_PROXY_FROM,
    ipDatabase: given.CORDON_IP_DATABASE ?? null,
    appeal: given.CORDON_APPEAL,
    operatorUrl: given.CORDON_OPERATOR_URL ?? null,
    largeShare: given.CORDON_LARGE_SHARE,
    evidenceDays: given.CORDON_EVIDENCE_DAYS,
    buildConsole: given.CORDON_BUILD_CONSOLE,
    log: given.CORDON_LOG,
  });
}
