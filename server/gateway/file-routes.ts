/** Transfer of files for the commands `push-file` and `fetch-file`. The path names the command, so that a device gets no other file. */
import { CordonError } from '../../shared/errors.ts';
import { LARGEST_FILE } from '../../shared/files/workspace-file.ts';
import { type CommandId, commandIdSchema } from '../../shared/protocol/ids.ts';
import type { Files } from '../files/files.ts';
import { bytesOf, type DeviceRoute } from './device-route.ts';
import { firstByteOf, partResponse } from './file-parts.ts';
import { FILE_DEADLINES } from './sealed-routes.ts';

export type FilesPort = Pick<Files, 'download' | 'receive'>;

export const fileRoutes = (files: FilesPort): DeviceRoute[] => [
  {
    method: 'GET',
    path: '/device/files/:id',
    async respond({ identity, request, id }) {
      const from = firstByteOf(request);
      if (from === null) {
        throw new CordonError('invalid_input', 'Request a file with the header "Range: bytes=FROM-".');
      }
      return partResponse(from, await files.download(identity, commandOf(id), from));
    },
  },
  {
    method: 'PUT',
    path: '/device/files/:id',
    async respond({ identity, request, id }) {
      const command = commandOf(id);
      // Refuse a too large body before the upload if the request states its length. Otherwise the limit applies during the read.
      if (Number(request.headers['content-length'] ?? 0) > LARGEST_FILE) {
        throw new CordonError('too_large', `A file has at most ${LARGEST_FILE} bytes.`);
      }
      await files.receive(identity, command, () => bytesOf(request, LARGEST_FILE, FILE_DEADLINES));
      return { status: 204, headers: { 'Cache-Control': 'no-store' }, body: '' };
    },
  },
];

function commandOf(id: string): CommandId {
  const parsed = commandIdSchema.safeParse(id);
  if (parsed.success) return parsed.data;
  throw new CordonError('invalid_input', 'The path must end with the id of a command.');
}
