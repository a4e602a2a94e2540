/**
 * Checks of everything that a start needs, for `cordon check-config`. They start nothing. They make no file but those that SQLite makes beside
 * an existing database while it is open.
 */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { openCustody, resolvePassphrase } from '../../certs/custody.ts';
import { openSealedKey } from '../../certs/key-folder.ts';
import { inspectKeyFolder } from '../../certs/key-folder-contents.ts';
import { requirePrivateFile } from '../../shared/private-file.ts';
import { readAdminIdentity } from '../admin-identity.ts';
import { type Config, readConfig } from '../config.ts';
import { explainStartError } from '../start-error.ts';
import { judgeInstallation } from './installation.ts';
import { databaseAddressOf, keyFolderOf, preflight } from './preflight.ts';

const DAY = 86_400_000;
/** A server with less free space stops taking data soon after its start. */
const LEAST_FREE = 256 * 2 ** 20;
const KEYS = ['root', 'issuing', 'server', 'online', 'ledger'] as const;

export interface ConfigCheck {
  readonly ok: boolean;
  /** Single line with the result, or with the problem and its remedy. */
  readonly text: string;
}

export interface CheckOptions {
  /** False while the server runs: then its ports are in use. */
  readonly ports: boolean;
}

/** Runs every check, also after one has failed, unless the variables themselves cannot be read. */
export async function checkConfig({ ports }: CheckOptions): Promise<ConfigCheck[]> {
  let config: Config;
  try {
    config = readConfig();
  } catch (error) {
    return problemsOf(error, null);
  }
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
  await run(() => checkStore(config));
  const { tls } = config.admin;
  if (tls !== null) await run(() => checkAdminIdentity(tls));
  const { ipDatabase } = config;
  if (ipDatabase !== null) await run(() => checkReadable(ipDatabase));
  if (ports) {
    await run(() => checkPort(config.bind, config.devicePort, 'devices'));
    await run(() => checkPort(config.bind, config.publicPort, 'the public'));
    await run(() => checkPort(config.admin.bind, config.admin.port, 'admins'));
  }
  return checks;
}

const problemsOf = (error: unknown, config: Config | null): ConfigCheck[] =>
  explainStartError(error, config).lines.map((text) => ({ ok: false, text }));

/** The nearest folder above that exists. */
function existing(path: string): string {
  return existsSync(path) || dirname(path) === path ? path : existing(dirname(path));
}

function checkHome({ home }: Config): string {
  const folder = existing(home);
  accessSync(folder, constants.W_OK | constants.X_OK);
  const { bavail, bsize } = statfsSync(folder);
  const megabytes = Math.floor((bavail * bsize) / 2 ** 20);
  if (bavail * bsize < LEAST_FREE) {
    throw new Error(`the disk of ${folder} has only ${megabytes} MiB free; free at least ${LEAST_FREE / 2 ** 20} MiB`);
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
  // Other checks report ports in use.
  const portless = { ...config, devicePort: 0, publicPort: 0, admin: { ...config.admin, port: 0 } };
  const { database, ports, close } = await preflight(portless, () => Promise.resolve(null));
  ports.release();
  await close();
  return `The ${database.dialect === 'sqlite' ? 'SQLite' : 'PostgreSQL'} database can be opened, and the keys belong to it.`;
}

function checkAdminIdentity(files: { readonly certificate: string; readonly key: string }): string {
  const { notAfter } = readAdminIdentity(files);
  const days = Math.floor((notAfter - Date.now()) / DAY);
  if (days < 0) {
    throw new Error(`the certificate ${files.certificate} of the admin listener has expired; renew it`);
  }
  return `The certificate of the admin listener and its key belong together. It is valid for ${days} more days.`;
}

function checkReadable(path: string): string {
  accessSync(path, constants.R_OK);
  return `The IP database ${path} can be read.`;
}

async function checkPort(bind: string, port: number, users: string): Promise<string> {
  if (port === 0) return `The operating system will choose the port for ${users}.`;
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, bind, resolve);
  });
  await new Promise((resolve) => server.close(resolve));
  return `The port ${port} for ${users} is free.`;
}
