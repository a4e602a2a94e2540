/**
 * The workspace: a folder of sealed files. `workspace-keys.ts` says which files contain the workspace key, and how each is wrapped. A wipe
 * destroys the workspace key.
 *
 * The files in the folder are the state of the workspace. If they contradict each other, the strictest state wins, so a crash never opens
 * the workspace. Each action reads the state again, because daemon and command line share the folder. With a passcode, only the daemon has
 * the workspace key, in memory, after the user has entered the passcode.
 *
 * The lock does not stop a user who copied the keys or the files while the workspace was open (SECURITY.md).
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CordonError } from '../../shared/errors.ts';
import { createSerialQueue } from '../../shared/loops/serial-queue.ts';
import { type Disk, destroyFile, isMissing, namesIn, readStart, writeWhole } from './disk.ts';
import { passcodeAttempts } from './passcode-attempts.ts';
import { lengthOf, PASSCODE_COST, type PasscodeCost } from './passcode-file.ts';
import { HEADER_WITHIN, opaqueId, openContent, openHeader, sealFile } from './sealed-file.ts';
import { WAITS, type WorkspaceKeys, workspaceKeys } from './workspace-keys.ts';

export interface WipeReport {
  readonly filesRemoved: number;
  readonly bytesOverwritten: number;
  readonly verified: readonly string[];
}

/** State of the workspace. `passcode`: the workspace waits until the user enters the passcode. */
export type WorkspaceState = 'open' | 'passcode' | 'locked' | 'wiped';

/** Limits of the passcode, from the policy of the device. */
export interface PasscodeLimits {
  readonly minimumLength: number;
  /** Number of failed attempts after which the agent accepts no passcode until an admin resets it. */
  readonly attempts: number;
}

export const LONGEST_PASSCODE = 256;

/** Passcode of the workspace. Methods with limits throw `passcode_closed`, `passcode_wrong` and `invalid_input` (too short or too long). */
export interface WorkspacePasscode {
  isSet(): boolean;
  /** Number of characters that the passcode has at least; null without a passcode, and while the workspace is locked. */
  minimumLength(): Promise<number | null>;
  /** Attempts that remain before the agent accepts no passcode. */
  remaining(limits: Pick<PasscodeLimits, 'attempts'>): Promise<number>;
  /** Opens the workspace until `forget`, or until the agent ends. */
  enter(passcode: string, limits: PasscodeLimits): Promise<void>;
  /**
   * Sets the first passcode of an open workspace. `share`: 32 random bytes that only the server keeps after this call, so that an admin can
   * reset the passcode.
   */
  set(passcode: string, limits: Pick<PasscodeLimits, 'minimumLength'>, share: Buffer): Promise<void>;
  change(passcodes: { readonly current: string; readonly next: string }, limits: PasscodeLimits): Promise<void>;
  remove(passcode: string, limits: PasscodeLimits): Promise<void>;
  /** Deletes the key from memory. Returns true if the workspace was open. */
  forget(): Promise<boolean>;
}

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
   * workspace key. A passcode stays set, except with `resetPasscode`.
   */
  unlock(shares: readonly Buffer[], options?: { readonly resetPasscode: boolean }): Promise<void>;
  wipe(): Promise<WipeReport>;
  readonly passcode: WorkspacePasscode;
  /** Completes a change of the passcode that a crash has interrupted. Only the daemon may call it, at its start. */
  repair(): Promise<void>;
}

export const WIPED =
  'The workspace was wiped, with all messages. Ask your admin to unlock it. After an exit order, enroll the device again first.';

/** Throws `workspace_locked` or `workspace_wiped` if the files cannot be read now. */
export function requireOpen(state: WorkspaceState): void {
  if (state === 'passcode') throw new CordonError('workspace_locked', WAITS);
  if (state === 'locked') {
    throw new CordonError('workspace_locked', 'Your organization locked the workspace. An admin can unlock it.');
  }
  if (state === 'wiped') throw new CordonError('workspace_wiped', WIPED);
}

/** Parts that tests replace. */
export interface WorkspaceOptions {
  readonly disk?: Disk | undefined;
  readonly passcodeCost?: PasscodeCost | undefined;
}

/** Makes a new workspace if the folder is empty. A wiped workspace stays wiped. */
export async function openWorkspace(
  folder: string,
  { disk = { writeWhole, destroyFile }, passcodeCost = PASSCODE_COST }: WorkspaceOptions = {},
): Promise<Workspace> {
  const files = join(folder, 'files');
  const wipedMark = join(folder, 'wiped');
  await mkdir(files, { recursive: true, mode: 0o700 });

  const keys = workspaceKeys(folder, disk, passcodeCost);
  const attempts = passcodeAttempts(join(folder, 'attempts'), disk);
  // Changes of the keys run one after another. A lock during the check of a passcode would otherwise be lost.
  const changeKeys = createSerialQueue();

  const state = (): WorkspaceState => {
    if (!existsSync(wipedMark)) return keys.state();
    keys.forget();
    return 'wiped';
  };

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

    lock: (share) =>
      changeKeys(async () => {
        if (state() !== 'wiped') await keys.lock(share);
      }),

    unlock: (shares, { resetPasscode } = { resetPasscode: false }) =>
      changeKeys(async () => {
        if (state() !== 'wiped') {
          await keys.unlock(shares, resetPasscode);
          if (!keys.hasPasscode()) await attempts.clear();
          return;
        }
        await keys.create();
        await disk.destroyFile(wipedMark);
      }),

    /**
     * The agent writes the mark of the wipe before it destroys the key. After a crash between the two, the workspace counts as wiped, and a
     * second wipe removes the rest.
     */
    wipe: () =>
      changeKeys(async () => {
        // The mark is an empty file, which needs no space on a full disk.
        await disk.writeWhole(wipedMark, Buffer.alloc(0));
        let bytes = (await keys.destroy()) + (await attempts.clear());
        const names = await namesIn(files);
        for (const name of names) bytes += await destroyFile(join(files, name));
        return { filesRemoved: names.length, bytesOverwritten: bytes, verified: await verifyWiped() };
      }),
    passcode: workspacePasscode({ keys, attempts, state, changeKeys }),
    repair: () => changeKeys(() => keys.repair()),
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

function workspacePasscode({
  keys,
  attempts,
  state,
  changeKeys,
}: {
  readonly keys: WorkspaceKeys;
  readonly attempts: ReturnType<typeof passcodeAttempts>;
  readonly state: () => WorkspaceState;
  readonly changeKeys: <T>(work: () => Promise<T>) => Promise<T>;
}): WorkspacePasscode {
  /** Checks the passcode, and loads the key. The agent counts the attempt before the check. */
  async function check(passcode: string, limits: PasscodeLimits): Promise<void> {
    const now = state();
    if (now === 'locked' || now === 'wiped') requireOpen(now);
    if (!keys.hasPasscode()) throw new CordonError('conflict', 'The workspace has no passcode.');
    if ((await attempts.count()) >= limits.attempts) throw closed();
    await attempts.add();
    const length = lengthOf(passcode);
    const isRight = length <= LONGEST_PASSCODE && (await keys.enter(passcode, Math.min(length, limits.minimumLength)));
    if (isRight) return void (await attempts.clear());
    const left = Math.max(0, limits.attempts - (await attempts.count()));
    if (left === 0) throw closed();
    throw new CordonError(
      'passcode_wrong',
      `The passcode is wrong. ${left === 1 ? '1 attempt remains' : `${left} attempts remain`}. Then only an admin can reset the passcode.`,
    );
  }

  return {
    isSet: keys.hasPasscode,
    minimumLength: keys.passcodeMinimum,
    remaining: async (limits) => Math.max(0, limits.attempts - (await attempts.count())),
    enter: (passcode, limits) => changeKeys(() => check(passcode, limits)),
    set: (passcode, { minimumLength }, share) =>
      changeKeys(async () => {
        requireOpen(state());
        if (keys.hasPasscode()) throw new CordonError('conflict', 'The workspace has a passcode already. Change it.');
        requirePasscodeLength(passcode, minimumLength);
        await attempts.clear();
        await keys.setPasscode(passcode, minimumLength, share);
      }),
    change: ({ current, next }, limits) =>
      changeKeys(async () => {
        requirePasscodeLength(next, limits.minimumLength);
        await check(current, limits);
        await keys.changePasscode(next, limits.minimumLength);
      }),
    remove: (passcode, limits) =>
      changeKeys(async () => {
        await check(passcode, limits);
        await keys.removePasscode();
      }),
    forget: () => changeKeys(async () => keys.forget()),
  };
}

/** Throws `invalid_input` for a passcode that is too short or too long. */
export function requirePasscodeLength(passcode: string, minimum: number): void {
  const length = lengthOf(passcode);
  if (length >= minimum && length <= LONGEST_PASSCODE) return;
  throw new CordonError(
    'invalid_input',
    length < minimum
      ? `The passcode must have at least ${minimum} characters. Choose a longer one.`
      : `The passcode must have at most ${LONGEST_PASSCODE} characters. Choose a shorter one.`,
  );
}

const closed = (): CordonError =>
  new CordonError(
    'passcode_closed',
    'The agent accepts no passcode after too many wrong ones. Your files and messages are still there. Ask your admin to reset the passcode.',
  );
