/**
 * The workspace: a folder whose files are sealed, so that wiping it is destroying one key. That key lies in `open.key` or
 * `locked.key`, wrapped by `wrapping.key` (0600) with its state bound in: renaming the one to the other opens nothing. The state
 * is what lies in the folder, the strictest first, so that a crash between two steps is never more open than before; it is read
 * anew for each act, because daemon and command line share the folder.
 *
 * What it does not do: keep out somebody who is root on a running, unlocked device.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CordonError } from '../../shared/errors.ts';
import { destroyFile, isMissing, namesIn, sizeOf, writeWhole } from './disk.ts';
import { opaqueId, openContent, openHeader, sealFile } from './sealed-file.ts';

export interface WipeReport {
  readonly filesRemoved: number;
  readonly bytesOverwritten: number;
  /** What a second look at the disk confirmed, in words. */
  readonly verified: readonly string[];
}

export type WorkspaceState = 'open' | 'locked' | 'wiped';

export interface Workspace {
  state(): WorkspaceState;
  put(name: string, content: Buffer): Promise<void>;
  get(name: string): Promise<Buffer>;
  list(): Promise<readonly { name: string; size: number }[]>;
  lock(): Promise<void>;
  /** Also makes a fresh, empty workspace after a wipe. */
  unlock(): Promise<void>;
  wipe(): Promise<WipeReport>;
}

/** What the names of files begin with that the agent keeps there itself. */
export const OWN_FILES = 'messages/';

/** The way back, after an admin's wipe as after an order's. */
export const WIPED =
  'The workspace was wiped, and the messages in it: an admin has to unlock it. Where an order has ended service, the device has to be enrolled anew first.';

/** Makes a fresh workspace where there has never been one; a wiped one stays wiped. */
export async function openWorkspace(folder: string): Promise<Workspace> {
  const files = join(folder, 'files');
  const wrappingKey = join(folder, 'wrapping.key');
  const keyOf = { open: join(folder, 'open.key'), locked: join(folder, 'locked.key') } as const;
  const wipedMark = join(folder, 'wiped');
  await mkdir(files, { recursive: true, mode: 0o700 });

  const create = async () => {
    const kek = randomBytes(32);
    await writeWhole(wrappingKey, kek);
    await writeWhole(keyOf.open, wrap(kek, 'open', randomBytes(32)));
  };

  const state = (): WorkspaceState => {
    if (existsSync(wipedMark)) return 'wiped';
    return existsSync(keyOf.locked) ? 'locked' : 'open';
  };

  const openKey = async (): Promise<Buffer> => {
    const now = state();
    if (now === 'locked') {
      throw new CordonError(
        'workspace_locked',
        'The workspace is locked by your organisation; an admin can unlock it.',
      );
    }
    if (now === 'wiped') {
      throw new CordonError('workspace_wiped', WIPED);
    }
    return unwrap(await readFile(wrappingKey), 'open', await readFile(keyOf.open));
  };

  /** To lock, the open key is destroyed last; to unlock, the locked one is: in between, it is locked. */
  const move = async (from: 'open' | 'locked', to: 'open' | 'locked') => {
    if (state() === 'wiped') return;
    if ((await sizeOf(keyOf[from])) === null) return;
    const kek = await readFile(wrappingKey);
    await writeWhole(keyOf[to], wrap(kek, to, unwrap(kek, from, await readFile(keyOf[from]))));
    await destroyFile(keyOf[from]);
  };

  const keys = [wrappingKey, keyOf.open, keyOf.locked];
  if (state() === 'open' && (await sizeOf(keyOf.open)) === null) await create();

  return {
    state,

    async put(name, content) {
      const key = await openKey();
      const id = opaqueId(key, name);
      await writeWhole(join(files, id), sealFile(key, id, name, content));
    },

    async get(name) {
      const key = await openKey();
      const id = opaqueId(key, name);
      try {
        return openContent(key, id, await readFile(join(files, id)));
      } catch (error) {
        if (isMissing(error))
          throw new CordonError('not_found', `There is no ${JSON.stringify(name)} in the workspace.`);
        throw error;
      }
    },

    async list() {
      const key = await openKey();
      const ids = (await namesIn(files)).filter((name) => /^[0-9a-f]{64}$/.test(name));
      const headers = await Promise.all(ids.map(async (id) => openHeader(key, id, await readFile(join(files, id)))));
      return headers.sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    lock: () => move('open', 'locked'),

    async unlock() {
      if (state() !== 'wiped') return move('locked', 'open');
      await create();
      await destroyFile(wipedMark);
    },

    /** The mark goes first: a crash in the middle leaves a workspace that is wiped already, and the redo clears what is left. */
    async wipe() {
      await writeWhole(wipedMark, Buffer.from('wiped\n'));
      let bytes = 0;
      for (const key of keys) bytes += await destroyFile(key);
      const names = await namesIn(files);
      for (const name of names) bytes += await destroyFile(join(files, name));
      return { filesRemoved: names.length, bytesOverwritten: bytes, verified: await verifyWiped() };
    },
  };

  /** Looks at the disk again instead of believing what was just done. */
  async function verifyWiped(): Promise<string[]> {
    const left = await namesIn(folder);
    const leftFiles = await namesIn(files);
    if (leftFiles.length > 0 || left.some((name) => name !== 'files' && name !== 'wiped')) {
      throw new CordonError('internal', 'The wipe could not be verified: something is still on the disk.', {
        left,
        leftFiles,
      });
    }
    return ['the wrapping key is gone', 'the wrapped workspace key is gone', 'no file is left'];
  }
}

function wrap(kek: Buffer, state: string, key: Buffer): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', kek, nonce).setAAD(Buffer.from(`cordon workspace ${state}`));
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
}

function unwrap(kek: Buffer, state: string, bytes: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', kek, bytes.subarray(0, 12)).setAAD(
    Buffer.from(`cordon workspace ${state}`),
  );
  decipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
}
