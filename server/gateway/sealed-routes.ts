import { CordonError } from '../../shared/errors.ts';
import {
  ATTACHMENT_WITHIN,
  attachmentIdSchema,
  claimBody,
  keyPackagesBody,
  LARGEST_ATTACHMENT,
} from '../../shared/protocol/device-http.ts';
import { type BodyDeadlines, bodyOf, bytesOf, type DeviceRequest, type DeviceRoute, json } from './device-route.ts';
import type { RelayPort } from './ports.ts';
import type { HttpResponse } from './refusals.ts';

/**
 * Maximum bytes of an upload of key packages: enough for one hundred of the largest single-use key packages and one last-resort key
 * package.
 */
const LARGEST_UPLOAD = 102 * 16 * 1024;

/**
 * Deadlines for receiving an attachment. The deadline `whole` is one minute longer than the agent's time limit for an attachment, so that
 * the agent gives up first.
 */
export const FILE_DEADLINES: BodyDeadlines = { whole: ATTACHMENT_WITHIN + 60_000, silent: 30_000 };

export function sealedRoutes(relay: Pick<RelayPort, 'keyPackages' | 'attachments'>): DeviceRoute[] {
  const { keyPackages, attachments } = relay;

  async function submit({ identity, request }: DeviceRequest): Promise<HttpResponse> {
    const expected = '{ packages: [ … ], lastResort, replace } of key packages';
    const submitted = await bodyOf(keyPackagesBody, request, expected, LARGEST_UPLOAD);
    return json({ remaining: await keyPackages.submit(identity, submitted) });
  }

  async function claim({ identity, request }: DeviceRequest): Promise<HttpResponse> {
    const { devices } = await bodyOf(claimBody, request, '{ devices: [ … ] }');
    return json({ packages: await keyPackages.claim(identity, devices) });
  }

  async function put({ identity, request, id }: DeviceRequest): Promise<HttpResponse> {
    const name = nameOf(id);
    // Refuse a too large body before the upload if the request states its length. Otherwise the limit applies during the read.
    if (Number(request.headers['content-length'] ?? 0) > LARGEST_ATTACHMENT) {
      throw new CordonError('too_large', `An attachment has at most ${LARGEST_ATTACHMENT} bytes.`);
    }
    await attachments.put(identity, name, () => bytesOf(request, LARGEST_ATTACHMENT, FILE_DEADLINES));
    return { status: 204, headers: { 'Cache-Control': 'no-store' }, body: '' };
  }

  async function get({ identity, id }: DeviceRequest): Promise<HttpResponse> {
    const body = await attachments.get(identity, nameOf(id));
    return { status: 200, headers: { 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' }, body };
  }

  return [
    { method: 'POST', path: '/device/key-packages', respond: submit },
    { method: 'POST', path: '/device/key-packages/claim', respond: claim },
    { method: 'PUT', path: '/device/attachments/:id', respond: put },
    { method: 'GET', path: '/device/attachments/:id', respond: get },
  ];
}

function nameOf(id: string): string {
  const parsed = attachmentIdSchema.safeParse(id);
  if (parsed.success) return parsed.data;
  throw new CordonError('invalid_input', 'The name of an attachment is 32 bytes in base64url.', {}, parsed.error);
}
