/** Folder of backup files: file names, free space, and the removal of old and incomplete files. */
import { mkdir, readdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { CordonError } from '../../shared/errors.ts';

const PARTIAL = /^\.cordon-backup-[0-9a-f-]{36}\.partial$/;
const FINISHED = /^cordon-[A-Za-z0-9_]+-\d{8}T\d{9}Z\.age$/;
/** Free bytes that a backup must leave on the disk for the store. */
const LEAVE_FREE = 64 * 1024 * 1024;

export const backupName = (installation: string, at: number): string =>
  `cordon-${installation}-${new Date(at).toISOString().replace(/[-:.]/g, '')}.age`;

/** Creates the folder. Throws `unavailable` if its disk is nearly full. */
export async function prepareBackupFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < LEAVE_FREE) {
    throw new CordonError('unavailable', `The disk of ${folder} is nearly full. Free some space and try again.`);
  }
}

export async function removeIncompleteBackups(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (PARTIAL.test(name)) await rm(join(folder, name), { force: true });
  }
}

export async function removeOldBackups(folder: string, keep: number, installation: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => FINISHED.test(name) && name.includes(`-${installation}-`));
  for (const name of names.sort().slice(0, -keep)) await rm(join(folder, name), { force: true });
}
