/** The two steps that make a file survive a crash: its bytes on the disk, then its name in the folder. For machines with files; no browser. */
import { closeSync, fsyncSync, openSync, writeFileSync } from 'node:fs';

/** Readable by its owner alone. `wx`: throws when there is one already. */
export function writeSynced(path: string, text: string, flag: 'w' | 'wx'): void {
  const file = openSync(path, flag, 0o600);
  try {
    // All of it or an error: a single write may take less than it is given when a disk fills up.
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Makes a rename durable. Windows has no such call on folders and journals names by itself. */
export function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
