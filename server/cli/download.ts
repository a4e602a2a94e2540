/** Downloads into a new file. A failed download leaves no file. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CordonError } from '../../shared/errors.ts';

/**
 * Downloads into a new file and returns the number of bytes. Throws `conflict` if the file exists, and `unavailable` if the download stops
 * early. `what`: a noun for errors, such as "backup".
 */
export async function saveDownload(response: Response, file: string, what: string): Promise<number> {
  const { body } = response;
  if (!body) throw new CordonError('unavailable', "The server sent an empty response. Look at the server's log.");
  return await saveStream(Readable.fromWeb(body), file, what);
}

/** Saves a local stream under the same rules as a download. */
export async function saveStream(source: Readable, file: string, what: string): Promise<number> {
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600 });
  try {
    await pipeline(source, target);
  } catch (error) {
    // Delete a partial file, because it must not look complete. Keep a file that existed before, because it belongs to the user.
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (!exists) await rm(file, { force: true });
    const why = error instanceof Error ? error.message : 'unknown';
    throw new CordonError(exists ? 'conflict' : 'unavailable', `The ${what} was not created: ${why}.`, {}, error);
  }
  return target.bytesWritten;
}
