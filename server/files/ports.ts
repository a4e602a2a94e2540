import type { PushedFile } from '../../shared/files/workspace-file.ts';
import type { CommandId, DeviceId } from '../../shared/protocol/ids.ts';
import type { Upload } from '../uploads.ts';

/** File that admins can send to devices. */
export interface StoredFile extends PushedFile {
  readonly note: string;
  readonly uploadedAt: number;
  /** Account that uploaded the file. */
  readonly uploadedBy: string;
}

/** File that a device sent for the command `fetch-file`. */
export interface ReceivedFile {
  readonly command: CommandId;
  readonly name: string;
  readonly reason: string;
  readonly at: number;
  readonly size: number;
}

export interface FileStore {
  /** Stores a file with the parts of the upload. Returns false if the file is stored already. Throws `too_large` if all files would exceed `most` bytes. */
  put(stored: StoredFile, upload: Upload, most: number): Promise<boolean>;
  /** Files by name. */
  list(): Promise<StoredFile[]>;
  get(sha256: string): Promise<StoredFile | null>;
  /** Part with this number, from 0. Null if the file was deleted. */
  part(sha256: string, position: number): Promise<Buffer | null>;
  delete(sha256: string): Promise<boolean>;
  /**
   * Stores a file of a device. Replaces an earlier file of the same command, because a device may run a command twice. Throws `too_large` if
   * the files of all devices would exceed `most` bytes.
   */
  putReceived(file: ReceivedFile & { readonly device: DeviceId; readonly bytes: Buffer }, most: number): Promise<void>;
  /** Files of the device, newest first. */
  listReceived(device: DeviceId): Promise<ReceivedFile[]>;
  received(device: DeviceId, command: CommandId): Promise<{ readonly name: string; readonly bytes: Buffer } | null>;
}
