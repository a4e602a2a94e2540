/** Atomic writes and secure deletion of files. */

import { randomBytes } from 'node:crypto';
import { constants, type FileHandle, lstat, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Changes of the key files. A test interrupts them, as a crash would. */
export interface Disk {
  writeWhole(path: string, content: Uint8Array): Promise<void>;
  /** Returns the number of overwritten bytes; 0 if the file does not exist. */
  destroyFile(path: string): Promise<number>;
}

export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder for fsync. There, only the atomic rename protects the file.
  if (process.platform === 'win32') return;
  await withFile(folder, 'r', (handle) => handle.sync());
}

/** Writes and syncs a temporary file, then renames it. A reader finds either the old or the new content. */
export async function writeWhole(path: string, content: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await withFile(temporary, 'wx', async (handle) => {
      await handle.writeFile(content);
      await handle.sync();
    });
    await rename(temporary, path);
  } catch (error) {
    // On a full disk, the incomplete temporary file would use the last space, so it is removed.
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Reads at most the first `most` bytes of a file. */
export async function readStart(path: string, most: number): Promise<Buffer> {
  return withFile(path, 'r', async (handle) => {
    const { bytesRead, buffer } = await handle.read(Buffer.alloc(most), 0, most, 0);
    return buffer.subarray(0, bytesRead);
  });
}

/** Flags that follow no link, and do not wait for the other side of a pipe. Windows has neither. */
const OVERWRITE = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Overwrites and deletes a file. Returns the number of overwritten bytes; 0 if the file does not exist. Deletes a link or a pipe without
 * overwriting, because another program may have put it there to destroy the file behind it.
 */
export async function destroyFile(path: string): Promise<number> {
  const found = await ifPresent(() => lstat(path));
  if (found === null) return 0;
  if (!found.isFile()) {
    await unlink(path);
    await syncFolder(dirname(path));
    return 0;
  }
  const { size } = found;
  await withFile(path, OVERWRITE, async (handle) => {
    for (let at = 0; at < size; ) {
      const chunk = randomBytes(Math.min(size - at, 1024 * 1024));
      await handle.write(chunk, 0, chunk.length, at);
      at += chunk.length;
    }
    await handle.sync();
  });
  await unlink(path);
  await syncFolder(dirname(path));
  return size;
}

export async function sizeOf(path: string): Promise<number | null> {
  return (await ifPresent(() => stat(path)))?.size ?? null;
}

/** Returns null if the file does not exist. */
export async function ifPresent<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

async function withFile<T>(path: string, flags: string | number, use: (handle: FileHandle) => Promise<T>): Promise<T> {
  const handle = await open(path, flags, 0o600);
  try {
    return await use(handle);
  } finally {
    await handle.close();
  }
}
