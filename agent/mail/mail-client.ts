import type { z } from 'zod';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import {
  MAIL_PIECE_WITHIN,
  type MailKeyStatement,
  type MailQueueItem,
  type MailRecipient,
  type MailResponse,
  MOST_MAIL_ADDRESSES,
  mailConnectorsResponse,
  mailKeysResponse,
  mailQueueResponse,
  mailRecipientsResponse,
  mailResponse,
  type SealedMail,
} from '../../shared/protocol/mail-http.ts';
import { bodyOf, httpsOf } from '../enrollment/est.ts';
import { type DeviceListener, type HttpRequest, type HttpResponse, orUnavailable } from '../link/http.ts';

export interface PublishedMailKey {
  readonly device: DeviceId;
  readonly generation: number;
  readonly statement: MailKeyStatement;
}

/**
 * HTTPS client for the mail routes of the device listener (`shared/protocol/mail-http.ts`). Each method throws the server's error, or
 * `unavailable` if the server cannot be reached.
 */
export interface MailClient {
  submitKey(statement: MailKeyStatement): Promise<void>;
  /** Unverified keys. Verify each key (`verifyMailKey`) before its use. */
  keysOf(devices: readonly DeviceId[]): Promise<readonly PublishedMailKey[]>;
  /** Unverified mail connectors, connected ones first. */
  connectors(): Promise<z.output<typeof mailConnectorsResponse>['connectors']>;
  recipients(addresses: readonly string[]): Promise<readonly MailRecipient[]>;
  putPiece(id: string, sealed: Uint8Array): Promise<void>;
  piece(id: string): Promise<Buffer>;
  handOver(mail: SealedMail): Promise<MailResponse>;
  queue(after: number): Promise<{ readonly items: readonly MailQueueItem[]; readonly more: boolean }>;
  received(through: number): Promise<void>;
}

const JSON_TYPE = { 'content-type': 'application/json' };

export function createMailClient(ports: DeviceListener): MailClient {
  const ask = (path: string, request: HttpRequest): Promise<HttpResponse> =>
    orUnavailable(ports.http()(new URL(`/device/mail${path}`, httpsOf(ports.deviceUrl())), request));

  async function post(path: string, body: unknown): Promise<unknown> {
    return parsed(bodyOf(await ask(path, { method: 'POST', headers: JSON_TYPE, body: JSON.stringify(body) })));
  }

  return {
    async submitKey(statement) {
      const body = JSON.stringify(statement);
      requireDone(await ask('/key', { method: 'PUT', headers: JSON_TYPE, body }));
    },
    async keysOf(devices) {
      if (devices.length === 0) return [];
      return mailKeysResponse.parse(await post('/keys', { devices })).keys;
    },
    async connectors() {
      return mailConnectorsResponse.parse(parsed(bodyOf(await ask('/connectors', { method: 'GET' })))).connectors;
    },
    async recipients(addresses) {
      const found: MailRecipient[] = [];
      for (let from = 0; from < addresses.length; from += MOST_MAIL_ADDRESSES) {
        const some = addresses.slice(from, from + MOST_MAIL_ADDRESSES);
        found.push(...mailRecipientsResponse.parse(await post('/recipients', { addresses: some })).recipients);
      }
      return found;
    },
    async putPiece(id, sealed) {
      const headers = { 'content-type': 'application/octet-stream' };
      const body = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
      requireDone(await ask(`/pieces/${id}`, { method: 'PUT', headers, body, within: MAIL_PIECE_WITHIN }));
    },
    async piece(id) {
      return bodyOf(await ask(`/pieces/${id}`, { method: 'GET', within: MAIL_PIECE_WITHIN }));
    },
    async handOver(mail) {
      return mailResponse.parse(await post('', mail));
    },
    async queue(after) {
      return mailQueueResponse.parse(parsed(bodyOf(await ask(`/queue?after=${after}`, { method: 'GET' }))));
    },
    async received(through) {
      const body = JSON.stringify({ through });
      requireDone(await ask('/queue/received', { method: 'POST', headers: JSON_TYPE, body }));
    },
  };
}

const parsed = (body: Buffer): unknown => JSON.parse(body.toString('utf8'));

/** Throws the error that the server states unless the response has a status 2xx. */
function requireDone(response: HttpResponse): void {
  if (response.status < 200 || response.status > 299) bodyOf(response);
}
