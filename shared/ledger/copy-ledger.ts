/**
 * Download of a ledger into a folder, for later verification. The checkpoint in the folder is replaced only after all its entries are
 * verified, so an interrupted or falsified download never changes an older copy.
 */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { get as httpsGet } from 'node:https';
import { dirname, join } from 'node:path';
import { CordonError } from '../errors.ts';
import { get as httpGet } from '../node-http.ts';
import { openContinued, pathTo, readContinuations } from './check-continuations.ts';
import type { WitnessPolicy } from './cosignature.ts';
import { parseVerifierKey } from './signed-note.ts';
import { tilePath, tilesOf } from './tiles.ts';
import {
  CHECKPOINT,
  CONTINUATIONS,
  type CopyReader,
  entriesLost,
  KEY,
  PREVIOUS_CHECKPOINT,
  parseContinuationsFile,
  type VerifiedCopy,
  verifyLedgerCopy,
} from './verify-copy.ts';

const DEADLINE = 30_000;
const MAX_FILE = 32 * 1024 * 1024;

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

/** The ledger is at `base` + `/ledger/`. `ca`: root certificate of the server's TLS certificate, in PEM. */
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
    request.on('timeout', () => request.destroy(new Error('no response in time')));
    request.on('error', reject);
    try {
      return await promise;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new CordonError('ledger_unavailable', `Cannot read ${url.href} (${why}). Check the address.`, {}, error);
    }
  };
}

async function store(folder: string, path: string, bytes: Buffer): Promise<void> {
  const file = join(folder, path);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.new`, bytes);
  await rename(`${file}.new`, file);
}

/**
 * Updates the ledger copy in `folder`. `pinned`: verifier key from another source. Without it, the key in the folder is used; for an empty
 * folder, the server's key. `witnesses`: witnesses that must have cosigned the new checkpoint.
 */
export async function copyLedger(
  from: CopyReader,
  folder: string,
  pinned?: string,
  witnesses?: WitnessPolicy,
): Promise<VerifiedCopy> {
  const local = copyInFolder(folder);
  const fetched = async (path: string): Promise<Buffer> => {
    const file = await from(path);
    if (!file)
      throw new CordonError(
        'ledger_unavailable',
        `The server has no ${path}. Check that the address is the public listener of a Cordon server.`,
      );
    return file;
  };
  const key = pinned === undefined ? ((await local(KEY)) ?? (await fetched(KEY))) : Buffer.from(`${pinned}\n`);
  const verifier = await parseVerifierKey(key.toString('utf8'));
  const note = await fetched(CHECKPOINT);
  const continuations = await from(CONTINUATIONS);
  const known = continuations ? readContinuations(parseContinuationsFile(continuations)) : [];
  const { size, origin } = (await openContinued(note.toString('utf8'), verifier, known)).checkpoint;
  const previous = await local(CHECKPOINT);
  if (previous) {
    // This check runs before any file changes, because the old copy may be the only proof that the ledger lost entries.
    const { checkpoint: earlier } = await openContinued(previous.toString('utf8'), verifier, known);
    const [continuation] = pathTo(earlier.origin, origin, known);
    if (continuation && earlier.size > continuation.document.fork.size)
      throw entriesLost(earlier.size, continuation.document.fork.size);
  }
  for (const tile of tilesOf(size)) {
    const path = tilePath(tile);
    // The content of a path never changes, so existing files are not downloaded again. The later verification checks them.
    if ((await local(path)) === null) await store(folder, path, await fetched(path));
  }
  const verified = await verifyLedgerCopy(
    async (path) =>
      path === CHECKPOINT
        ? note
        : path === PREVIOUS_CHECKPOINT
          ? previous
          : path === CONTINUATIONS
            ? continuations
            : await local(path),
    { pinned: key.toString('utf8'), witnesses },
  );
  await store(folder, KEY, key);
  if (continuations && known.length > 0) await store(folder, CONTINUATIONS, continuations);
  if (previous && !previous.equals(note)) await store(folder, PREVIOUS_CHECKPOINT, previous);
  await store(folder, CHECKPOINT, note);
  return verified;
}
