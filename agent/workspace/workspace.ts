/**
 * The workspace: a folder of sealed files. While it is open, `open.key` contains the workspace key, wrapped by `wrapping.key` (0600). While
 * it is locked, `locked.key` contains the workspace key, wrapped by `wrapping.key` and a share that only the server has. A wipe destroys
 * the workspace key.
 *
 * The files in the folder are the state of the workspace. If they contradict each other, the strictest state wins, so a crash never opens
 * the workspace. Each action reads the state again, because daemon and command line share the folder.
 *
 * The lock does not stop a user who copied the keys or the files while the workspace was open (SECURITY.md).
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CordonError } from '../../shared/errors.ts';
import { destroyFile, isMissing, namesIn, readStart, writeWhole } from './disk.ts';
import { HEADER_WITHIN, opaqueId, openContent, openHeader, sealFile } from './sealed-file.ts';
import { workspaceKeys } from './workspace-keys.ts';

export interface WipeReport {
  readonly filesRemoved: number;
  readonly bytesOverwritten: number;
  readonly verified: readonly string[];
}

export type WorkspaceState = 'open' | 'locked' | 'wiped';

export interface Workspace {
  state(): WorkspaceState;
  put(name: string, content: Buffer): Promise<void>;
  get(name: string): Promise<Buffer>;
  /** Overwrites and deletes a file. A missing file is no error. */
  remove(name: string): Promise<void>;
  list(): Promise<readonly { name: string; size: number }[]>;
  /**
   * Locks the workspace with `share`: 32 bytes from the server. After the lock, only the server has these bytes. A second call with the
   * same share changes nothing.
   */
  lock(share: Buffer): Promise<void>;
  /**
   * Unlocks the workspace, or makes a new workspace after a wipe. `shares`: secrets from the server's lock commands, newest first. The
   * share of the current lock is part of the secret that decrypts the workspace key. Throws `workspace_locked` if no share decrypts the
   * workspace key.
   */
  unlock(shares: readonly Buffer[]): Promise<void>;
  wipe(): Promise<WipeReport>;
}

export const WIPED =
  'The workspace was wiped, with all messages. Ask your admin to unlock it. After an exit order, enroll the device again first.';

/** Throws `workspace_locked` or `workspace_wiped` if the files cannot be read now. */
export function requireOpen(state: WorkspaceState): void {
  if (state === 'locked') {
    throw new CordonError('workspace_locked', 'Your organization locked the workspace. An admin can unlock it.');
  }
  if (state === 'wiped') throw new CordonError('workspace_wiped', WIPED);
}

/** Makes a new workspace if the folder is empty. A wiped workspace stays wiped. */
export async function openWorkspace(folder: string): Promise<Workspace> {
  const files = join(folder, 'files');
  const wipedMark = join(folder, 'wiped');
  await mkdir(files, { recursive: true, mode: 0o700 });

  const keys = workspaceKeys(folder);

  const state = (): WorkspaceState => (existsSync(wipedMark) ? 'wiped' : keys.state());

  const openKey = async (): Promise<Buffer> => {
    requireOpen(state());
    return keys.read();
  };

  if (state() === 'open' && !(await keys.exist())) await keys.create();

  return {
    state,

    async put(name, content) {
      const key = await openKey();
      const id = opaqueId(key, name);
      await writeWhole(join(files, id), sealFile(key, id, name, content));
      if (state() !== 'wiped') return;
      // A wipe has destroyed the key meanwhile. The file would be unreadable.
      await destroyFile(join(files, id));
      throw new CordonError('workspace_wiped', WIPED);
    },

    async get(name) {
      const key = await openKey();
      const id = opaqueId(key, name);
      try {
        return openContent(key, id, await readFile(join(files, id)));
      } catch (error) {
        if (isMissing(error))
          throw new CordonError(
            'not_found',
            `The workspace has no file ${JSON.stringify(name)}. List its files with \`cordon-agent workspace ls\`.`,
          );
        throw error;
      }
    },

    async remove(name) {
      await destroyFile(join(files, opaqueId(await openKey(), name)));
    },

    async list() {
      const key = await openKey();
      const ids = (await namesIn(files)).filter((name) => /^[0-9a-f]{64}$/.test(name));
      const headers = await Promise.all(
        ids.map(async (id) => openHeader(key, id, await readStart(join(files, id), HEADER_WITHIN))),
      );
      return headers.sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    async lock(share) {
      if (state() !== 'wiped') await keys.lock(share);
    },

    async unlock(shares) {
      if (state() !== 'wiped') return keys.unlock(shares);
      await keys.create();
      await destroyFile(wipedMark);
    },

    /**
     * The agent writes the mark of the wipe before it destroys the key. After a crash between the two, the workspace counts as wiped, and a
     * second wipe removes the rest.
     */
    async wipe() {
      // The mark is an empty file, which needs no space on a full disk.
      await writeWhole(wipedMark, Buffer.alloc(0));
      let bytes = await keys.destroy();
      const names = await namesIn(files);
      for (const name of names) bytes += await destroyFile(join(files, name));
      return { filesRemoved: names.length, bytesOverwritten: bytes, verified: await verifyWiped() };
    },
  };

  async function verifyWiped(): Promise<string[]> {
    const left = await namesIn(folder);
    const leftFiles = await namesIn(files);
    if (leftFiles.length > 0 || left.some((name) => name !== 'files' && name !== 'wiped')) {
      throw new CordonError(
        'internal',
        'The wipe could not be verified: files are still on the disk. Wipe the workspace again.',
        {
          left,
          leftFiles,
        },
      );
    }
    return ['the wrapping key is gone', 'the wrapped workspace key is gone', 'no file is left'];
  }
}
