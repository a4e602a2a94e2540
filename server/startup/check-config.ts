/**
 * Checks everything that a start needs, for `cordon check-config`. The check creates no file, except the files that SQLite creates beside
 * an open database.
 */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { openCustody, resolvePassphrase } from '../../certs/custody.ts';
import { openSealedKey } from '../../certs/key-folder.ts';
import { inspectKeyFolder } from '../../certs/key-folder-contents.ts';
import { PROVIDER_PATH } from '../../shared/api/provider.ts';
import { type CordonError, isCordonError } from '../../shared/errors.ts';
import { requirePrivateFile } from '../../shared/private-file.ts';
import { readAdminIdentity } from '../admin-identity.ts';
import { type Config, type OpenIdFiles, readConfig } from '../config.ts';
import { consoleOrigin } from '../console-link.ts';
import { type ProviderSettings, readProviderSettings } from '../openid/provider-settings.ts';
import { explainStartError } from '../start-error.ts';
import { judgeInstallation } from './installation.ts';
import { databaseAddressOf, keyFolderOf, preflight } from './preflight.ts';
import { reservePorts } from './reserved-ports.ts';

const DAY = 86_400_000;
/** Minimum free disk space in bytes. A server with less space soon stops accepting data. */
const LEAST_FREE = 256 * 2 ** 20;
const KEYS = ['root', 'issuing', 'server', 'online', 'ledger'] as const;

export interface ConfigCheck {
  readonly ok: boolean;
  readonly warning?: true;
  readonly text: string;
}

export interface ConfigReport {
  readonly checks: readonly ConfigCheck[];
  /** True if a running server has the lock of the store. The check then skips the database and the ports in use. */
  readonly running: boolean;
}

export interface CheckOptions {
  readonly ports: boolean;
}

/** Runs all checks, even after a failed one. An unreadable environment variable ends the checks. */
export async function checkConfig({ ports }: CheckOptions): Promise<ConfigReport> {
  let config: Config;
  try {
    config = readConfig();
  } catch (error) {
    return { checks: problemsOf(error, null), running: false };
  }
  let running = false;
  const checks: ConfigCheck[] = [{ ok: true, text: 'The environment variables are valid.' }];
  const run = async (check: () => string | Promise<string>) => {
    try {
      checks.push({ ok: true, text: await check() });
    } catch (error) {
      checks.push(...problemsOf(error, config));
    }
  };
  await run(() => checkHome(config));
  await run(() => checkKeys(config));
  await run(async () => {
    try {
      return await checkStore(config);
    } catch (error) {
      if (!isCordonError(error, 'store_locked')) throw error;
      running = true;
      return runningText(error);
    }
  });
  const { tls } = config.admin;
  if (tls !== null) await run(() => checkAdminIdentity(tls));
  const { mail } = config;
  if (mail !== null) checks.push(await checkMail(mail, config.organization));
  const { openid } = config;
  if (openid !== null) checks.push(...(await checkProvider(openid, config)));
  const { ipDatabase } = config;
  if (ipDatabase !== null) await run(() => checkReadable(ipDatabase));
  if (ports) {
    const check = (bind: string, port: number, users: string) => run(() => checkPort(bind, port, { users, running }));
    await check(config.bind, config.devicePort, 'devices');
    await check(config.bind, config.publicPort, 'the public');
    await check(config.admin.bind, config.admin.port, 'admins');
  }
  return { checks, running };
}

function runningText({ context: { pid, host, since } }: CordonError): string {
  const process = pid === undefined ? '' : ` (process ${pid} on host ${host}, since ${since})`;
  return `A server is running on this store${process}. The database was not checked further.`;
}

const problemsOf = (error: unknown, config: Config | null): ConfigCheck[] =>
  explainStartError(error, config).lines.map((text) => ({ ok: false, text }));

function existing(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existing(dirname(path));
}

function checkHome({ home }: Config): string {
  const folder = existing(home);
  accessSync(folder, constants.W_OK | constants.X_OK);
  const { bavail, bsize } = statfsSync(folder);
  const megabytes = Math.floor((bavail * bsize) / 2 ** 20);
  if (bavail * bsize < LEAST_FREE) {
    throw new Error(`the disk of ${folder} has only ${megabytes} MiB free. Free at least ${LEAST_FREE / 2 ** 20} MiB`);
  }
  const state = folder === home ? 'exists and can be written' : 'will be created';
  return `The data folder ${home} ${state}. Its disk has ${megabytes} MiB free.`;
}

function checkKeys(config: Config): string {
  const folder = keyFolderOf(config);
  const { passphrase, passphraseFile: file } = config;
  if (!existsSync(join(folder, 'custody.json'))) {
    if (passphrase !== null) return 'The first start will create keys and encrypt them with CORDON_PASSPHRASE.';
    if (existsSync(file)) {
      resolvePassphrase({ given: null, file, folder });
      return `The first start will create keys and encrypt them with the passphrase in ${file}.`;
    }
    accessSync(existing(dirname(file)), constants.W_OK | constants.X_OK);
    return `The first start will create keys, and a passphrase in ${file}.`;
  }
  const custody = openCustody(folder, resolvePassphrase({ given: passphrase, file, folder }).passphrase);
  const paths = KEYS.map((name) => ({ name, path: join(folder, `${name}.key`) })).filter(({ path }) =>
    existsSync(path),
  );
  for (const { name, path } of paths) {
    requirePrivateFile(path);
    openSealedKey(path, name, custody);
  }
  return `The passphrase decrypts the ${paths.length} keys in ${folder}.`;
}

async function checkStore(config: Config): Promise<string> {
  const address = databaseAddressOf(config);
  if ('file' in address && !existsSync(address.file)) {
    judgeInstallation(inspectKeyFolder(keyFolderOf(config)), null, { keys: keyFolderOf(config), store: address.file });
    return `The first start will create the database ${address.file}.`;
  }
  // A port in use is ignored here, because another check reports it.
  const portless = { ...config, devicePort: 0, publicPort: 0, admin: { ...config.admin, port: 0 } };
  const { database, ports, close } = await preflight(
    config,
    () => Promise.resolve(null),
    () => reservePorts(portless),
  );
  ports.release();
  await close();
  return `The ${database.dialect === 'sqlite' ? 'SQLite' : 'PostgreSQL'} database can be opened, and the keys belong to it.`;
}

function checkAdminIdentity(files: { readonly certificate: string; readonly key: string }): string {
  const { notAfter } = readAdminIdentity(files);
  const days = Math.floor((notAfter - Date.now()) / DAY);
  if (days < 0) {
    throw new Error(`the certificate ${files.certificate} of the admin listener has expired. Renew it`);
  }
  return `The certificate of the admin listener and its key belong together. It is valid for ${days} more days.`;
}

/** The result is only a warning, because the server starts even without its mail server. */
async function checkMail(mail: NonNullable<Config['mail']>, organization: string): Promise<ConfigCheck> {
  const { createSmtpMailer } = await import('../smtp/smtp-mailer.ts');
  const quiet = { warn: () => undefined, info: () => undefined };
  const mailer = createSmtpMailer({ ...mail, organization, log: quiet });
  const failure = await mailer.check();
  await mailer.stop();
  if (failure === null) return { ok: true, text: 'The mail server accepts the connection and the login.' };
  return { ok: true, warning: true, text: `${failure} The server starts, but sends no mail until this is corrected.` };
}

/** The result is only a warning, because the server starts even if the identity provider cannot be reached. */
async function checkProvider(files: OpenIdFiles, config: Config): Promise<ConfigCheck[]> {
  let settings: ProviderSettings;
  try {
    settings = readProviderSettings(files);
  } catch (error) {
    return problemsOf(error, config);
  }
  const origin = consoleOrigin(config, config.admin.port);
  const redirectUri = `${origin}${PROVIDER_PATH}`;
  const { roles, name } = settings;
  const valid: ConfigCheck = {
    ok: true,
    text: `The file ${files.file} gives roles to ${roles.length} groups of ${name}. Register this redirect URI there: ${redirectUri}`,
  };
  const { createOpenIdProvider } = await import('../openid/openid-provider.ts');
  const quiet = { warn: () => undefined };
  const uris = { redirectUri: () => redirectUri, afterSignOut: () => origin };
  const failure = await createOpenIdProvider({ settings, ...uris, log: quiet }).check();
  if (failure === null) return [valid, { ok: true, text: `${name} responds, and its issuer is ${settings.issuer}.` }];
  return [valid, { ok: true, warning: true, text: failure }];
}

function checkReadable(path: string): string {
  accessSync(path, constants.R_OK);
  return `The IP database ${path} can be read.`;
}

async function checkPort(
  bind: string,
  port: number,
  { users, running }: { readonly users: string; readonly running: boolean },
): Promise<string> {
  if (port === 0) return `The operating system will choose the port for ${users}.`;
  const server = createServer();
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, bind, resolve);
    });
  } catch (error) {
    const isInUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    if (!running || !isInUse) throw error;
    return `The port ${port} for ${users} is in use, as expected while a server runs.`;
  }
  await new Promise((resolve) => server.close(resolve));
  return `The port ${port} for ${users} is free.`;
}
