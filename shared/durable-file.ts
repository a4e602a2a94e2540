/** The two steps that make a file survive a crash: its bytes on the disk, then its name in the folder. For machines with files; no browser. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

/** Readable by its owner alone. `wx`: throws when there is one already. */
export function writeSynced(path: string, text: string, flag: 'w' | 'wx'): void {
  const file = openSync(path, flag, 0o600);
  try {
    writeSync(file, text);
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
