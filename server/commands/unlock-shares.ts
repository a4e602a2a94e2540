/**
 * The server's half of the key to a locked workspace. The device encrypts the workspace key with its own key and the random share from the
 * lock command, and then deletes the share. The unlock command contains the share again. The share alone decrypts nothing, so this is no
 * escrow.
 */
import { MOST_UNLOCK_SHARES } from '../../shared/protocol/frames.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { CommandRecord } from './command-record.ts';

export interface UnlockShareStore {
  /** Creates the share of a lock command, or returns the existing share. The share is stored durably when the promise resolves. */
  shareOfLock(wanted: { readonly lock: CommandId; readonly device: DeviceId; readonly at: number }): Promise<string>;
  /** Shares of the device's lock commands, newest first. */
  sharesOf(device: DeviceId, limit: number): Promise<string[]>;
}

export interface SentCommand extends CommandRecord {
  /** Shares in the body of a lock or unlock command, base64. Admins do not see them. */
  readonly shares?: readonly string[];
}

/**
 * Adds shares to the body of a command. A lock command gets its own share. An unlock command gets the share of every lock command that may
 * have reached the device.
 */
export function withShares(
  store: UnlockShareStore,
  commands: readonly CommandRecord[],
  now: number,
): Promise<SentCommand[]> {
  return Promise.all(
    commands.map(async (record) => {
      const { id, device, command } = record;
      if (command.kind === 'lock-workspace') {
        return { ...record, shares: [await store.shareOfLock({ lock: id, device, at: now })] };
      }
      if (command.kind !== 'unlock-workspace') return record;
      return { ...record, shares: await store.sharesOf(device, MOST_UNLOCK_SHARES) };
    }),
  );
}
