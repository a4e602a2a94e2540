/**
 * Plain HTTPS on the device listener, behind the same client certificate as the link: what a device needs that `management` is denied to
 * (its record, the list, its receipts), and renewal, which no order gates.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { envelopeSchema } from '../../shared/order/documents.ts';
import { ADDRESS_HEADER, LINK_PATH } from '../../shared/protocol/frames.ts';
import type { Identity } from '../devices/identify.ts';
import { identify } from './identity.ts';
import type { DevicesPort, Log, OrdersPort } from './ports.ts';
import { type Answer, refusalOf, respond } from './refusals.ts';

const REENROL_PATH = '/.well-known/est/simplereenroll';
const LARGEST_BODY = 512 * 1024;

export interface DeviceHttpPorts {
  readonly devices: DevicesPort;
  readonly orders: OrdersPort;
  /** EST renewal (RFC 7030, section 4.2.2). */
  readonly reenrol: (asked: { readonly identity: Identity; readonly body: string }) => Promise<Answer>;
  /** Where the device comes from, kept as evidence; null while a session of its own says so. */
  readonly sighted: (identity: Identity, request: IncomingMessage) => Promise<Sighting | null>;
  readonly log: Log;
}

interface Sighting {
  readonly time: number;
  readonly areas: readonly string[];
}

const receiptsBody = z.strictObject({ envelopes: z.array(envelopeSchema).min(1).max(256) });

export function createDeviceHttp({ devices, orders, reenrol, sighted, log }: DeviceHttpPorts) {
  async function list(): Promise<Answer> {
    const current = orders.currentList();
    if (!current) throw new CordonError('not_found', 'There is no order list yet: the approvers come first.');
    return json(current.envelope);
  }

  async function record(identity: Identity, request: IncomingMessage): Promise<Answer> {
    const seen = await sighted(identity, request);
    const current = await orders.record(identity.device);
    if (!current) throw new CordonError('not_found', 'The record of this device is not made yet; ask again.');
    return json(current.envelope, seen ? { [ADDRESS_HEADER]: JSON.stringify(seen) } : {});
  }

  async function receipts({ device, generation }: Identity, request: IncomingMessage): Promise<Answer> {
    const parsed = receiptsBody.safeParse(parseJson(await bodyOf(request)));
    if (!parsed.success) throw new CordonError('invalid_input', 'The body is not { envelopes: [ … ] } of receipts.');
    let stored = 0;
    const refused: string[] = [];
    for (const envelope of parsed.data.envelopes) {
      try {
        await orders.storeReceipt(device, generation, envelope);
        stored += 1;
      } catch (error) {
        // One bad receipt must not keep the device from handing in the others for ever.
        if (!isCordonError(error) || error.code === 'store_unavailable') throw error;
        refused.push(error.message);
        await devices.raiseAlarm({ device, code: 'report_refused', detail: `receipt: ${error.message}` });
      }
    }
    return json({ stored, refused });
  }

  async function answer(request: IncomingMessage): Promise<Answer> {
    const { pathname } = new URL(request.url ?? '/', 'https://device');
    const route = `${request.method} ${pathname}`;
    const identity = await identify(devices, request.socket);
    switch (route) {
      case `POST ${REENROL_PATH}`:
        return reenrol({ identity, body: await bodyOf(request) });
      case 'GET /device/record':
        return record(identity, request);
      case 'POST /device/receipts':
        return receipts(identity, request);
      case 'GET /orders/list':
        return list();
      case 'GET /orders/roots':
        return json(orders.roots());
      case `GET ${LINK_PATH}`:
        return UPGRADE_REQUIRED;
      default:
        throw new CordonError(
          'not_found',
          'The device listener has no such path; the link is GET /link with an upgrade.',
        );
    }
  }

  return (request: IncomingMessage, response: ServerResponse): void => {
    answer(request)
      .catch((error: unknown) => {
        if (!isCordonError(error)) log.error({ error: String(error), path: request.url }, 'a device request failed');
        return refusalOf(error);
      })
      .then((made) => respond(response, made))
      .catch((error: unknown) => {
        log.debug({ error: String(error) }, 'a device went away before its answer');
        response.destroy();
      });
  };
}

/** RFC 9110, section 15.5.22. */
const UPGRADE_REQUIRED: Answer = {
  status: 426,
  headers: { Upgrade: 'websocket', Connection: 'Upgrade', 'Cache-Control': 'no-store' },
  body: '',
};

const json = (value: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status: 200,
  headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers },
  body: JSON.stringify(value),
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CordonError('invalid_input', 'The body is not JSON.', {}, cause);
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > LARGEST_BODY) throw new CordonError('too_large', `A request has at most ${LARGEST_BODY} bytes.`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}
