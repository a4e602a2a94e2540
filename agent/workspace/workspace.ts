/**
 * The workspace: a folder whose files are sealed, so that wiping it means destroying one key. While the workspace is open, `open.key` has
 * that key, wrapped by `wrapping.key` (0600). While it is locked, `locked.key` has it, wrapped by `wrapping.key` and a share that only the
 * server keeps: nothing on the device opens it. Without the device's half the server's share opens nothing, so the server has no key either.
 *
 * The files in the folder are the state, the strictest first: a crash between two steps leaves the workspace no more open than before. Each
 * action reads the state anew, because daemon and command line share the folder.
 *
 * The lock does not keep out a user who copied the keys or the files while the workspace was open (SECURITY.md).
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
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
  /** `share`: 32 bytes that only the server keeps. The same share again changes nothing. */
  lock(share: Buffer): Promise<void>;
  /** `shares`: those that the server has, newest first. Throws `workspace_locked` if none fits. Also makes a fresh workspace after a wipe. */
  unlock(shares: readonly Buffer[]): Promise<void>;
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

  /** The open key is destroyed last: before that, the workspace is locked already. */
  const lock = async (share: Buffer) => {
    if (state() === 'wiped') return;
    const kek = await readFile(wrappingKey);
    if ((await sizeOf(keyOf.open)) !== null) {
      // A crash may have left both: the workspace key is the same in each.
      const key = unwrap(kek, 'open', await readFile(keyOf.open));
      await writeWhole(keyOf.locked, wrap(lockingKey(kek, share), 'locked', key, SHARED));
      return void (await destroyFile(keyOf.open));
    }
    const locked = await readFile(keyOf.locked);
    // Locked by an older agent, with nothing but the key beside it: this share closes it.
    if (!isShared(locked)) {
      await writeWhole(keyOf.locked, wrap(lockingKey(kek, share), 'locked', unwrap(kek, 'locked', locked), SHARED));
    }
  };

  /** The locked key is destroyed last: before that, the workspace is still locked. */
  const unlock = async (shares: readonly Buffer[]) => {
    if ((await sizeOf(keyOf.locked)) === null) return;
    const kek = await readFile(wrappingKey);
    const key = openLocked(kek, await readFile(keyOf.locked), shares);
    await writeWhole(keyOf.open, wrap(kek, 'open', key));
    await destroyFile(keyOf.locked);
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

    lock,

    async unlock(shares) {
      if (state() !== 'wiped') return unlock(shares);
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

/** Prefix of a key that is wrapped with the device's key and the server's share. A key of an older agent has no prefix. */
const SHARED = Buffer.from('CWL2');
const NOTHING = Buffer.alloc(0);
const isShared = (bytes: Buffer): boolean => bytes.subarray(0, SHARED.length).equals(SHARED);

const lockingKey = (kek: Buffer, share: Buffer): Buffer =>
  Buffer.from(hkdfSync('sha256', kek, share, 'cordon workspace lock', 32));

function openLocked(kek: Buffer, locked: Buffer, shares: readonly Buffer[]): Buffer {
  if (!isShared(locked)) return unwrap(kek, 'locked', locked);
  for (const share of shares) {
    try {
      return unwrap(lockingKey(kek, share), 'locked', locked.subarray(SHARED.length));
    } catch {
      // The share of another lock: GCM says so, and the next one is tried.
    }
  }
  throw new CordonError(
    'workspace_locked',
    'No share of the server opens this workspace. It stays locked. An admin can only wipe it.',
  );
}

function wrap(kek: Buffer, state: string, key: Buffer, mark: Buffer = NOTHING): Buffer {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', kek, nonce).setAAD(Buffer.from(`cordon workspace ${state}`));
  return Buffer.concat([mark, nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
}

function unwrap(kek: Buffer, state: string, bytes: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', kek, bytes.subarray(0, 12)).setAAD(
    Buffer.from(`cordon workspace ${state}`),
  );
  decipher.setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
}
