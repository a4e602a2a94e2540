/**
 * HTTPS requests of a device while the server refuses its connection because of an order. The device fetches its documents, because a newer
 * order list may end the suspension. It sends location evidence, because the device may have left the order's area.
 */
import { z } from 'zod';
import { type Envelope, envelopeSchema } from '../../shared/order/documents.ts';
import { ADDRESS_HEADER, RECALL_HEADER } from '../../shared/protocol/frames.ts';
import { bodyOf, httpsOf } from '../enrollment/est.ts';
import type { DeviceListener, HttpResponse } from './http.ts';
import type { Outbox } from './outbox.ts';
import { addressSchema } from './refusal.ts';

export interface PollIntake {
  approverSets(envelopes: readonly Envelope[]): void;
  list(envelope: Envelope, withheld: readonly Envelope[]): void;
  withheld(envelopes: readonly Envelope[]): void;
  record(envelope: Envelope): void;
  timeCorrection(envelope: Envelope): void;
  address(seen: z.infer<typeof addressSchema>, connected: boolean): void;
}

export interface PollPorts extends DeviceListener {
  readonly publicUrl: () => string;
  readonly outbox: Pick<Outbox, 'postable' | 'remove'>;
  readonly intake: PollIntake;
  readonly versions: () => { readonly list: number; readonly record: number; readonly approverSet: number };
  readonly documents: { readonly lacking: boolean; lacks(list: Envelope): boolean };
  readonly recollect: (documents: boolean) => Promise<unknown>;
  readonly onListReceived: () => void;
  readonly onFailure: (what: string, error: unknown) => void;
}

const envelopeIn = (response: HttpResponse): Envelope =>
  envelopeSchema.parse(JSON.parse(bodyOf(response).toString('utf8')));

const BATCH = 64;

export interface Poll {
  all(): Promise<void>;
  reports(): Promise<void>;
  withheld(): Promise<void>;
}

export function createPoll(ports: PollPorts): Poll {
  let etag: string | null = null;

  const onDeviceListener = (path: string) => new URL(path, httpsOf(ports.deviceUrl()));

  const json = async (url: URL): Promise<unknown> =>
    JSON.parse(bodyOf(await ports.http()(url, { method: 'GET' })).toString('utf8'));

  /**
   * Fetches the withheld revisions (order versions that are not public yet) from the server's listener for devices. The public order list
   * contains only placeholders for them. The list is valid without these revisions, so a failed request is only reported.
   */
  const fetchWithheld = async (): Promise<Envelope[]> => {
    try {
      return z.array(envelopeSchema).parse(await json(onDeviceListener('/device/withheld')));
    } catch (error) {
      ports.onFailure('withheld', error);
      return [];
    }
  };

  const list = async () => {
    const response = await ports.http()(new URL('/orders/list', ports.publicUrl()), {
      method: 'GET',
      headers: etag === null ? {} : { 'if-none-match': etag },
    });
    if (response.status === 304) {
      if (ports.documents.lacking) ports.intake.withheld(await fetchWithheld());
      return ports.onListReceived();
    }
    const envelope = envelopeIn(response);
    // The key that signed the order list may be in an approver set that this device does not have yet, so the agent fetches approver sets
    // first.
    ports.intake.approverSets(
      z.array(envelopeSchema).parse(await json(new URL('/orders/approver-sets', ports.publicUrl()))),
    );
    ports.intake.list(envelope, ports.documents.lacks(envelope) ? await fetchWithheld() : []);
    const given = response.headers['etag'];
    etag = typeof given === 'string' ? given : null;
    ports.onListReceived();
  };

  const record = async () => {
    const { list, record, approverSet } = ports.versions();
    const path = `/device/record?list=${list}&record=${record}&approverSet=${approverSet}`;
    const response = await ports.http()(onDeviceListener(path), { method: 'GET' });
    const envelope = envelopeIn(response);
    // A restored server requests this device's documents. The device sends them before it stores the server's device record, which replaces
    // its own.
    const recall = response.headers[RECALL_HEADER];
    if (typeof recall === 'string') await ports.recollect(recall === 'documents');
    ports.intake.record(envelope);
    // If a device has no sensors, only the network address that the server sees can show that the device has moved.
    const seen = response.headers[ADDRESS_HEADER];
    if (typeof seen === 'string') ports.intake.address(addressSchema.parse(JSON.parse(seen)), false);
  };

  /** A device whose time is ahead enforces orders too early. A time correction sets the device's time back. */
  const timeCorrection = async () => {
    const response = await ports.http()(onDeviceListener('/device/time-correction'), { method: 'GET' });
    // The server responds 404 if it has no time correction, or if its version does not support time corrections.
    if (response.status === 404) return;
    ports.intake.timeCorrection(envelopeIn(response));
  };

  /** The device sends evidence before receipts, because a receipt may depend on the evidence. */
  const reports = async () => {
    for (;;) {
      const rows = ports.outbox.postable(BATCH);
      const observations = rows.flatMap(({ item }) => (item.type === 'evidence' ? item.observations : []));
      const envelopes = rows.flatMap(({ item }) => (item.type === 'receipt' ? [item.envelope] : []));
      if (observations.length > 0) await post(ports, '/device/evidence', { observations });
      if (envelopes.length > 0) await post(ports, '/device/receipts', { envelopes });
      if (rows.length === 0) return;
      ports.outbox.remove(rows.map(({ seq }) => seq));
    }
  };

  const attempted = async (what: string, work: () => Promise<void>) => {
    try {
      await work();
    } catch (error) {
      ports.onFailure(what, error);
    }
  };

  return {
    withheld: async () => ports.intake.withheld(await fetchWithheld()),
    reports: () => attempted('reports', reports),
    all: async () => {
      // The device fetches its device record before the order list. A legal hold in the record may stop a wipe that the list requires.
      await attempted('record', record);
      await attempted('list', list);
      await attempted('time correction', timeCorrection);
      await attempted('reports', reports);
    },
  };
}

async function post({ http, deviceUrl }: DeviceListener, path: string, body: unknown): Promise<void> {
  const response = await http()(new URL(path, httpsOf(deviceUrl())), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (response.status < 200 || response.status > 299) bodyOf(response);
}
