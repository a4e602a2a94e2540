/**
 * Key files of the workspace. Each contains the workspace key, or a file that contains it, wrapped by `wrapping.key` and a further secret:
 *
 * | file | further secret | exists |
 * |---|---|---|
 * | `open.key` | none | without a passcode |
 * | `passcode.key` | the user's passcode | with a passcode (`passcode-file.ts`) |
 * | `recovery.key` | share that the device made and only the server has | with a passcode |
 * | `locked.key` | share from the server's lock command | while locked; it contains the key, or the file `passcode.key` |
 *
 * Each change writes the new file before it destroys the old one, so a crash loses no key. While several files exist, the strictest counts:
 * locked, then passcode, then open.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CordonError } from '../../shared/errors.ts';
import { type Disk, sizeOf } from './disk.ts';
import { minimumOf, openWithPasscode, type PasscodeCost, sealWithPasscode } from './passcode-file.ts';

export interface WorkspaceKeys {
  /** State of the files and of the key in memory. `passcode`: a passcode is set, and the key is not in memory. */
  state(): 'open' | 'passcode' | 'locked';
  exist(): Promise<boolean>;
  create(): Promise<void>;
  read(): Promise<Buffer>;
  lock(share: Buffer): Promise<void>;
  /**
   * Unlocks the workspace. A passcode stays set, and the user must enter it. `resetPasscode`: the passcode ends too, with one of the shares
   * that the device sent to the server.
   */
  unlock(shares: readonly Buffer[], resetPasscode: boolean): Promise<void>;
  destroy(): Promise<number>;
  /** Completes a change of the passcode that a crash has interrupted. Another process must not change the keys at the same time. */
  repair(): Promise<void>;

  hasPasscode(): boolean;
  /** Number of characters that the passcode has at least; null without a passcode, and while the workspace is locked. */
  passcodeMinimum(): Promise<number | null>;
  /** Loads the key into memory. Returns false for a wrong passcode. */
  enter(passcode: string, knownMinimum: number): Promise<boolean>;
  /** Sets a passcode. `share`: 32 bytes that the server has stored for a reset, and that nothing on the device contains. */
  setPasscode(passcode: string, minimum: number, share: Buffer): Promise<void>;
  /** Replaces the passcode. The key must be in memory. */
  changePasscode(passcode: string, minimum: number): Promise<void>;
  /** Removes the passcode. The key must be in memory. */
  removePasscode(): Promise<void>;
  /** Deletes the key from memory. Returns true if it was there. */
  forget(): boolean;
}

export function workspaceKeys(folder: string, { writeWhole, destroyFile }: Disk, cost: PasscodeCost): WorkspaceKeys {
  const [wrappingKey, openKey, passcodeKey, recoveryKey, lockedKey] = [
    'wrapping.key',
    'open.key',
    'passcode.key',
    'recovery.key',
    'locked.key',
  ].map((name) => join(folder, name)) as [string, string, string, string, string];
  /** Workspace key, while the user has entered the passcode. */
  let held: Buffer | null = null;

  const forget = (): boolean => {
    const was = held !== null;
    held?.fill(0);
    held = null;
    return was;
  };

  const heldKey = (): Buffer => {
    // A copy, because the lock overwrites the key while a caller may still use it.
    if (held) return Buffer.from(held);
    throw new CordonError('workspace_locked', WAITS);
  };

  const keys: WorkspaceKeys = {
    state() {
      if (existsSync(lockedKey)) {
        forget();
        return 'locked';
      }
      return existsSync(passcodeKey) && held === null ? 'passcode' : 'open';
    },
    exist: async () => existsSync(openKey) || existsSync(passcodeKey),
    async create() {
      const kek = randomBytes(32);
      await writeWhole(wrappingKey, kek);
      await writeWhole(openKey, wrap(kek, 'open', randomBytes(32)));
    },
    read: async () =>
      existsSync(passcodeKey) ? heldKey() : unwrap(await readFile(wrappingKey), 'open', await readFile(openKey)),

    async lock(share) {
      forget();
      const kek = await readFile(wrappingKey);
      if (existsSync(passcodeKey)) {
        // The device cannot read the workspace key now, so it encrypts the file that contains the key.
        const file = await readFile(passcodeKey);
        await writeWhole(lockedKey, wrap(lockingKey(kek, share), 'locked passcode', file, WITH_PASSCODE));
        await destroyFile(openKey);
        await destroyFile(passcodeKey);
        return;
      }
      if ((await sizeOf(openKey)) !== null) {
        // After a crash, `open.key` and `locked.key` may both exist, with the same workspace key.
        const key = unwrap(kek, 'open', await readFile(openKey));
        await writeWhole(lockedKey, wrap(lockingKey(kek, share), 'locked', key, SHARED));
        await destroyFile(openKey);
        return;
      }
      const locked = await readFile(lockedKey);
      // An older version of the agent locked the workspace without the server's share. This call wraps the workspace key again, with the
      // share.
      if (!has(SHARED, locked) && !has(WITH_PASSCODE, locked)) {
        await writeWhole(lockedKey, wrap(lockingKey(kek, share), 'locked', unwrap(kek, 'locked', locked), SHARED));
      }
    },

    async unlock(shares, resetPasscode) {
      if (resetPasscode && keys.hasPasscode()) return reset(shares);
      if ((await sizeOf(lockedKey)) === null) return;
      const kek = await readFile(wrappingKey);
      const locked = await readFile(lockedKey);
      if (has(WITH_PASSCODE, locked)) {
        await writeWhole(passcodeKey, openWithShare(kek, 'locked passcode', locked, shares, CANNOT_UNLOCK));
        // An interrupted reset of the passcode may have left `open.key`.
        await destroyFile(openKey);
      } else {
        await writeWhole(openKey, wrap(kek, 'open', openLocked(kek, locked, shares)));
      }
      await destroyFile(lockedKey);
    },
    async destroy() {
      forget();
      let bytes = 0;
      for (const file of [wrappingKey, openKey, passcodeKey, recoveryKey, lockedKey]) bytes += await destroyFile(file);
      return bytes;
    },
    async repair() {
      // The agent stopped after it had set the passcode, or before it had removed it. The passcode counts in both cases.
      if (existsSync(passcodeKey)) await destroyFile(openKey);
      else if (!existsSync(lockedKey)) await destroyFile(recoveryKey);
    },

    hasPasscode: () => existsSync(passcodeKey) || (existsSync(lockedKey) && existsSync(recoveryKey)),
    async passcodeMinimum() {
      if (keys.state() === 'locked' || !existsSync(passcodeKey)) return null;
      return minimumOf(await readFile(passcodeKey));
    },
    async enter(passcode, knownMinimum) {
      const [wrapping, file] = [await readFile(wrappingKey), await readFile(passcodeKey)];
      const key = await openWithPasscode(file, { passcode, wrapping });
      if (!key) return false;
      // The policy may require a longer passcode since the user has set it. The file then states the length that is known now.
      if (knownMinimum > minimumOf(file)) {
        await writeWhole(
          passcodeKey,
          await sealWithPasscode({ passcode, wrapping }, { minimum: knownMinimum, cost, workspaceKey: key }),
        );
      }
      forget();
      held = key;
      return true;
    },
    async setPasscode(passcode, minimum, share) {
      const wrapping = await readFile(wrappingKey);
      const key = unwrap(wrapping, 'open', await readFile(openKey));
      await writeWhole(recoveryKey, wrap(recoveringKey(wrapping, share), 'recovery', key, SHARED));
      await writeWhole(
        passcodeKey,
        await sealWithPasscode({ passcode, wrapping }, { minimum, cost, workspaceKey: key }),
      );
      held = key;
      await destroyFile(openKey);
    },
    async changePasscode(passcode, minimum) {
      const wrapping = await readFile(wrappingKey);
      await writeWhole(
        passcodeKey,
        await sealWithPasscode({ passcode, wrapping }, { minimum, cost, workspaceKey: heldKey() }),
      );
    },
    async removePasscode() {
      await writeWhole(openKey, wrap(await readFile(wrappingKey), 'open', heldKey()));
      await destroyFile(passcodeKey);
      await destroyFile(recoveryKey);
      forget();
    },
    forget,
  };
  return keys;

  /** Ends the passcode and a lock. While `passcode.key` or `locked.key` exists, the workspace is not open. */
  async function reset(shares: readonly Buffer[]): Promise<void> {
    const kek = await readFile(wrappingKey);
    const recovery = await readFile(recoveryKey).catch(() => null);
    if (!recovery) throw new CordonError('workspace_locked', CANNOT_RESET);
    const key = openWithShare(kek, 'recovery', recovery, shares, CANNOT_RESET, recoveringKey);
    forget();
    await writeWhole(openKey, wrap(kek, 'open', key));
    await destroyFile(passcodeKey);
    await destroyFile(lockedKey);
    await destroyFile(recoveryKey);
  }
}

export const WAITS =
  'The workspace waits for your passcode. Enter it in the device page (`cordon-agent open`) or with `cordon-agent passcode enter`.';

/** Prefix of a workspace key that is wrapped with the device's key and the server's share. Older versions of the agent wrote no prefix. */
const SHARED = Buffer.from('CWL2');
/** Prefix of a locked file `passcode.key`. */
const WITH_PASSCODE = Buffer.from('CWL3');
const NOTHING = Buffer.alloc(0);
const has = (mark: Buffer, bytes: Buffer): boolean => bytes.subarray(0, mark.length).equals(mark);

const CANNOT_UNLOCK = 'No share of the server opens this workspace. It stays locked. An admin can only wipe it.';
const CANNOT_RESET =
  'No share of the server resets the passcode of this workspace. The user can still enter the passcode, or an admin can wipe the workspace.';

type Derive = (kek: Buffer, share: Buffer) => Buffer;
const lockingKey: Derive = (kek, share) => Buffer.from(hkdfSync('sha256', kek, share, 'cordon workspace lock', 32));
const recoveringKey: Derive = (kek, share) =>
  Buffer.from(hkdfSync('sha256', kek, share, 'cordon workspace recovery', 32));

function openLocked(kek: Buffer, locked: Buffer, shares: readonly Buffer[]): Buffer {
  return has(SHARED, locked)
    ? openWithShare(kek, 'locked', locked, shares, CANNOT_UNLOCK)
    : unwrap(kek, 'locked', locked);
}

/** Opens bytes with a prefix of four bytes. Throws `workspace_locked` with the given reason if no share opens them. */
function openWithShare(
  kek: Buffer,
  state: string,
  bytes: Buffer,
  shares: readonly Buffer[],
  reason: string,
  derive = lockingKey,
): Buffer {
  for (const share of shares) {
    try {
      return unwrap(derive(kek, share), state, bytes.subarray(SHARED.length));
    } catch {
      // This share does not belong to the file. The loop tries the next share.
    }
  }
  throw new CordonError('workspace_locked', reason);
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
