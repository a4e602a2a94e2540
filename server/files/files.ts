/**
 * Files for the workspaces of devices, and files that admins fetched from devices. The server stores the files in plain text, so neither way
 * is for messages or mail (ADR 78).
 */
import { CordonError } from '../../shared/errors.ts';
import { LARGEST_FILE, pushedFileSchema } from '../../shared/files/workspace-file.ts';
import type { Command } from '../../shared/protocol/frames.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { Bandwidth } from '../bandwidth.ts';
import type { Commands } from '../commands/commands.ts';
import { createTransferSlots } from '../transfer-slots.ts';
import { PART, type Uploads } from '../uploads.ts';
import type { FileStore, ReceivedFile, StoredFile } from './ports.ts';

/** Days for which the server keeps a file that an admin fetched from a device. */
export const FETCHED_DAYS = 7;

/** Maximum sizes in bytes: of all files for devices together, and of all files from devices together. */
const MOST_STORED = 1024 * 1024 * 1024;
const MOST_RECEIVED = 1024 * 1024 * 1024;

export interface FilesPorts {
  readonly store: FileStore;
  /** Uploads of admins. */
  readonly uploads: Pick<Uploads, 'receive'>;
  readonly commands: Pick<Commands, 'requireUnfinished'>;
  /** Throws `service_denied` if an order suspends the management of the device. */
  readonly requireManagement: (device: DeviceId) => Promise<void>;
  /** Limit for the downloads of all devices together. */
  readonly bandwidth: Bandwidth;
  readonly now?: () => number;
}

interface Sender {
  readonly device: DeviceId;
  readonly generation: number;
}

export type Files = ReturnType<typeof createFiles>;

export function createFiles({
  store,
  uploads: received,
  commands,
  requireManagement,
  bandwidth,
  now = Date.now,
}: FilesPorts) {
  const downloads = createTransferSlots({ all: 64, ofOne: 2 });
  // Each upload is in memory.
  const uploads = createTransferSlots({ all: 8, ofOne: 1 });

  async function get(sha256: string): Promise<StoredFile> {
    const found = await store.get(sha256);
    if (found) return found;
    throw new CordonError('not_found', 'The server has no file with this digest. Upload the file.', { sha256 });
  }

  return {
    list: store.list,

    /** Stores a file. A repeated upload of the same file under the same name returns the stored file. */
    async upload(
      { name, note }: { readonly name: string; readonly note: string },
      content: AsyncIterable<Uint8Array>,
      by: string,
    ): Promise<StoredFile> {
      return received.receive(by, content, { most: LARGEST_FILE, what: 'A file' }, async (upload) => {
        const { sha256, size } = upload;
        if (size === 0) throw new CordonError('invalid_input', 'The file is empty. Choose another file.');
        const file = pushedFileSchema.parse({ name, sha256, size });
        const stored: StoredFile = { ...file, note, uploadedAt: now(), uploadedBy: by };
        if (await store.put(stored, upload, MOST_STORED)) return stored;
        const known = await get(sha256);
        if (known.name === name) return known;
        throw new CordonError(
          'conflict',
          `The server has this file under the name ${JSON.stringify(known.name)}. Delete it first if the name is wrong.`,
        );
      });
    },

    async delete(sha256: string): Promise<void> {
      if (!(await store.delete(sha256))) await get(sha256);
    },

    /** Throws unless a command `push-file` is for a stored file. */
    async requireStored(command: Command): Promise<void> {
      if (command.kind !== 'push-file') return;
      const { name, size } = await get(command.sha256);
      if (name === command.name && size === command.size) return;
      throw new CordonError('invalid_input', `The file with this digest has the name ${JSON.stringify(name)}.`, {
        field: 'command',
      });
    },

    /**
     * Part of a file for a device, from the byte `from` to the end of the stored part. Throws `not_found` unless the device has an unfinished
     * command `push-file` with this id, so that a device gets only the files that an admin sent to it.
     */
    async download(
      sender: Sender,
      id: CommandId,
      from: number,
    ): Promise<{ readonly size: number; readonly bytes: Buffer }> {
      await requireManagement(sender.device);
      const leave = downloads.occupy(sender.device);
      try {
        const { sha256, size } = await commands.requireUnfinished(id, sender, 'push-file');
        if (from >= size) throw new CordonError('invalid_input', `The file has only ${size} bytes.`);
        const part = await store.part(sha256, Math.floor(from / PART));
        if (!part) throw new CordonError('not_found', 'The file was deleted.', { sha256 });
        const bytes = part.subarray(from % PART);
        await bandwidth.wait(bytes.length);
        return { size, bytes };
      } finally {
        leave();
      }
    },

    /** Stores the file that `read` receives. Throws `not_found` unless the device has an unfinished command `fetch-file` with this id. */
    async receive(sender: Sender, id: CommandId, read: () => Promise<Buffer>): Promise<void> {
      await requireManagement(sender.device);
      const leave = uploads.occupy(sender.device);
      try {
        const { name, reason } = await commands.requireUnfinished(id, sender, 'fetch-file');
        const bytes = await read();
        const file = { command: id, device: sender.device, name, reason, at: now(), size: bytes.length, bytes };
        await store.putReceived(file, MOST_RECEIVED);
      } finally {
        leave();
      }
    },

    received: (device: DeviceId): Promise<ReceivedFile[]> => store.listReceived(device),

    async receivedFile(
      device: DeviceId,
      command: CommandId,
    ): Promise<{ readonly name: string; readonly bytes: Buffer }> {
      const found = await store.received(device, command);
      if (found) return found;
      const detail = `There is no such file. The server deletes fetched files after ${FETCHED_DAYS} days. Fetch the file again.`;
      throw new CordonError('not_found', detail, { command });
    },
  };
}
