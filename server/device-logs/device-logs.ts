/**
 * Logs that agents sent for the command `collect-logs`. The server keeps the compressed bytes as they arrived, never unpacks them, and
 * deletes them after a week.
 */
import { CordonError } from '../../shared/errors.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { Commands } from '../commands/commands.ts';
import { createTransferSlots } from '../transfer-slots.ts';

/** Days for which the server keeps a log. */
export const LOG_DAYS = 7;

export interface DeviceLog {
  /** Command that collected the log. */
  readonly command: CommandId;
  readonly at: number;
  readonly size: number;
}

export interface DeviceLogStore {
  /** Stores the log. Replaces an earlier log of the same command, because a device may run a command twice. */
  put(log: DeviceLog & { readonly device: DeviceId; readonly bytes: Buffer }): Promise<void>;
  /** Logs of the device, newest first. */
  list(device: DeviceId): Promise<DeviceLog[]>;
  bytes(device: DeviceId, command: CommandId): Promise<Buffer | null>;
}

export interface DeviceLogsPorts {
  readonly store: DeviceLogStore;
  readonly commands: Pick<Commands, 'requireUnfinished'>;
  readonly now?: () => number;
}

export type DeviceLogs = ReturnType<typeof createDeviceLogs>;

export function createDeviceLogs({ store, commands, now = Date.now }: DeviceLogsPorts) {
  // The number of simultaneous uploads is limited, because each upload is in memory.
  const uploads = createTransferSlots({ all: 32, ofOne: 1 });
  return {
    /** Stores the log that `read` receives. Throws `not_found` unless the device has an unfinished command `collect-logs` with this id. */
    async put(
      sender: { readonly device: DeviceId; readonly generation: number },
      id: CommandId,
      read: () => Promise<Buffer>,
    ): Promise<void> {
      const { device } = sender;
      const leave = uploads.occupy(device);
      try {
        await commands.requireUnfinished(id, sender, 'collect-logs');
        const bytes = await read();
        await store.put({ command: id, device, at: now(), size: bytes.length, bytes });
      } finally {
        leave();
      }
    },
    list: (device: DeviceId) => store.list(device),
    async bytes(device: DeviceId, command: CommandId): Promise<Buffer> {
      const bytes = await store.bytes(device, command);
      if (bytes) return bytes;
      const detail = `There is no such log. The server deletes logs after ${LOG_DAYS} days. Collect the log again.`;
      throw new CordonError('not_found', detail, { command });
    },
  };
}
