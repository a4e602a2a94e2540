/**
 * The server's half of a locked workspace. A lock command carries a random share. The device seals the workspace key with its own key and
 * this share, and then deletes the share. The unlock command returns it. The share alone opens nothing, so this is no escrow.
 */
import { MOST_UNLOCK_SHARES } from '../../shared/protocol/frames.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { CommandRecord } from './command-record.ts';

export interface UnlockShareStore {
  /** Returns the same share for one lock command each time. Durable when it resolves. */
  shareOfLock(wanted: { readonly lock: CommandId; readonly device: DeviceId; readonly at: number }): Promise<string>;
  /** Lists the shares of the device's lock commands, newest first. */
  sharesOf(device: DeviceId, limit: number): Promise<string[]>;
}

export interface SentCommand extends CommandRecord {
  /** Shares of a lock or an unlock, base64. Admins do not see them. */
  readonly shares?: readonly string[];
}

/** Adds the shares: to a lock its own, and to an unlock the share of every lock that may have reached the device. */
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
