/** Durable files, which survive a crash: first the bytes reach the disk, then the file's name in the folder. */
import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';
import { mkdir, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes a file that only its owner can read. With the flag `wx`, throws an error if the file exists. */
export function writeSynced(path: string, content: string | Buffer, flag: 'w' | 'wx'): void {
  const file = openSync(path, flag, 0o600);
  try {
    // `writeFileSync` writes all bytes or throws an error. A single `write` may write fewer bytes when a disk is nearly full.
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes the rename of a file durable. On Windows, nothing is necessary, because its file system journals names. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Replaces a small file without blocking the process, and creates its folder. After a crash, the file has the former or the new content.
 * Two calls for the same path must not overlap.
 */
export async function replaceDurably(path: string, content: string): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const half = `${path}.new`;
  const file = await open(half, 'w', 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(half, path);
  if (process.platform === 'win32') return;
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
