/**
 * Checks before the server's first write. If keys and store do not belong together, the server stops here, and both stay unchanged. New
 * read-only checks belong at the end of `preflight`.
 */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Authority } from '../../certs/authority.ts';
import { bindingOf, type InstallationBinding, writeBindingFile } from '../../certs/installation-file.ts';
import { inspectKeyFolder } from '../../certs/key-folder-contents.ts';
import { CordonError } from '../../shared/errors.ts';
import { openOwnCheckpoint } from '../../shared/ledger/checkpoint.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { ed25519FromSpki } from '../../shared/ledger/sign-checkpoint.ts';
import type { Config } from '../config.ts';
import { type ConnectedDatabase, connectDatabase, type Database, type DatabaseAddress } from '../store/database.ts';
import { DeviceListenerStore } from '../store/device-listener-store.ts';
import { DeviceNameStore } from '../store/device-name-store.ts';
import { bindStore, readStoreIdentity, type StoreIdentity } from '../store/identity-store.ts';
import { MarkStore } from '../store/mark-store.ts';
import { installationId } from '../store/meta-store.ts';
import type { PersonKeyFile } from '../store/person-key-file.ts';
import { PositionFile } from '../store/position-file.ts';
import { lockStore } from '../store/store-lock.ts';
import { type DeviceListeners, requireListeners } from './device-listeners.ts';
import { requireNames } from './device-names.ts';
import {
  judgeMark,
  markFilesOf,
  type ReadableMarks,
  readMarks,
  requireSignedMark,
  type StoredMark,
} from './high-water-mark.ts';
import { type DataLocations, judgeInstallation, requireSameKeys } from './installation.ts';
import { checkPersonKeys } from './person-keys.ts';
import { type ReservedPorts, reservePorts } from './reserved-ports.ts';

/**
 * Checks the machine's clock before the server's first write. `database`: source of earlier times for a comparison; null while the store is
 * empty. Returns a ledger entry if an admin has accepted an implausible clock, otherwise null. Throws `clock_implausible` for a clock that
 * no admin has accepted.
 */
export type ClockCheck = (
  database: Database | null,
  authorityEnds: number | null,
) => Promise<EntryDraft<'clock.accepted'> | null>;

export interface Preflight {
  readonly ports: ReservedPorts;
  /** Resolves if another server has taken over the lock of the store. This server must then stop. */
  readonly lockTakenOver: Promise<CordonError>;
  close(): Promise<void>;
  readonly database: Database;
  readonly keyFolder: string;
  readonly clockEntry: EntryDraft<'clock.accepted'> | null;
  /** Paths of the damaged copies of the high-water mark, if another copy is readable. */
  readonly damagedMarks: readonly string[];
  /**
   * Migrates the store, and records in the key folder, in the key file of people and in the store that they belong together. Returns the
   * installation's identifier.
   */
  settle(authority: Authority): Promise<{
    readonly installation: string;
    readonly personKeyFile: PersonKeyFile;
    readonly positionFile: PositionFile;
  }>;
}

type PreflightConfig = Pick<
  Config,
  | 'home'
  | 'databaseUrl'
  | 'personKeys'
  | 'acceptLostPersonKeys'
  | 'bind'
  | 'devicePort'
  | 'publicPort'
  | 'admin'
  | 'names'
  | 'dropNames'
  | 'dropListeners'
  | 'proxyFrom'
  | 'proxyRequired'
>;

export const keyFolderOf = (config: Pick<Config, 'home'>): string => join(config.home, 'keys');

export const personKeyFileOf = ({ personKeys }: Pick<Config, 'personKeys'>): string =>
  join(personKeys, 'person-keys.db');

/** File with the positions of devices in lost mode, in the folder that no backup contains. */
export const positionFileOf = ({ personKeys }: Pick<Config, 'personKeys'>): string =>
  join(personKeys, 'lost-positions.db');

export const databaseAddressOf = (config: Pick<Config, 'home' | 'databaseUrl'>): DatabaseAddress =>
  config.databaseUrl === null ? { file: join(config.home, 'cordon.db') } : { url: config.databaseUrl };

/**
 * Checks keys, store, host names, clock and ports before the server's first write. Writes only the lock of the store. Throws
 * `store_locked`, `installation_mismatch`, `store_set_back` (the database is older than the high-water mark), `names_in_use` (devices use a
 * host name that is no longer configured), `listeners_in_use` (a changed port or address cuts devices off), `clock_implausible`,
 * `store_incompatible`, `store_unavailable`, or `unavailable` (a port cannot be used). `reserve`: binds the ports; the check of a configuration beside a running server binds none of the configured ones.
 */
export async function preflight(
  config: PreflightConfig,
  checkClock: ClockCheck,
  reserve: (config: PreflightConfig) => Promise<ReservedPorts> = reservePorts,
): Promise<Preflight> {
  const keyFolder = keyFolderOf(config);
  const address = databaseAddressOf(config);
  const locations: DataLocations = { keys: keyFolder, store: nameOf(address) };
  const keys = inspectKeyFolder(keyFolder);
  // SQLite creates a missing file when it connects, so the existence of the file is checked first.
  if ('file' in address && isAbsent(address.file)) judgeInstallation(keys, null, locations);

  const lockTakenOver = Promise.withResolvers<CordonError>();
  const undo: (() => Promise<void> | void)[] = [];
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  let ports: ReservedPorts | null = null;
  try {
    let reset: () => void = () => undefined;
    const lock = await lockStore(address, { onLost: () => reset(), onTakenOver: lockTakenOver.resolve });
    undo.push(lock.release);
    ports = await reserve(config);
    const connected = await connectDatabase(address, lock.refusal);
    reset = connected.reset;
    const { database } = connected;
    undo.push(database.close);
    const identity = connected.empty ? null : await readStoreIdentity(database.db);
    const verdict = judgeInstallation(keys, identity, locations);
    const db = connected.empty ? null : database.db;
    const personKeys = await checkPersonKeys(personKeyFileOf(config), db, config.acceptLostPersonKeys);
    const { marks, damaged } = await checkMarks(markFilesOf(keyFolder, config.personKeys), {
      name: locations.store,
      installation: identity?.installation ?? null,
      database: connected.empty ? null : database,
    });
    const names = connected.empty ? [] : await new DeviceNameStore(database).deviceNames();
    const forgotten = requireNames(names, config.names, config.dropNames);
    requireListeners(connected.empty ? null : await listenersInUse(database), config, config.dropListeners);
    const clockEntry = await checkClock(connected.empty ? null : database, issuingEnd(keyFolder));
    return {
      database,
      clockEntry,
      damagedMarks: damaged,
      keyFolder,
      ports,
      lockTakenOver: lockTakenOver.promise,
      close,
      async settle(authority) {
        const bound = verdict === 'open';
        const installation = await settle(
          { connected, keyFolder, identity, locations, bound, forgotten, listeners: config, marks },
          authority,
        );
        const personKeyFile = await personKeys.open(database.db, installation);
        undo.push(() => personKeyFile.close());
        const positionFile = new PositionFile(positionFileOf(config));
        undo.push(() => positionFile.close());
        return { installation, personKeyFile, positionFile };
      },
    };
  } catch (error) {
    // The ports are released only after a failure. After a successful preflight, the listeners own them.
    ports?.release();
    await close();
    throw error;
  }
}

/** Settings of the listeners at the last start; null if no enrolled device uses them. */
async function listenersInUse(database: Database): Promise<DeviceListeners | null> {
  const store = new DeviceListenerStore(database);
  const listeners = await store.deviceListeners();
  return listeners !== null && (await store.hasActiveDevices()) ? listeners : null;
}

interface Settling {
  readonly connected: ConnectedDatabase;
  readonly keyFolder: string;
  readonly identity: StoreIdentity | null;
  readonly locations: DataLocations;
  readonly bound: boolean;
  readonly forgotten: readonly string[];
  readonly listeners: DeviceListeners;
  readonly marks: readonly StoredMark[];
}

async function settle(of: Settling, authority: Authority): Promise<string> {
  const { database, migrate } = of.connected;
  if (of.identity) await requireKeysOf(of.identity, authority, of.locations);
  for (const mark of of.marks) requireSignedMark(mark, authority.online);
  await migrate();
  await new DeviceNameStore(database).removeDeviceNames(of.forgotten);
  await new DeviceListenerStore(database).saveDeviceListeners(of.listeners);
  const installation = await installationId(database);
  if (of.bound) return installation;
  const binding = bindingOf(authority, installation);
  // The sequence of these writes matters: after an interruption at any step, the next start can continue. If the binding file were written
  // before `finishFounding`, the next start would report missing files.
  await bindStore(database.db, binding);
  authority.finishFounding();
  writeBindingFile(of.keyFolder, binding);
  return installation;
}

/**
 * Compares the decrypted keys with the store. If the store has no binding, its newest checkpoint shows whether the ledger key belongs to
 * the store.
 */
export async function requireKeysOf(
  store: StoreIdentity,
  authority: Authority,
  locations: DataLocations,
): Promise<void> {
  const { installation, binding, checkpoint } = store;
  if (installation === null) return;
  const opened = bindingOf(authority, installation);
  if (binding) return requireSameKeys(opened, binding, locations);
  if (checkpoint === null) return;
  const publicKey = ed25519FromSpki(Buffer.from(authority.ledgerKey.publicKey, 'base64'));
  const signed = await openOwnCheckpoint(checkpoint, installation, publicKey).then(
    () => true,
    () => false,
  );
  const expected: InstallationBinding = signed ? opened : { ...opened, ledgerKey: 'unknown' };
  requireSameKeys(opened, expected, locations);
}

/** Compares the store with each copy of the high-water mark. The signatures are checked later, because this needs the passphrase. */
async function checkMarks(
  paths: readonly string[],
  store: { readonly name: string; readonly installation: string | null; readonly database: Database | null },
): Promise<ReadableMarks> {
  const read = readMarks(paths);
  if (read.marks.length === 0 || store.database === null) return read;
  const of = new MarkStore(store.database);
  const heights = await of.heights();
  for (const stored of read.marks) {
    const { size } = stored.mark.heights.ledger;
    const root = size > 0 && size <= heights.ledger.size ? await of.rootAt(size) : null;
    judgeMark(stored, { ...store, heights }, root);
  }
  return read;
}

/** The issuing CA's certificate is public, so reading it needs no passphrase. */
function issuingEnd(keyFolder: string): number | null {
  const file = join(keyFolder, 'issuing.crt');
  return existsSync(file) ? Date.parse(new X509Certificate(readFileSync(file)).validTo) : null;
}

const isAbsent = (file: string): boolean => !existsSync(file) || statSync(file).size === 0;

/** Removes user name and password from a database URL. */
export function nameOf(address: DatabaseAddress): string {
  if ('file' in address) return address.file;
  try {
    const { protocol, host, pathname } = new URL(address.url);
    return `${protocol}//${host}${pathname}`;
  } catch (error) {
    throw new CordonError('invalid_input', 'CORDON_DATABASE_URL is not a URL.', {}, error);
  }
}
