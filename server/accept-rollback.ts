/**
 * Program of `cordon accept-rollback`, for the server's machine while no server runs. Prepares a database that was set back outside of
 * `cordon restore`, for example by a snapshot or a point-in-time recovery, in the same way as a restored backup. The high-water mark then
 * accepts this database. All checks come before the first change.
 */
import { openAuthority } from '../certs/authority.ts';
import { resolvePassphrase } from '../certs/custody.ts';
import { inspectKeyFolder } from '../certs/key-folder-contents.ts';
import { readCrl } from '../certs/read-crl.ts';
import { CordonError } from '../shared/errors.ts';
import { originOf } from '../shared/ledger/checkpoint.ts';
import { copyInFolder } from '../shared/ledger/copy-ledger.ts';
import { ed25519FromSpki, verifierKey } from '../shared/ledger/sign-checkpoint.ts';
import type { Config } from './config.ts';
import { openLedgerCopy } from './recovery/ledger-copy.ts';
import { FORMAT, type Manifest } from './recovery/manifest.ts';
import { prepareRestoredStore } from './recovery/prepare-restored-store.ts';
import type { RecoveryState } from './recovery/recovery-state.ts';
import { LIFETIMES, readBytes } from './restore.ts';
import {
  behindMark,
  markFilesOf,
  readMarks,
  requireSignedMark,
  type StoredMark,
  writeMark,
} from './startup/high-water-mark.ts';
import { judgeInstallation } from './startup/installation.ts';
import { databaseAddressOf, keyFolderOf, nameOf, requireKeysOf } from './startup/preflight.ts';
import { connectDatabase, type Database } from './store/database.ts';
import { readStoreIdentity } from './store/identity-store.ts';
import { LedgerStore } from './store/ledger-store.ts';
import { MarkStore, setMarkCounter } from './store/mark-store.ts';
import { restoreWith } from './store/restore-store.ts';
import { SnapshotStore } from './store/snapshot-store.ts';
import { lockStore } from './store/store-lock.ts';
import { VERSION } from './version.ts';

export interface RollbackOptions {
  /** Revocation list (DER or PEM) from the admin's own storage. */
  readonly crl: string | null;
  /** Folder that `cordon ledger copy` created. */
  readonly ledger: string | null;
}

export interface AcceptedRollback {
  readonly manifest: Manifest;
  readonly state: RecoveryState;
  /** Heights that the database lacks, compared with the high-water mark. */
  readonly behind: readonly string[];
}

export async function acceptRollback(config: Config, options: RollbackOptions): Promise<AcceptedRollback> {
  const keyFolder = keyFolderOf(config);
  const address = databaseAddressOf(config);
  const locations = { keys: keyFolder, store: nameOf(address) };
  const paths = markFilesOf(keyFolder, config.personKeys);
  const { marks } = readMarks(paths);
  if (marks.length === 0) {
    throw new CordonError(
      'not_found',
      `There is no high-water mark at ${paths.join(' or ')}, so nothing proves that the database was set back. Nothing was changed. Set CORDON_HOME and CORDON_PERSON_KEYS as for the server.`,
    );
  }
  const lock = await lockStore(address, { onLost: () => undefined, onTakenOver: () => undefined });
  try {
    const connected = await connectDatabase(address, lock.refusal);
    const { database } = connected;
    try {
      const identity = connected.empty ? null : await readStoreIdentity(database.db);
      judgeInstallation(inspectKeyFolder(keyFolder), identity, locations);
      const installation = identity?.installation ?? null;
      if (identity === null || installation === null) throw nothingToAccept(locations.store);
      const authority = openKeys(config, keyFolder);
      await requireKeysOf(identity, authority, locations);
      for (const mark of marks) requireSignedMark(mark, authority.online);
      const behind = await behindOf(marks, database);
      if (behind.length === 0) throw nothingToAccept(locations.store);
      const manifest = await manifestOf(database, authority);
      const { ledger: copy, crl: crlFile } = options;
      const ledger = copy === null ? null : await openLedgerCopy(copyInFolder(copy), installation, manifest.ledger.key);
      const crl = crlFile === null ? null : readCrl(readBytes(crlFile), authority.issuingDer);

      await connected.migrate();
      const [now, realNow] = [Date.now(), Date.now()];
      const state = await restoreWith(database, (work) =>
        prepareRestoredStore(work, { manifest, authority, ledger, crl, now, realNow, lifetimes: LIFETIMES }),
      );
      const counter = Math.max(...marks.map(({ mark }) => mark.heights.counter)) + 1;
      await database.transaction((tx) => setMarkCounter(tx, counter));
      // The mark comes last. After an interruption before it, the server refuses the database, and the command can be repeated.
      const heights = await new MarkStore(database).heights();
      await writeMark(paths, { installation, at: realNow, heights }, authority.online);
      return { manifest, state, behind };
    } finally {
      await database.close();
    }
  } finally {
    await lock.release();
  }
}

const nothingToAccept = (store: string): CordonError =>
  new CordonError(
    'conflict',
    `The database ${store} is not older than the high-water mark. Nothing was changed. Start the server.`,
  );

async function behindOf(marks: readonly StoredMark[], database: Database): Promise<string[]> {
  const store = new MarkStore(database);
  const heights = await store.heights();
  const all = await Promise.all(
    marks.map(async ({ mark }) => {
      const { size } = mark.heights.ledger;
      const root = size > 0 && size <= heights.ledger.size ? await store.rootAt(size) : null;
      return behindMark(mark.heights, heights, root);
    }),
  );
  return [...new Set(all.flat())];
}

function openKeys(config: Config, folder: string) {
  const { passphrase } = resolvePassphrase({ given: config.passphrase, file: config.passphraseFile, folder });
  return openAuthority({
    folder,
    passphrase,
    organization: config.organization,
    serverNames: config.names,
    crlUrl: null,
    finish: 'later',
  });
}

/** Describes the database as a backup describes its content. The recovery point is the time of the newest checkpoint. */
async function manifestOf(database: Database, authority: ReturnType<typeof openKeys>): Promise<Manifest> {
  const facts = await new SnapshotStore(database).snapshot(async (reader) => reader.facts);
  const at = await new LedgerStore(database).newestAt();
  if (Date.now() < at) {
    throw new CordonError(
      'clock_implausible',
      `The machine's clock shows a time before the newest checkpoint of the database (${new Date(at).toISOString()}). Nothing was changed. Correct the clock and try again.`,
    );
  }
  const publicKey = ed25519FromSpki(Buffer.from(authority.ledgerKey.publicKey, 'base64'));
  return {
    format: FORMAT,
    version: VERSION,
    installation: facts.installation,
    at,
    realAt: at,
    dialect: facts.dialect,
    migrations: [...facts.migrations],
    ledger: { ...facts.ledger, key: verifierKey({ name: originOf(facts.installation), publicKey }) },
    versions: facts.versions,
    authority: authority.fingerprint,
    ipDatabase: null,
    parts: [],
  };
}
