import { ATTACHMENT_WITHIN, claimResponse, keyPackagesResponse } from '../../shared/protocol/device-http.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { bodyOf, httpsOf } from '../enrollment/est.ts';
import { type DeviceListener, orUnavailable } from '../link/http.ts';

export interface ClaimedPackage {
  readonly device: DeviceId;
  readonly generation: number;
  readonly body: Uint8Array;
}

/**
 * HTTPS client for key packages and attachments. The server is the delivery service, which stores sealed messages
 * (`shared/protocol/device-http.ts`).
 */
export interface RelayClient {
  /** Claims one key package from each device. Devices without a key package are left out. */
  claim(devices: readonly DeviceId[]): Promise<readonly ClaimedPackage[]>;
  upload(given: {
    readonly packages: readonly Uint8Array[];
    readonly lastResort: Uint8Array | null;
    readonly replace: boolean;
  }): Promise<number>;
  putAttachment(id: string, sealed: Uint8Array): Promise<void>;
  attachment(id: string): Promise<Buffer>;
}

export function createRelayClient(ports: DeviceListener): RelayClient {
  const url = (path: string) => new URL(`/device/${path}`, httpsOf(ports.deviceUrl()));
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

  const post = async (path: string, body: unknown): Promise<unknown> => {
    const response = await orUnavailable(
      ports.http()(url(path), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    );
    return JSON.parse(bodyOf(response).toString('utf8'));
  };

  return {
    async claim(devices) {
      if (devices.length === 0) return [];
      const { packages } = claimResponse.parse(await post('key-packages/claim', { devices }));
      return packages.map(({ device, generation, body }) => ({
        device,
        generation,
        body: Buffer.from(body, 'base64'),
      }));
    },
    async upload({ packages, lastResort, replace }) {
      const body = { packages: packages.map(base64), lastResort: lastResort && base64(lastResort), replace };
      return keyPackagesResponse.parse(await post('key-packages', body)).remaining;
    },
    async putAttachment(id, sealed) {
      const response = await orUnavailable(
        ports.http()(url(`attachments/${id}`), {
          method: 'PUT',
          headers: { 'content-type': 'application/octet-stream' },
          body: Buffer.from(sealed),
          within: ATTACHMENT_WITHIN,
        }),
      );
      if (response.status < 200 || response.status > 299) bodyOf(response);
    },
    async attachment(id) {
      const request = { method: 'GET', within: ATTACHMENT_WITHIN } as const;
      return bodyOf(await orUnavailable(ports.http()(url(`attachments/${id}`), request)));
    },
  };
}
