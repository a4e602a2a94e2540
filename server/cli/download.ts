/** Downloads a response of the server into a new file. If the download fails, no file remains. */
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { CordonError } from '../../shared/errors.ts';

/**
 * Downloads into a new file and returns the number of bytes. Throws `conflict` if the file exists, and `unavailable` if the download stops
 * early. `what`: noun for error texts, such as "backup".
 */
export async function saveDownload(response: Response, file: string, what: string): Promise<number> {
  const { body } = response;
  if (!body) throw new CordonError('unavailable', "The server sent an empty response. Look at the server's log.");
  return await saveStream(Readable.fromWeb(body), file, what);
}

export async function saveStream(source: Readable, file: string, what: string): Promise<number> {
  const target = createWriteStream(file, { flags: 'wx', mode: 0o600 });
  try {
    await pipeline(source, target);
  } catch (error) {
    // Delete the partial file, because a user could take it for a complete file. A file that already existed belongs to the user and stays.
    const exists = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    if (!exists) await rm(file, { force: true });
    const why = error instanceof Error ? error.message : 'unknown';
    throw new CordonError(exists ? 'conflict' : 'unavailable', `The ${what} was not created: ${why}.`, {}, error);
  }
  return target.bytesWritten;
}
