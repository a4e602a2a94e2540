/** A configuration file of the system helper's own, beside the files of the machine's owner. Its first line names the helper. */
import { chmodSync, closeSync, fstatSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { syncFolder, writeSynced } from '../../../shared/durable-file.ts';
import { openWithoutWaiting, requireRegular } from '../../regular-file.ts';
import { HelperRefusal } from '../requests.ts';

/** First line of each file. A file without it belongs to the machine's owner, and the helper does not touch it. */
const MARK = '# Written by the Cordon system helper, because a policy requires it. The helper replaces changes.';

const LARGEST = 4 * 1024 * 1024;

export interface OwnFile {
  /** True if the file has exactly this text. */
  has(lines: readonly string[]): boolean;
  /** Replaces the file in one step. Throws `HelperRefusal` if the folder is missing, or if the file belongs to the machine's owner. */
  write(lines: readonly string[]): void;
  /** Deletes the file, unless it belongs to the machine's owner. */
  remove(): void;
}

/** `createFolder`: creates the folder of the file if only this folder is missing. */
export function ownFile(path: string, { createFolder = false } = {}): OwnFile {
  const textOf = (lines: readonly string[]) => `${[MARK, ...lines].join('\n')}\n`;
  const current = () => contentOf(path);
  const isForeign = (text: string | null) => text !== null && !text.startsWith(`${MARK}\n`);
  return {
    has: (lines) => current() === textOf(lines),
    write(lines) {
      if (createFolder && isFolder(dirname(dirname(path)))) mkdirSync(dirname(path), { recursive: true });
      if (!isFolder(dirname(path))) {
        throw new HelperRefusal('not_supported', `This device has no folder ${dirname(path)}.`);
      }
      if (isForeign(current())) {
        throw new HelperRefusal('failed', `The file ${path} exists and is not from Cordon. Rename or remove it.`);
      }
      writeWhole(path, textOf(lines));
    },
    remove() {
      rmSync(`${path}.new`, { force: true });
      if (isForeign(current())) return;
      rmSync(path, { force: true });
    },
  };
}

const isFolder = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** Replaces a file of root in one step, with the mode 0644. */
export function writeWhole(path: string, text: string): void {
  writeSynced(`${path}.new`, text, 'w');
  chmodSync(`${path}.new`, 0o644);
  renameSync(`${path}.new`, path);
  syncFolder(dirname(path));
}

/** Text of the file; null if it does not exist. Throws for a pipe or a device, which would block the helper, and for more than 4 MiB. */
export function contentOf(path: string): string | null {
  try {
    const file = openWithoutWaiting(path);
    try {
      requireRegular(fstatSync(file), LARGEST);
      return readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
