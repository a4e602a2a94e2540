/** Destruction of key files that a restore replaced. The keys in these files must not outlive their retention period (ADR 55). */
import { closeSync, existsSync, fstatSync, fsyncSync, openSync, readdirSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** Part of the name of a replaced key file, between the name of the key file and a time. */
export const REPLACED = '.before-';
const BLOCK = 1024 * 1024;

/**
 * Overwrites and deletes all files that restores have replaced by the key file `path`. An interrupted restore may also have left such a
 * file.
 */
export function destroyReplacedFiles(path: string): void {
  const folder = dirname(path);
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    if (name.startsWith(`${basename(path)}${REPLACED}`)) destroyFile(join(folder, name));
  }
}

function destroyFile(path: string): void {
  const file = openSync(path, 'r+');
  try {
    const { size } = fstatSync(file);
    const zeros = Buffer.alloc(Math.min(size, BLOCK));
    for (let at = 0; at < size; ) at += writeSync(file, zeros, 0, Math.min(BLOCK, size - at), at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  rmSync(path);
}
