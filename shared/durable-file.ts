/** Durable files, which survive a crash: first the bytes reach the disk, then the file's name in the folder. */
import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';

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
