/** Files on the admin's machine. Every error text contains the file name and the operating system's reason. */
import { closeSync, fstatSync, openSync, readFileSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { CordonError, isCordonError } from '../../shared/errors.ts';

const CHUNK = 64 * 1024;

export const readText = (file: string): string => readBytes(file).toString('utf8');

/**
 * Reads a file. Throws `not_found` if the file is unreadable, and `too_large` if it has more than `most` bytes. For a pipe or a device
 * file, reading stops after `most` bytes.
 */
export function readBytes(file: string, most = Number.POSITIVE_INFINITY): Buffer {
  try {
    const opened = openSync(file, 'r');
    try {
      return readUpTo(opened, most, file);
    } finally {
      closeSync(opened);
    }
  } catch (error) {
    if (isCordonError(error)) throw error;
    throw new CordonError('not_found', `Cannot read ${file}: ${reasonOf(error)}.`, {}, error);
  }
}

function readUpTo(opened: number, most: number, file: string): Buffer {
  const stat = fstatSync(opened);
  const refuse = () =>
    new CordonError(
      'too_large',
      `Cannot read ${file}: it has more than ${most} bytes. Check that it is the right file.`,
    );
  if (stat.size > most) throw refuse();
  if (stat.isFile() && stat.size > 0) return readFileSync(opened);
  const chunks: Buffer[] = [];
  for (let total = 0; ; ) {
    const chunk = Buffer.alloc(CHUNK);
    const read = readSync(opened, chunk);
    if (read === 0) return Buffer.concat(chunks);
    total += read;
    if (total > most) throw refuse();
    chunks.push(chunk.subarray(0, read));
  }
}

/** Writes a new file. Throws `conflict` if the file exists, so that no existing key is overwritten. */
export function writeNew(file: string, content: string | Uint8Array, mode?: number): void {
  try {
    writeFileSync(file, content, { mode, flag: 'wx' });
  } catch (error) {
    throw new CordonError('conflict', `Cannot create ${file}: ${reasonOf(error)}. Give another name.`, {}, error);
  }
}

/**
 * Creates a new, empty file that only the user can read, for a secret that the server sends later. Throws `conflict` if the file exists.
 */
export function reserveFile(file: string): { readonly write: (content: string) => void; readonly discard: () => void } {
  writeNew(file, '', 0o600);
  return { write: (content) => writeFileSync(file, content), discard: () => rmSync(file, { force: true }) };
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : 'unknown');
