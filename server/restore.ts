/**
 * Program of `cordon restore`, for the server's machine while no server runs. All checks come before the first change. Old files are
 * renamed, never deleted; only a PostgreSQL database is overwritten.
 */
import { createReadStream, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { openAuthority } from '../certs/authority.ts';
import { resolvePassphrase } from '../certs/custody.ts';
import { readCrl } from '../certs/read-crl.ts';
import { type OpenedWith, openStream } from '../shared/age/stream.ts';
import { syncFolder } from '../shared/durable-file.ts';
import { CordonError } from '../shared/errors.ts';
import { copyInFolder } from '../shared/ledger/copy-ledger.ts';
import type { Config } from './config.ts';
import { CRL_COVERS, CRL_LIFETIME } from './enrollment/revocation-list.ts';
import { EXPIRES_AFTER } from './orders/adoption/order-list.ts';
import type { KeyBackup } from './person-keys/key-backup.ts';
import type { KeyWrapper } from './person-keys/person-keys.ts';
import { openLedgerCopy } from './recovery/ledger-copy.ts';
import type { Manifest } from './recovery/manifest.ts';
import { prepareRestoredStore } from './recovery/prepare-restored-store.ts';
import { ipDatabaseOf, keysOf, type OpenArchive, tablesOf, verifyBackup } from './recovery/read-backup.ts';
import type { RecoveryState } from './recovery/recovery-state.ts';
import { openKeyBackup, putKeyFile } from './restore-person-keys.ts';
import { markFilesOf, type StoreHeights, writeMark } from './startup/high-water-mark.ts';
import { databaseAddressOf, keyFolderOf, personKeyFileOf } from './startup/preflight.ts';
import type { DatabaseAddress } from './store/database.ts';
import { MarkStore } from './store/mark-store.ts';
import { PersonKeyFile } from './store/person-key-file.ts';
import { forgetKeyFile, recordKeyFile } from './store/person-key-records.ts';
import { fillDatabase, openEmpty, restoreWith } from './store/restore-store.ts';
import { lockStore } from './store/store-lock.ts';

export interface RestoreOptions {
  readonly file: string;
  readonly secret: OpenedWith;
  /** Revocation list (DER or PEM) from the admin's own storage. */
  readonly crl: string | null;
  /**
   * Backup of the keys of people; null: the file `.keys` beside the backup, if this machine has no key file of the installation. The secret
   * of the backup also decrypts this file.
   */
  readonly personKeys: string | null;
  /** True to restore without the keys of people. The server then deletes the records that nothing can decrypt. */
  readonly losePersonKeys: boolean;
  /** Folder that `cordon ledger copy` created. */
  readonly ledger: string | null;
  /** True to move the existing data to another folder before the restore. */
  readonly replace: boolean;
  readonly verifyOnly: boolean;
}

export interface Restored {
  readonly manifest: Manifest;
  readonly state: RecoveryState | null;
  /** Folder with the earlier data; null if there was none. */
  readonly formerData: string | null;
  /**
   * Keys of people after the restore. `restored`: from their backup. `kept`: the existing key file belongs to the installation. `lost`: the
   * encrypted records of people stay unreadable.
   */
  readonly personKeys: 'restored' | 'kept' | 'lost';
}

export const LIFETIMES = { list: EXPIRES_AFTER, crl: CRL_LIFETIME, crlCovers: CRL_COVERS };

const NEEDED = ['authority.json', 'custody.json', 'root.crt', 'issuing.crt', 'issuing.key', 'online.key', 'ledger.key'];

export async function restore(config: Config, options: RestoreOptions): Promise<Restored> {
  const { file, secret, replace } = options;
  const archive: OpenArchive = () => openStream(createReadStream(file), secret);

  // --- checks -------------------------------------------------------------------------------------------------------
  const manifest = await verifyBackup(archive);
  requireClock(manifest);
  const keyFolder = keyFolderOf(config);
  const target = databaseAddressOf(config);
  const inTheWay = [keyFolder, ...('file' in target ? sqliteFiles(target.file) : [])].filter((path) =>
    existsSync(path),
  );
  if (inTheWay.length > 0 && !replace && !options.verifyOnly) {
    throw new CordonError(
      'conflict',
      `There is data already: ${inTheWay.join(', ')}. Nothing was changed. Choose an empty CORDON_HOME, or give --replace to move it aside.`,
    );
  }
  mkdirSync(config.home, { recursive: true, mode: 0o700 });
  const lock = await lockStore(target, { onLost: () => undefined, onTakenOver: () => undefined });
  const staging = join(config.home, 'restore-staging');
  try {
    rmSync(staging, { recursive: true, force: true });
    mkdirSync(join(staging, 'keys'), { recursive: true, mode: 0o700 });
    const authority = await openKeys(config, archive, manifest, join(staging, 'keys'));
    const crl = options.crl === null ? null : readCrl(readBytes(options.crl), authority.issuingDer);
    const ledger =
      options.ledger === null
        ? null
        : await openLedgerCopy(copyInFolder(options.ledger), manifest.installation, manifest.ledger.key);
    const keys = await openPersonKeys(config, options, manifest.installation, authority);
    if (options.verifyOnly) return { manifest, state: null, formerData: null, personKeys: keys.result };

    // --- store ------------------------------------------------------------------------------------------------------
    const filled: DatabaseAddress = 'file' in target ? { file: join(staging, 'cordon.db') } : target;
    const database = await openEmpty(filled, replace);
    let state: RecoveryState;
    let heights: StoreHeights;
    try {
      await fillDatabase(database, manifest.migrations, tablesOf(archive));
      const [now, realNow] = [Date.now(), Date.now()];
      state = await restoreWith(database, (work) =>
        prepareRestoredStore(work, { manifest, authority, ledger, crl, now, realNow, lifetimes: LIFETIMES }),
      );
      await database.transaction((tx) => (keys.id === null ? forgetKeyFile(tx) : recordKeyFile(tx, keys.id)));
      heights = await new MarkStore(database).heights();
    } finally {
      await database.close();
    }

    // --- files ------------------------------------------------------------------------------------------------------
    await putIpDatabase(config.home, archive, manifest);
    const formerData = inTheWay.length > 0 ? moveAside(config.home, inTheWay) : null;
    renameSync(join(staging, 'keys'), keyFolder);
    if ('file' in target && 'file' in filled) renameSync(filled.file, target.file);
    if (keys.backup) putKeyFile(personKeyFileOf(config), keys.backup);
    syncFolder(config.home);
    // The mark comes last. After an interruption before it, the server refuses the restored store, and the restore can be repeated.
    const mark = { installation: manifest.installation, at: Date.now(), heights };
    await writeMark(markFilesOf(keyFolder, config.personKeys), mark, authority.online);
    return { manifest, state, formerData, personKeys: keys.result };
  } finally {
    rmSync(staging, { recursive: true, force: true });
    await lock.release();
  }
}

/** Decides which keys of people the restored server gets, before the first change. */
async function openPersonKeys(
  config: Config,
  { file: backupFile, personKeys: given, losePersonKeys, verifyOnly, secret }: RestoreOptions,
  installation: string,
  wrapper: KeyWrapper,
): Promise<{ readonly result: Restored['personKeys']; readonly id: string | null; readonly backup: KeyBackup | null }> {
  const path = personKeyFileOf(config);
  const beside = `${backupFile}.keys`;
  const found = !existsSync(path) && existsSync(beside) && !losePersonKeys ? beside : null;
  const personKeys = given ?? found;
  if (personKeys !== null) {
    const backup = await openKeyBackup(personKeys, secret, { installation, days: config.personKeyBackupDays, wrapper });
    return { result: 'restored', id: backup.id, backup };
  }
  if (!existsSync(path)) {
    if (losePersonKeys || verifyOnly) return { result: 'lost', id: null, backup: null };
    throw new CordonError(
      'conflict',
      `A backup has two files, and the second one with the keys of people is missing: there is no ${beside}. Nothing was changed. Without these keys, nothing can decrypt the connection log and the enrollment details. Give the file with --person-keys. If it is lost, give --lose-person-keys: the server then deletes these records.`,
    );
  }
  const file = new PersonKeyFile(path);
  try {
    const identity = file.identity();
    if (identity?.installation === installation) return { result: 'kept', id: identity.id, backup: null };
    throw new CordonError(
      'conflict',
      `The file ${path} has the keys of people of another installation. Nothing was changed. Correct CORDON_PERSON_KEYS, or move the file.`,
    );
  } finally {
    file.close();
  }
}

const sqliteFiles = (file: string): string[] => [file, `${file}-wal`, `${file}-shm`];

export function readBytes(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new CordonError('not_found', `Cannot read ${file}. Give a file that exists.`, {}, error);
  }
}

/**
 * Version numbers increase with the time since the backup. If the clock showed a time before the backup, the new versions would be too low,
 * and devices would refuse them.
 */
function requireClock({ realAt }: Manifest): void {
  if (Date.now() >= realAt) return;
  throw new CordonError(
    'clock_implausible',
    `The machine's clock shows a time before the backup was made (${new Date(realAt).toISOString()}). Nothing was changed. Correct the clock and try again.`,
  );
}

/** Decrypts the backup's keys with the server's passphrase, because an unreadable backup must not replace anything. */
async function openKeys(config: Config, archive: OpenArchive, manifest: Manifest, folder: string) {
  const keys = await keysOf(archive);
  const missing = NEEDED.filter((name) => !keys.has(name));
  if (missing.length > 0) {
    throw new CordonError('backup_damaged', `The backup lacks the keys ${missing.join(', ')}. Use another backup.`);
  }
  for (const [name, body] of keys) writeFileSync(join(folder, name), body, { mode: 0o600, flush: true });
  const { passphrase } = resolvePassphrase({ given: config.passphrase, file: config.passphraseFile, folder });
  const authority = openAuthority({
    folder,
    passphrase,
    organization: config.organization,
    serverNames: config.names,
    crlUrl: null,
    finish: 'later',
  });
  const ledgerKey = Buffer.from(authority.ledgerKey.publicKey, 'base64').subarray(-32).toString('base64');
  if (authority.fingerprint !== manifest.authority || !manifestKeyIs(manifest.ledger.key, ledgerKey)) {
    throw new CordonError(
      'backup_damaged',
      'The keys of the backup are not those that its manifest names. Use another backup.',
    );
  }
  return authority;
}

/** Verifier key `name+id+base64`. The base64 contains one byte for the kind of key and then the key. */
function manifestKeyIs(verifierKey: string, raw: string): boolean {
  const typed = Buffer.from(verifierKey.split('+').slice(2).join('+'), 'base64');
  return typed.subarray(1).toString('base64') === raw;
}

async function putIpDatabase(home: string, archive: OpenArchive, { ipDatabase }: Manifest): Promise<void> {
  if (!ipDatabase) return;
  const folder = join(home, 'ip');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = await open(join(folder, `${ipDatabase.hash}.mmdb`), 'w', 0o600);
  try {
    for await (const piece of ipDatabaseOf(archive)) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

function moveAside(home: string, paths: readonly string[]): string {
  const folder = join(home, `before-restore-${new Date().toISOString().replace(/[-:.]/g, '')}`);
  mkdirSync(folder, { mode: 0o700 });
  for (const path of paths) renameSync(path, join(folder, path.split('/').at(-1) ?? 'data'));
  return folder;
}
