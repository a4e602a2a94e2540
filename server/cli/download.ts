/** A file that the server makes, written to a new one here: all of it, or none. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CordonError } from '../../shared/errors.ts';

/** Returns how many bytes it has. Throws `conflict` when there is such a file, `unavailable` when it did not come whole. `what`: "backup". */
export async function saveDownload(response: Response, file: string, what: string): Promise<number> {
  const { body } = response;
  if (!body) throw new CordonError('unavailable', 'The server sent nothing; look at its log.');
  return await saveStream(Readable.fromWeb(body), file, what);
}

/** The same for a stream that is made here. */
export async function saveStream(source: Readable, file: string, what: string): Promise<number> {
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600 });
  try {
    await pipeline(source, target);
  } catch (error) {
    // Half of it must not look like the whole; a file that was there before is not ours to remove.
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (!exists) await rm(file, { force: true });
    const why = error instanceof Error ? error.message : 'unknown';
    throw new CordonError(exists ? 'conflict' : 'unavailable', `No ${what} was made: ${why}.`, {}, error);
  }
  return target.bytesWritten;
}
