/**
 * The server's half (share) of the key to a locked workspace. The device encrypts the workspace key with its own key and the random share
 * from the lock command, and then deletes the share. The unlock command contains the share again. The server cannot decrypt a workspace,
 * because a share alone decrypts nothing.
 */
import { hash, randomBytes } from 'node:crypto';
import { MOST_PASSCODE_SHARES } from '../../shared/protocol/device-http.ts';
import { MOST_UNLOCK_SHARES } from '../../shared/protocol/frames.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { CommandRecord } from './command-record.ts';
import type { JobTerms, PendingCommand } from './ports.ts';

const BYTES = 32;

/** Random share of one lock command, or random secret of a job that locks workspaces. The job's secret is stored before its first lock is sent. */
export const newUnlockShare = (): string => randomBytes(BYTES).toString('base64');

/**
 * Unlock share of one lock command of a job. One share does not reveal another, because only the server knows the secret. A plain hash is
 * enough: all inputs have the same length, and the secret is the last part, so that nobody can extend a known share to another input.
 */
export const jobShare = (lockSecret: string, lock: CommandId): string =>
  hash('sha256', `${lock} ${lockSecret}`, 'base64');

export interface UnlockShareStore {
  /**
   * Returns the server's part (share) of the workspace key for a lock command. The first call creates the share, which is stored durably
   * when the promise resolves.
   */
  shareOfLock(request: { readonly lock: CommandId; readonly device: DeviceId; readonly at: number }): Promise<string>;
  /** Server's parts (shares) of the workspace key from the device's lock commands, newest first. */
  sharesOf(device: DeviceId, limit: number): Promise<string[]>;
  /** Stores a share that the device sent for a reset of its passcode, durably. Keeps the newest `MOST_PASSCODE_SHARES`. */
  addPasscodeShare(share: { readonly device: DeviceId; readonly share: string; readonly at: number }): Promise<void>;
  /** Shares for a reset of the passcode, newest first. */
  passcodeSharesOf(device: DeviceId): Promise<string[]>;
}

export interface SentCommand extends CommandRecord {
  /**
   * Server's parts (shares) of the workspace key in a lock or unlock command, base64. Admins do not see shares, because a share and the
   * device's own key together decrypt the workspace.
   */
  readonly shares?: readonly string[];
  readonly priority: JobTerms['priority'];
  readonly window: JobTerms['window'];
}

/**
 * Adds the server's parts (shares) of the workspace key to lock and unlock commands. A lock command gets its own share. An unlock command
 * gets the newest shares of the device, because the server does not know which lock command took effect.
 */
export function withShares(
  store: UnlockShareStore,
  pending: readonly PendingCommand[],
  now: number,
): Promise<SentCommand[]> {
  return Promise.all(
    pending.map(async ({ record, lockSecret, priority, window }) => {
      const { id, device, command } = record;
      const sent = { ...record, priority, window };
      if (lockSecret !== null) return { ...sent, shares: [jobShare(lockSecret, id)] };
      if (command.kind === 'lock-workspace') {
        return { ...sent, shares: [await store.shareOfLock({ lock: id, device, at: now })] };
      }
      if (command.kind !== 'unlock-workspace') return sent;
      if (command.resetPasscode !== true) return { ...sent, shares: await store.sharesOf(device, MOST_UNLOCK_SHARES) };
      // Without a reset, the device never gets these shares: a thief with its key could otherwise open the workspace.
      const ofPasscode = await store.passcodeSharesOf(device);
      const ofLocks = await store.sharesOf(device, MOST_UNLOCK_SHARES - MOST_PASSCODE_SHARES);
      return { ...sent, shares: [...ofPasscode, ...ofLocks] };
    }),
  );
}
