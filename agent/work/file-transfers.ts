/** Commands `push-file` and `fetch-file`. They reach only the organization's folder of the workspace. */
import { createHash } from 'node:crypto';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { FetchedFile, PushedFile } from '../../shared/files/workspace-file.ts';
import { ATTACHMENT_WITHIN } from '../../shared/protocol/device-http.ts';
import type { CommandId } from '../../shared/protocol/ids.ts';
import type { DeviceListener } from '../link/http.ts';
import { type DownloadPorts, resumedDownload } from '../link/resumed-download.ts';
import type { OrganizationFiles } from '../workspace/organization-files.ts';
import { requireOpen } from '../workspace/workspace.ts';

/** File that the organization asked for, as the user sees it. */
export interface FetchRecord extends FetchedFile {
  readonly command: CommandId;
  readonly at: number;
}

export interface FetchRecordStore {
  /** Fetched files, newest first. */
  fetchedFiles(): readonly FetchRecord[];
  /** Stores a record, unless the command has one. */
  addFetchedFile(record: FetchRecord): void;
}

export interface FileTransfersPorts extends DownloadPorts, DeviceListener {
  readonly files: OrganizationFiles;
  readonly store: FetchRecordStore;
  readonly now: () => number;
}

/** Each method returns the sentence for the admin. */
export interface FileTransfers {
  push(command: CommandId, file: PushedFile): Promise<string>;
  fetch(command: CommandId, file: FetchedFile): Promise<string>;
}

export function createFileTransfers({ files, store, now, ...ports }: FileTransfersPorts): FileTransfers {
  return {
    async push(command, { name, sha256, size }) {
      requireOpen(files.state());
      // The bytes stay in memory until the workspace seals them, so that no plain copy reaches the disk.
      const content = Buffer.alloc(size);
      let received = 0;
      const target = {
        size: () => received,
        append(bytes: Buffer) {
          received += bytes.copy(content, received);
        },
      };
      await resumedDownload({ path: `/device/files/${command}`, size }, target, ports);
      if (createHash('sha256').update(content).digest('hex') !== sha256) {
        throw new CordonError(
          'document_malformed',
          'The received file does not have the digest of the command. The device stored nothing.',
        );
      }
      await files.put(name, content);
      return `The device stored ${JSON.stringify(name)}, ${size} bytes.`;
    },

    async fetch(command, { name, reason }) {
      // The user must see each request, so the agent stores it before it reads anything.
      store.addFetchedFile({ command, name, reason, at: now() });
      const body = await read(files, name);
      const { status } = await ports.http()(new URL(`/device/files/${command}`, ports.deviceUrl()), {
        method: 'PUT',
        headers: { 'content-type': 'application/octet-stream' },
        body,
        within: ATTACHMENT_WITHIN,
      });
      if (status !== 204) {
        throw new CordonError('unavailable', `The server refused the file with the HTTP status ${status}.`);
      }
      return `The device sent ${JSON.stringify(name)}, ${body.length} bytes.`;
    },
  };
}

async function read(files: OrganizationFiles, name: string): Promise<Buffer> {
  try {
    return await files.get(name);
  } catch (error) {
    if (!isCordonError(error, 'not_found')) throw error;
    throw new CordonError(
      'not_found',
      'The organization’s folder of the workspace has no file with this name. Ask the user to add it on the device page.',
      {},
      error,
    );
  }
}
