/** Folder of a witness: its key, its store, and the list of logs that it cosigns. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { syncFolder, writeSynced } from '../../shared/durable-file.ts';
import { CordonError } from '../../shared/errors.ts';
import { checkName, ed25519FromSpki, type NoteSigner, verifierKey } from '../../shared/ledger/sign-checkpoint.ts';
import { COSIGNATURE, parseVerifierKey } from '../../shared/ledger/signed-note.ts';
import { requirePrivateFile, requirePrivateFolder } from '../../shared/private-file.ts';
import type { WitnessedLog } from './judge-submission.ts';
import { LOGS_TEMPLATE, linesOfLogs } from './witness.ts';
import { WitnessStore } from './witness-store.ts';

export interface WitnessFolder {
  readonly signer: NoteSigner;
  /** Verifier key of the witness, for the logs and for devices. */
  readonly key: string;
  readonly logs: readonly WitnessedLog[];
  readonly store: WitnessStore;
}

const pathsIn = (home: string) => ({
  key: join(home, 'witness-key.pem'),
  name: join(home, 'witness-name'),
  store: join(home, 'witness.db'),
  logs: join(home, 'logs'),
});

function signerOf(name: string, privateKey: KeyObject): NoteSigner {
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return { name, publicKey: ed25519FromSpki(spki), sign: (message) => sign(null, message, privateKey) };
}

/** Creates the key, the store and an empty list of logs. Throws `conflict` if the folder has a key. Returns the verifier key. */
export function createWitnessFolder(home: string, name: string): string {
  checkName(name);
  mkdirSync(home, { recursive: true, mode: 0o700 });
  requirePrivateFolder(home);
  const paths = pathsIn(home);
  for (const path of [paths.key, paths.store]) {
    if (existsSync(path)) throw new CordonError('conflict', `${path} exists already. Nothing was changed.`);
  }
  const { privateKey } = generateKeyPairSync('ed25519');
  const key = verifierKey(signerOf(name, privateKey), COSIGNATURE);
  // The key comes last, so that an interrupted call never leaves a key without its store.
  if (!existsSync(paths.logs)) writeSynced(paths.logs, LOGS_TEMPLATE, 'wx');
  writeSynced(paths.name, `${name}\n`, 'w');
  WitnessStore.create(paths.store, key).close();
  writeSynced(paths.key, privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(), 'wx');
  syncFolder(home);
  return key;
}

/** Opens the folder of a witness. Throws `not_found` without a key, and `installation_mismatch` without the store of this key. */
export async function openWitnessFolder(home: string): Promise<WitnessFolder> {
  const paths = pathsIn(home);
  if (!existsSync(paths.key)) {
    throw new CordonError('not_found', `${paths.key} does not exist. Run: cordon-witness init --name NAME`);
  }
  requirePrivateFolder(home);
  requirePrivateFile(paths.key);
  const signer = signerOf(readFileSync(paths.name, 'utf8').trim(), createPrivateKey(readFileSync(paths.key)));
  const key = verifierKey(signer, COSIGNATURE);
  const logs = await readLogs(paths.logs);
  return { signer, key, logs, store: WitnessStore.open(paths.store, key) };
}

async function readLogs(path: string): Promise<WitnessedLog[]> {
  const lines = linesOfLogs(readFileSync(path, 'utf8'));
  return await Promise.all(
    lines.map(async ({ line, key, origin }) => {
      try {
        return { origin, verifier: await parseVerifierKey(key) };
      } catch (error) {
        if (!(error instanceof CordonError)) throw error;
        throw new CordonError('invalid_input', `${path}, line ${line}: ${error.message}`, {}, error);
      }
    }),
  );
}
