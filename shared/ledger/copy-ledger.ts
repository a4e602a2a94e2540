/**
 * Downloads a ledger into a folder that `verify-copy.ts` can check for ever after. The folder's checkpoint is replaced only once
 * everything below it has been downloaded and verified, so that a broken or dishonest download leaves the older copy as it was.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { get as httpGet } from 'node:http';
import { get as httpsGet } from 'node:https';
import { dirname, join } from 'node:path';
import { CordonError } from '../errors.ts';
import { openCheckpoint } from './checkpoint.ts';
import { parseVerifierKey } from './signed-note.ts';
import { tilePath, tilesOf } from './tiles.ts';
import {
  CHECKPOINT,
  type CopyReader,
  KEY,
  PREVIOUS_CHECKPOINT,
  type VerifiedCopy,
  verifyLedgerCopy,
} from './verify-copy.ts';

const DEADLINE = 30_000;
const MAX_FILE = 32 * 1024 * 1024;

/** A copy in a folder. */
export const copyInFolder =
  (folder: string): CopyReader =>
  async (path) => {
    try {
      return await readFile(join(folder, path));
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
  };

/** A ledger served below `base` + `/ledger/`. `ca`: PEM of the root that the server's certificate must lead to. */
export function ledgerAt(base: string, ca?: string): CopyReader {
  return async (path) => {
    const url = new URL(`ledger/${path}`, base.endsWith('/') ? base : `${base}/`);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer | null>();
    const options = { timeout: DEADLINE, ...(ca === undefined ? {} : { ca }) };
    const request = (url.protocol === 'http:' ? httpGet : httpsGet)(url, options, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_FILE) request.destroy(new Error(`more than ${MAX_FILE} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 404) resolve(null);
        else if (response.statusCode === 200) resolve(Buffer.concat(chunks));
        else reject(new Error(`HTTP ${response.statusCode}`));
      });
    });
    request.on('timeout', () => request.destroy(new Error('no answer in time')));
    request.on('error', reject);
    try {
      return await promise;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new CordonError(
        'ledger_unavailable',
        `${url.href} could not be read (${why}): is the address right?`,
        {},
        error,
      );
    }
  };
}

async function store(folder: string, path: string, bytes: Buffer): Promise<void> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.new`, bytes);
  await rename(`${file}.new`, file);
}

/** Brings the copy in `folder` up to date. `pinned`: the verifier key from elsewhere; else the folder's own, else the server's word. */
export async function copyLedger(from: CopyReader, folder: string, pinned?: string): Promise<VerifiedCopy> {
  const local = copyInFolder(folder);
  const fetched = async (path: string): Promise<Buffer> => {
    const file = await from(path);
    if (!file)
      throw new CordonError('ledger_unavailable', `the server has no ${path}: is it a Cordon public listener?`);
    return file;
  };
  const key = pinned === undefined ? ((await local(KEY)) ?? (await fetched(KEY))) : Buffer.from(`${pinned}\n`);
  const verifier = await parseVerifierKey(key.toString('utf8'));
  const note = await fetched(CHECKPOINT);
  const { size } = await openCheckpoint(note.toString('utf8'), verifier);
  const previous = await local(CHECKPOINT);
  for (const tile of tilesOf(size)) {
    const path = tilePath(tile);
    // A path names one content for ever, so what is here already is not fetched again; whether it is right is verified below.
    if ((await local(path)) === null) await store(folder, path, await fetched(path));
  }
  const verified = await verifyLedgerCopy(
    async (path) => (path === CHECKPOINT ? note : path === PREVIOUS_CHECKPOINT ? previous : await local(path)),
    { pinned: key.toString('utf8') },
  );
  await store(folder, KEY, key);
  if (previous && !previous.equals(note)) await store(folder, PREVIOUS_CHECKPOINT, previous);
  await store(folder, CHECKPOINT, note);
  return verified;
}
