/**
 * HTTPS routes for a device whose service `management` is suspended: device record, order list, approver sets, location evidence, receipts,
 * and certificate renewal. Orders never block the renewal.
 */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { CordonError, isCordonError } from '../../shared/errors.ts';
import { type Envelope, envelopeSchema, observationSchema } from '../../shared/order/documents.ts';
import { LARGEST_RECOLLECTION, recollectionBody } from '../../shared/protocol/device-http.ts';
import { ADDRESS_HEADER, RECALL_HEADER } from '../../shared/protocol/frames.ts';
import type { Identity } from '../devices/identity.ts';
import type { Contact } from '../devices/ports.ts';
import { bodyOf, bytesOf, type DeviceRequest, type DeviceRoute, json, queryOf } from './device-route.ts';
import { observationOf } from './observation.ts';
import type { DevicesPort, JurisdictionPort, OrdersPort, RecoveryPort } from './ports.ts';
import type { HttpResponse } from './refusals.ts';

export interface ServiceRoutesPorts {
  readonly devices: Pick<DevicesPort, 'raiseAlert'>;
  readonly orders: OrdersPort;
  readonly jurisdiction: Pick<JurisdictionPort, 'observe'>;
  readonly recovery: Pick<RecoveryPort, 'acceptRecollection'>;
  /** Certificate renewal by EST (RFC 7030, section 4.2.2). */
  readonly reenroll: (request: { readonly identity: Identity; readonly body: string }) => Promise<HttpResponse>;
  readonly correction: () => Envelope | null;
  /**
   * Records the device's address as location evidence. Does nothing and returns null while the device has an open session, which already
   * records the address.
   */
  readonly recordContact: (
    identity: Identity,
    request: IncomingMessage,
    versions: Contact['versions'],
  ) => Promise<RecordedContact | null>;
}

interface RecordedContact {
  readonly time: number;
  readonly areas: readonly string[];
  readonly recall: 'documents' | 'facts' | null;
}

const receiptsBody = z.strictObject({ envelopes: z.array(envelopeSchema).min(1).max(256) });
/** Maximum bytes of a request with location evidence: 64 reports with 16 observations each. */
const evidenceBody = z.strictObject({ observations: z.array(observationSchema).min(1).max(1024) });

const RECOLLECTIONS_AT_ONCE = 8;

const version = z.coerce.number().int().min(0);
const versionsQuery = z.strictObject({ list: version, record: version, approverSet: version });

export function serviceRoutes({
  devices,
  orders,
  jurisdiction,
  recovery,
  reenroll,
  correction,
  recordContact,
}: ServiceRoutesPorts): DeviceRoute[] {
  async function list(): Promise<HttpResponse> {
    const current = orders.list.current();
    if (!current)
      throw new CordonError('not_found', 'There is no order list yet. The operator must adopt an approver set first.');
    return json(current.envelope);
  }

  async function record({ identity, request, query }: DeviceRequest): Promise<HttpResponse> {
    const contact = await recordContact(identity, request, query.size === 0 ? null : queryOf(versionsQuery, query));
    const current = await orders.effect.record(identity.device);
    if (!current) throw new CordonError('not_found', 'The record of this device does not exist yet. Try again later.');
    if (!contact) return json(current.envelope);
    const { recall, ...address } = contact;
    return json(current.envelope, {
      [ADDRESS_HEADER]: JSON.stringify(address),
      ...(recall && { [RECALL_HEADER]: recall }),
    });
  }

  async function timeCorrection(): Promise<HttpResponse> {
    const newest = correction();
    if (!newest) throw new CordonError('not_found', 'No time correction was published.');
    return json(newest);
  }

  async function receipts({ identity: { device, generation }, request }: DeviceRequest): Promise<HttpResponse> {
    const { envelopes } = await bodyOf(receiptsBody, request, '{ envelopes: [ … ] } of receipts');
    let stored = 0;
    const refused: string[] = [];
    for (const envelope of envelopes) {
      try {
        await orders.receipts.store(device, generation, envelope);
        stored += 1;
      } catch (error) {
        // Continue after an invalid receipt. Otherwise it would block the device's later receipts forever.
        if (!isCordonError(error) || error.code === 'store_unavailable') throw error;
        refused.push(error.message);
        await devices.raiseAlert({ device, code: 'report_refused', detail: `receipt: ${error.message}` });
      }
    }
    return json({ stored, refused });
  }

  async function evidence({ identity: { device, generation }, request }: DeviceRequest): Promise<HttpResponse> {
    const { observations } = await bodyOf(evidenceBody, request, '{ observations: [ … ] } of positions and networks');
    const refused: string[] = [];
    const read = observations.flatMap((observation) => {
      try {
        return [observationOf(observation)];
      } catch (error) {
        // Report success despite an invalid observation. Otherwise the device would send the observation forever.
        if (!isCordonError(error)) throw error;
        refused.push(error.message);
        return [];
      }
    });
    if (read.length > 0) await jurisdiction.observe(device, generation, read);
    if (refused.length > 0) {
      await devices.raiseAlert({ device, code: 'report_refused', detail: `evidence: ${refused[0]}` });
    }
    return json({ stored: read.length, refused });
  }

  return [
    { method: 'POST', path: '/device/recollection', respond: recollectionRoute(recovery) },
    {
      method: 'POST',
      path: '/.well-known/est/simplereenroll',
      respond: async ({ identity, request }) => reenroll({ identity, body: (await bytesOf(request)).toString('utf8') }),
    },
    { method: 'GET', path: '/device/record', respond: record },
    { method: 'GET', path: '/device/time-correction', respond: timeCorrection },
    { method: 'POST', path: '/device/evidence', respond: evidence },
    { method: 'POST', path: '/device/receipts', respond: receipts },
    { method: 'GET', path: '/orders/list', respond: list },
    { method: 'GET', path: '/device/withheld', respond: async () => json(orders.list.withheld()) },
    { method: 'GET', path: '/orders/approver-sets', respond: async () => json(orders.approverSets.envelopes()) },
  ];
}

function recollectionRoute(recovery: ServiceRoutesPorts['recovery']): DeviceRoute['respond'] {
  let reading = 0;
  return async ({ identity: { device, generation }, request }) => {
    // Limit the number of concurrent uploads, because a device's documents may have several megabytes. Devices beyond the limit retry
    // later.
    if (reading >= RECOLLECTIONS_AT_ONCE) {
      throw new CordonError('unavailable', 'Other devices are sending their documents. Try again later.', {
        retryAfter: 10,
      });
    }
    reading += 1;
    try {
      const expected = 'what a device has stored';
      const body = await bodyOf(recollectionBody, request, expected, LARGEST_RECOLLECTION);
      await recovery.acceptRecollection(device, generation, body);
      return json({ accepted: true });
    } finally {
      reading -= 1;
    }
  };
}
