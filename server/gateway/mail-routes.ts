/** HTTPS routes of the device listener for mail (`shared/protocol/mail-http.ts`). */
import type { z } from 'zod';
import { CordonError } from '../../shared/errors.ts';
import { attachmentIdSchema } from '../../shared/protocol/device-http.ts';
import {
  LARGEST_MAIL_PIECE,
  MAIL_PIECE_WITHIN,
  type mailConnectorsResponse,
  mailKeyStatementSchema,
  mailKeysBody,
  type mailKeysResponse,
  mailQueueQuery,
  type mailQueueResponse,
  mailReceivedBody,
  mailRecipientsBody,
  type mailRecipientsResponse,
  type mailResponse,
  sealedMailSchema,
} from '../../shared/protocol/mail-http.ts';
import {
  type BodyDeadlines,
  bodyOf,
  bytesOf,
  type DeviceRequest,
  type DeviceRoute,
  json,
  queryOf,
} from './device-route.ts';
import type { MailPort } from './ports.ts';
import type { HttpResponse } from './refusals.ts';

/** The deadline `whole` is one minute longer than the agent's time limit, so that the agent gives up first. */
const PIECE_DEADLINES: BodyDeadlines = { whole: MAIL_PIECE_WITHIN + 60_000, silent: 30_000 };

export function mailRoutes({ accept, keys, pieces, queues, recipients, connectors }: MailPort): DeviceRoute[] {
  async function putKey({ identity, request }: DeviceRequest): Promise<HttpResponse> {
    await keys.put(identity, await bodyOf(mailKeyStatementSchema, request, '{ payload, signature } of a mail key'));
    return NOTHING;
  }

  async function keysOf({ request }: DeviceRequest): Promise<HttpResponse> {
    const { devices } = await bodyOf(mailKeysBody, request, '{ devices: [ … ] }');
    return json({ keys: await keys.of(devices) } satisfies z.input<typeof mailKeysResponse>);
  }

  async function connectorList(): Promise<HttpResponse> {
    return json({ connectors: await connectors() } satisfies z.input<typeof mailConnectorsResponse>);
  }

  async function lookUp({ identity, request }: DeviceRequest): Promise<HttpResponse> {
    const { addresses } = await bodyOf(mailRecipientsBody, request, '{ addresses: [ … ] }');
    const found = await recipients.lookUp(identity, addresses);
    return json({ recipients: found } satisfies z.input<typeof mailRecipientsResponse>);
  }

  async function putPiece({ identity, request, id }: DeviceRequest): Promise<HttpResponse> {
    const name = nameOf(id);
    // Refuse a too large body before the upload if the request states its length. Otherwise the limit applies during the read.
    if (Number(request.headers['content-length'] ?? 0) > LARGEST_MAIL_PIECE) {
      throw new CordonError('too_large', `A piece of a mail has at most ${LARGEST_MAIL_PIECE} bytes.`);
    }
    await pieces.put(identity, name, () => bytesOf(request, LARGEST_MAIL_PIECE, PIECE_DEADLINES));
    return NOTHING;
  }

  async function getPiece({ identity, id }: DeviceRequest): Promise<HttpResponse> {
    const body = await pieces.get(identity, nameOf(id));
    return { status: 200, headers: { 'Content-Type': 'application/octet-stream', 'Cache-Control': 'no-store' }, body };
  }

  async function post({ identity, request }: DeviceRequest): Promise<HttpResponse> {
    const mail = await bodyOf(sealedMailSchema, request, 'a sealed mail');
    return json((await accept(identity, mail)) satisfies z.input<typeof mailResponse>);
  }

  async function queue({ identity, query }: DeviceRequest): Promise<HttpResponse> {
    const { after } = queryOf(mailQueueQuery, query);
    const { items, more } = await queues.read(identity, after);
    return json({ items: [...items], more } satisfies z.input<typeof mailQueueResponse>);
  }

  async function received({ identity, request }: DeviceRequest): Promise<HttpResponse> {
    const { through } = await bodyOf(mailReceivedBody, request, '{ through } of received mail');
    await queues.acknowledge(identity, through);
    return NOTHING;
  }

  return [
    { method: 'PUT', path: '/device/mail/key', respond: putKey },
    { method: 'POST', path: '/device/mail/keys', respond: keysOf },
    { method: 'GET', path: '/device/mail/connectors', respond: connectorList },
    { method: 'POST', path: '/device/mail/recipients', respond: lookUp },
    { method: 'PUT', path: '/device/mail/pieces/:id', respond: putPiece },
    { method: 'GET', path: '/device/mail/pieces/:id', respond: getPiece },
    { method: 'POST', path: '/device/mail', respond: post },
    { method: 'GET', path: '/device/mail/queue', respond: queue },
    { method: 'POST', path: '/device/mail/queue/received', respond: received },
  ];
}

const NOTHING: HttpResponse = { status: 204, headers: { 'Cache-Control': 'no-store' }, body: '' };

function nameOf(id: string): string {
  const parsed = attachmentIdSchema.safeParse(id);
  if (!parsed.success) {
    throw new CordonError('invalid_input', 'The name of a piece is 32 random bytes in base64url.', {}, parsed.error);
  }
  return parsed.data;
}
