import { readRegularFile } from '../regular-file.ts';
import { isMissing } from '../workspace/disk.ts';

/** Largest file that the agent reads, or keeps for its restoration. */
const LARGEST = 1024 * 1024;

export interface FoundFile {
  readonly content: Buffer;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Reads a file with its mode and owner. Null if it does not exist. Does not follow a link at the end of the path. Throws for anything but a
 * file of at most 1 MiB.
 */
export async function foundFile(path: string): Promise<FoundFile | null> {
  try {
    const { content, stats } = await readRegularFile(path, { most: LARGEST });
    return { content, mode: stats.mode & 0o777, uid: stats.uid, gid: stats.gid };
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}
