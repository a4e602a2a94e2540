/** Download of own packages by devices, in parts, so that an interrupted download continues. */
import { CordonError } from '../../shared/errors.ts';
import { sha256Hex } from '../../shared/order/documents.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { DeviceRoute } from './device-route.ts';
import { firstByteOf, partResponse } from './file-parts.ts';

export interface PackagesPort {
  /** Reads one part of the file, beginning with byte number `from`. */
  download(device: DeviceId, sha256: string, from: number): Promise<{ readonly size: number; readonly bytes: Buffer }>;
}

export const packageRoutes = (packages: PackagesPort): DeviceRoute[] => [
  {
    method: 'GET',
    path: '/device/packages/:id',
    async respond({ identity, request, id }) {
      const sha256 = sha256Hex.safeParse(id);
      const from = firstByteOf(request);
      if (!sha256.success || from === null) {
        throw new CordonError(
          'invalid_input',
          'Request a package by its SHA-256, with the header "Range: bytes=FROM-".',
        );
      }
      return partResponse(from, await packages.download(identity.device, sha256.data, from));
    },
  },
];
