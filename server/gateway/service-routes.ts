/** What a device needs that `management` is denied to: its record, the list and its roots, its receipts; and renewal, which no order gates. */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { type Envelope, envelopeSchema } from '../../shared/order/documents.ts';
import { LARGEST_RECOLLECTION, recollectionBody } from '../../shared/protocol/device-http.ts';
import { ADDRESS_HEADER, RECALL_HEADER } from '../../shared/protocol/frames.ts';
import type { Identity } from '../devices/identify.ts';
import type { Sighted } from '../devices/ports.ts';
import { bodyOf, bytesOf, type DeviceRequest, type DeviceRoute, json, queryOf } from './device-route.ts';
import type { DevicesPort, OrdersPort, RestorationPort } from './ports.ts';
import type { Answer } from './refusals.ts';

export interface ServiceRoutesPorts {
  readonly devices: Pick<DevicesPort, 'raiseAlarm'>;
  readonly orders: OrdersPort;
  readonly restoration: Pick<RestorationPort, 'take'>;
  /** EST renewal (RFC 7030, section 4.2.2). */
  readonly reenrol: (asked: { readonly identity: Identity; readonly body: string }) => Promise<Answer>;
  /** The newest time correction that approvers signed. */
  readonly correction: () => Envelope | null;
  /** Where the device comes from, kept as evidence; null while a session of its own says so. */
  readonly sighted: (identity: Identity, request: IncomingMessage, held: Sighted['held']) => Promise<Sighting | null>;
}

interface Sighting {
  readonly time: number;
  readonly areas: readonly string[];
  readonly recall: 'documents' | 'facts' | null;
}

const receiptsBody = z.strictObject({ envelopes: z.array(envelopeSchema).min(1).max(256) });

const RECOLLECTIONS_AT_ONCE = 8;

const version = z.coerce.number().int().min(0);
const heldQuery = z.strictObject({ list: version, record: version, root: version });

export function serviceRoutes({
  devices,
  orders,
  restoration,
  reenrol,
  correction,
  sighted,
}: ServiceRoutesPorts): DeviceRoute[] {
  async function list(): Promise<Answer> {
    const current = orders.currentList();
    if (!current) throw new CordonError('not_found', 'There is no order list yet: the approvers come first.');
    return json(current.envelope);
  }

  async function record({ identity, request, query }: DeviceRequest): Promise<Answer> {
    const seen = await sighted(identity, request, query.size === 0 ? null : queryOf(heldQuery, query));
    const current = await orders.record(identity.device);
    if (!current) throw new CordonError('not_found', 'The record of this device is not made yet; ask again.');
    if (!seen) return json(current.envelope);
    const { recall, ...address } = seen;
    return json(current.envelope, {
      [ADDRESS_HEADER]: JSON.stringify(address),
      ...(recall && { [RECALL_HEADER]: recall }),
    });
  }

  async function timeCorrection(): Promise<Answer> {
    const newest = correction();
    if (!newest) throw new CordonError('not_found', 'No time correction was ever published.');
    return json(newest);
  }

  async function receipts({ identity: { device, generation }, request }: DeviceRequest): Promise<Answer> {
    const { envelopes } = await bodyOf(receiptsBody, request, '{ envelopes: [ … ] } of receipts');
    let stored = 0;
    const refused: string[] = [];
    for (const envelope of envelopes) {
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

  let reading = 0;
  async function recollection({ identity: { device, generation }, request }: DeviceRequest): Promise<Answer> {
    // Each may be megabytes; the devices that were asked come again.
    if (reading >= RECOLLECTIONS_AT_ONCE) {
      throw new CordonError('unavailable', 'Other devices are sending theirs; try again later.', { retryAfter: 10 });
    }
    reading += 1;
    try {
      const what = 'what a device has stored';
      const body = await bodyOf(recollectionBody, request, what, LARGEST_RECOLLECTION);
      await restoration.take(device, generation, body);
      return json({ taken: true });
    } finally {
      reading -= 1;
    }
  }

  return [
    { method: 'POST', path: '/device/recollection', answer: recollection },
    {
      method: 'POST',
      path: '/.well-known/est/simplereenroll',
      answer: async ({ identity, request }) => reenrol({ identity, body: (await bytesOf(request)).toString('utf8') }),
    },
    { method: 'GET', path: '/device/record', answer: record },
    { method: 'GET', path: '/device/time-correction', answer: timeCorrection },
    { method: 'POST', path: '/device/receipts', answer: receipts },
    { method: 'GET', path: '/orders/list', answer: list },
    { method: 'GET', path: '/device/withheld', answer: async () => json(orders.withheld()) },
    { method: 'GET', path: '/orders/roots', answer: async () => json(orders.roots()) },
  ];
}
