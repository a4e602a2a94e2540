/**
 * The server's half of a locked workspace. A lock command carries a random share. The device seals the workspace key with its own key and
 * this share, and then deletes the share. The unlock command returns it. The share alone opens nothing, so this is no escrow.
 */
import { MOST_UNLOCK_SHARES } from '../../shared/protocol/frames.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { CommandRecord } from './commands.ts';

export interface UnlockShareStore {
  /** The same for one lock command however often it is asked for. Durable before it resolves. */
  shareOfLock(wanted: { readonly lock: CommandId; readonly device: DeviceId; readonly at: number }): Promise<string>;
  /** Shares of the device's lock commands, newest first. */
  sharesOf(device: DeviceId, limit: number): Promise<string[]>;
}

/** A command as it is sent to a device. */
export interface SentCommand extends CommandRecord {
  /** Base64. Never shown to an admin. */
  readonly shares?: readonly string[];
}

/** A lock needs its own share; an unlock every share that the device may be locked with, since a lock can be on its way. */
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
