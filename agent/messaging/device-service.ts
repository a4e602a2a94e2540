/** What messaging asks of the server by plain HTTPS: key packages and attachments (`shared/protocol/device-http.ts`). It opens none of them. */
import { ATTACHMENT_WITHIN, claimAnswer, keyPackagesAnswer } from '../../shared/protocol/device-http.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { accepted, httpsOf } from '../enrolment/est.ts';
import { type Http, reached } from '../link/http.ts';

export interface ClaimedPackage {
  readonly device: DeviceId;
  readonly generation: number;
  readonly body: Uint8Array;
}

export interface DeviceService {
  /** One package of each device that has one. */
  claim(devices: readonly DeviceId[]): Promise<readonly ClaimedPackage[]>;
  /** Returns how many single-use ones the server then has. */
  handIn(given: {
    readonly packages: readonly Uint8Array[];
    readonly lastResort: Uint8Array | null;
    readonly replace: boolean;
  }): Promise<number>;
  putAttachment(id: string, sealed: Uint8Array): Promise<void>;
  /** Throws `not_found` when the server has it no more. */
  attachment(id: string): Promise<Buffer>;
}

export function createDeviceService(ports: {
  readonly deviceUrl: () => string;
  readonly http: () => Http;
}): DeviceService {
  const url = (path: string) => new URL(`/device/${path}`, httpsOf(ports.deviceUrl()));
  const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

  const post = async (path: string, body: unknown): Promise<unknown> => {
    const answer = await reached(
      ports.http()(url(path), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    );
    return JSON.parse(accepted(answer).toString('utf8'));
  };

  return {
    async claim(devices) {
      if (devices.length === 0) return [];
      const { packages } = claimAnswer.parse(await post('key-packages/claim', { devices }));
      return packages.map(({ device, generation, body }) => ({
        device,
        generation,
        body: Buffer.from(body, 'base64'),
      }));
    },
    async handIn({ packages, lastResort, replace }) {
      const body = { packages: packages.map(base64), lastResort: lastResort && base64(lastResort), replace };
      return keyPackagesAnswer.parse(await post('key-packages', body)).left;
    },
    async putAttachment(id, sealed) {
      const answer = await reached(
        ports.http()(url(`attachments/${id}`), {
          method: 'PUT',
          headers: { 'content-type': 'application/octet-stream' },
          body: Buffer.from(sealed),
          within: ATTACHMENT_WITHIN,
        }),
      );
      if (answer.status < 200 || answer.status > 299) accepted(answer);
    },
    async attachment(id) {
      const asked = { method: 'GET', within: ATTACHMENT_WITHIN } as const;
      return accepted(await reached(ports.http()(url(`attachments/${id}`), asked)));
    },
  };
}
