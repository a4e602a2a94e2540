/**
 * Folder with the mirror of the user's mail in plain text (Maildir++: INBOX, and the folder `.Sent`). Other programs may change the folder
 * at any time, so each operation tolerates a file that has moved. The operations run one after the other. A removal of the mirror therefore
 * waits for a delivery, and no delivery ends after the removal.
 */
import { isUtf8 } from 'node:buffer';
import { randomUUID } from 'node:crypto';
import { chmod, lstat, mkdir, open, readdir, readFile, rename, rmdir, unlink, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { createSerialQueue } from '../../shared/loops/serial-queue.ts';
import { destroyFile, ifPresent, isMissing, namesIn, syncFolder, writeWhole } from '../workspace/disk.ts';
import {
  baseName,
  fileTime,
  type MirroredMail,
  type MirrorFile,
  markedName,
  nameWithFlags,
  readName,
} from './maildir-changes.ts';

export interface RemovedFiles {
  readonly files: number;
  readonly bytes: number;
}

export interface Maildir {
  readonly path: string;
  /** Creates the folders, and removes incomplete deliveries. */
  prepare(): Promise<void>;
  files(): Promise<MirrorFile[]>;
  /** Ids of all mails that were written to the mirror since its creation. */
  delivered(): Promise<Set<string>>;
  /**
   * Writes messages to the mirror, and then records their ids, durably. `content` returns null for a message that does not exist. Stops at
   * the first mail for which `mayWrite` is false. Returns the number of processed mails.
   */
  deliver(
    mails: readonly MirroredMail[],
    content: (id: string) => Promise<Uint8Array | null>,
    mayWrite: () => boolean,
  ): Promise<number>;
  markUnread(file: MirrorFile, unread: boolean): Promise<void>;
  remove(file: MirrorFile): Promise<void>;
  /** Overwrites and deletes the mirror with all files that other programs have added. */
  removeAll(): Promise<RemovedFiles>;
}

const PLACES = ['cur', 'new', 'tmp'] as const;
/** File with the ids of delivered mails. Programs that read a Maildir ignore it. */
const DELIVERED = 'cordon-delivered';
/** Suffix of a mirror whose removal has begun. */
const REMOVED = '.removed';

export function openMaildir(path: string): Maildir {
  const exclusively = createSerialQueue();
  const folderOf = (folder: MirroredMail['folder']) => (folder === 'inbox' ? path : join(path, '.Sent'));
  const pathOf = ({ folder, place, name }: Pick<MirrorFile, 'folder' | 'place' | 'name'>) =>
    join(folderOf(folder), place, name);
  const deliveredFile = join(path, DELIVERED);

  async function write(mail: MirroredMail, content: Uint8Array): Promise<void> {
    const base = baseName(mail);
    const isSeen = mail.folder === 'sent' || !mail.unread;
    const target = pathOf({ ...mail, place: isSeen ? 'cur' : 'new', name: isSeen ? nameWithFlags(base, 'S') : base });
    const temporary = join(folderOf(mail.folder), 'tmp', base);
    await removeAny(temporary);
    const handle = await open(temporary, 'wx', 0o600);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    // Mail programs show the time of the file as the time of arrival.
    await utimes(temporary, fileTime(mail), fileTime(mail));
    await makeRoom(target);
    await rename(temporary, target);
    await syncFolder(dirname(target));
  }

  async function recordDelivery(ids: readonly string[]): Promise<void> {
    if (ids.length === 0) return;
    const handle = await open(deliveredFile, 'a', 0o600);
    try {
      await handle.writeFile(ids.map((id) => `${id}\n`).join(''));
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  return {
    path,
    prepare: () =>
      exclusively(async () => {
        await removeLeftovers(path);
        for (const folder of [path, join(path, '.Sent')]) {
          await requireFolder(folder);
          for (const place of PLACES) await requireFolder(join(folder, place));
          for (const name of await namesIn(join(folder, 'tmp'))) {
            if (readName(name)) await removeAny(join(folder, 'tmp', name));
          }
        }
        if (!(await ifPresent(() => lstat(deliveredFile)))?.isFile()) await removeAny(deliveredFile);
        await writeWhole(join(path, '.Sent', 'maildirfolder'), Buffer.alloc(0));
      }),
    files: () =>
      exclusively(async () => {
        const found: MirrorFile[] = [];
        for (const folder of ['inbox', 'sent'] as const) {
          for (const place of ['cur', 'new'] as const) {
            for (const name of await namesIn(join(folderOf(folder), place))) {
              const read = readName(name);
              if (read) found.push({ ...read, folder, place, name });
            }
          }
        }
        return found;
      }),
    delivered: () =>
      exclusively(async () => {
        try {
          return new Set((await readFile(deliveredFile, 'utf8')).split('\n').filter(Boolean));
        } catch (error) {
          if (isMissing(error)) return new Set<string>();
          throw error;
        }
      }),
    deliver: (mails, content, mayWrite) =>
      exclusively(async () => {
        const handled: string[] = [];
        try {
          for (const mail of mails) {
            if (!mayWrite()) break;
            const bytes = await content(mail.id);
            if (!mayWrite()) break;
            if (bytes) await write(mail, bytes);
            handled.push(mail.id);
          }
        } finally {
          await recordDelivery(handled);
        }
        return handled.length;
      }),
    markUnread: (file, unread) =>
      exclusively(async () => {
        const target = pathOf({ ...file, place: 'cur', name: markedName(file, unread) });
        if (target !== pathOf(file)) await makeRoom(target);
        await tolerant(() => rename(pathOf(file), target));
      }),
    remove: (file) => exclusively(() => removeAny(pathOf(file))),
    removeAll: () => exclusively(() => removeLeftovers(path, true)),
  };
}

/** Creates a folder. Another program may have put a link in its place, through which the mirror would write elsewhere. */
async function requireFolder(path: string): Promise<void> {
  if (!(await ifPresent(() => lstat(path)))?.isDirectory()) await removeAny(path);
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** Removes a folder at the place of a mail. A rename would fail there, and the mirror would stop. */
async function makeRoom(path: string): Promise<void> {
  if ((await ifPresent(() => lstat(path)))?.isDirectory()) await removeAny(path);
}

/** Removes whatever has this name: a file with its content, a link, a pipe or a folder. */
async function removeAny(path: string): Promise<void> {
  const found = await ifPresent(() => lstat(path));
  if (found?.isDirectory()) await removeFolder(path);
  else if (found) await removeEntry(path, found.isFile());
}

async function tolerant(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/**
 * Deletes mirrors whose removal was interrupted. With `current`, deletes the present mirror too: it renames the mirror first, so that other
 * programs lose access at once.
 */
async function removeLeftovers(path: string, current = false): Promise<RemovedFiles> {
  const parent = dirname(path);
  const prefix = `${basename(path)}${REMOVED}`;
  if (current) await tolerant(() => rename(path, `${path}${REMOVED}-${Date.now()}`));
  let removed: RemovedFiles = { files: 0, bytes: 0 };
  for (const name of await namesIn(parent)) {
    if (!name.startsWith(prefix)) continue;
    const { files, bytes } = await removeFolder(join(parent, name));
    removed = { files: removed.files + files, bytes: removed.bytes + bytes };
  }
  return removed;
}

async function removeFolder(folder: string): Promise<RemovedFiles> {
  let [files, bytes] = [0, 0];
  await renameUnreadable(folder);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      const inside = await removeFolder(path);
      files += inside.files;
      bytes += inside.bytes;
    } else {
      bytes += await removeEntry(path, entry.isFile());
      files += 1;
    }
  }
  await rmdir(folder);
  return { files, bytes };
}

/** Renames entries whose names are no UTF-8, because a name that Node converts to text no longer leads to its file. */
async function renameUnreadable(folder: string): Promise<void> {
  for (const name of await readdir(folder, { encoding: 'buffer' })) {
    if (isUtf8(name)) continue;
    await tolerant(() => rename(Buffer.concat([Buffer.from(`${folder}/`), name]), join(folder, randomUUID())));
  }
}

/**
 * Deletes a symbolic link, but not its target. Dovecot may delete its own lock files at the same time, and some of its files are read-only.
 */
async function removeEntry(path: string, isFile: boolean): Promise<number> {
  try {
    if (!isFile) {
      await unlink(path);
      return 0;
    }
    if (((await lstat(path)).mode & 0o200) === 0) await chmod(path, 0o600);
    return await destroyFile(path);
  } catch (error) {
    if (isMissing(error)) return 0;
    throw error;
  }
}
