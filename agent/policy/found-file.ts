import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { isMissing } from '../workspace/disk.ts';

/** Largest file that the agent reads, or keeps for its restoration. */
const LARGEST = 1024 * 1024;

export interface FoundFile {
  readonly content: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** Reads a file with its mode and owner. Null if it does not exist. Does not follow a link. Throws for anything but a file of at most 1 MiB. */
export async function foundFile(path: string): Promise<FoundFile | null> {
  try {
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      const { mode, uid, gid, size } = await handle.stat().then((found) => {
        if (!found.isFile()) throw new Error('it is not a file');
        return found;
      });
      if (size > LARGEST) throw new Error('it is larger than 1 MiB');
      return { content: await handle.readFile(), mode: mode & 0o777, uid, gid };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
