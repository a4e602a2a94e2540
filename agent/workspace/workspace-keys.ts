import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CordonError } from '../../shared/errors.ts';
import { destroyFile, sizeOf, writeWhole } from './disk.ts';

export interface WorkspaceKeys {
  state(): 'open' | 'locked';
  exist(): Promise<boolean>;
  create(): Promise<void>;
  read(): Promise<Buffer>;
  lock(share: Buffer): Promise<void>;
  unlock(shares: readonly Buffer[]): Promise<void>;
  destroy(): Promise<number>;
}

export function workspaceKeys(folder: string): WorkspaceKeys {
  const [wrappingKey, openKey, lockedKey] = ['wrapping.key', 'open.key', 'locked.key'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  return {
    state: () => (existsSync(lockedKey) ? 'locked' : 'open'),
    exist: async () => (await sizeOf(openKey)) !== null,
    async create() {
      const kek = randomBytes(32);
      await writeWhole(wrappingKey, kek);
      await writeWhole(openKey, wrap(kek, 'open', randomBytes(32)));
    },
    read: async () => unwrap(await readFile(wrappingKey), 'open', await readFile(openKey)),

    /**
     * Locks the workspace: replaces `open.key` by `locked.key`, which contains the workspace key encrypted with the device's key and the
     * server's share. `open.key` is destroyed last, so that a crash loses no key. While both files exist, the workspace counts as locked.
     */
    async lock(share) {
      const kek = await readFile(wrappingKey);
      if ((await sizeOf(openKey)) !== null) {
        // After a crash, `open.key` and `locked.key` may both exist, with the same workspace key.
        const key = unwrap(kek, 'open', await readFile(openKey));
        await writeWhole(lockedKey, wrap(lockingKey(kek, share), 'locked', key, SHARED));
        return void (await destroyFile(openKey));
      }
      const locked = await readFile(lockedKey);
      // An older version of the agent locked the workspace without the server's share. This call wraps the workspace key again, with the
      // share.
      if (!isShared(locked)) {
        await writeWhole(lockedKey, wrap(lockingKey(kek, share), 'locked', unwrap(kek, 'locked', locked), SHARED));
      }
    },

    /**
     * Unlocks the workspace: restores `open.key`, and then destroys `locked.key`. While both files exist, the workspace counts as locked.
     */
    async unlock(shares) {
      if ((await sizeOf(lockedKey)) === null) return;
      const kek = await readFile(wrappingKey);
      const key = openLocked(kek, await readFile(lockedKey), shares);
      await writeWhole(openKey, wrap(kek, 'open', key));
      await destroyFile(lockedKey);
    },
    async destroy() {
      let bytes = 0;
      for (const file of [wrappingKey, openKey, lockedKey]) bytes += await destroyFile(file);
      return bytes;
    },
  };
}

/** Prefix of a workspace key that is wrapped with the device's key and the server's share. Older versions of the agent wrote no prefix. */
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
      // This share does not belong to the current lock. The loop tries the next share.
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
