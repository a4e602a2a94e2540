/**
 * The HTTPS requests of a refused device. The device posts evidence and receipts, and fetches its record and the public list with the approver sets. The list
 * tells the device about an order's end. The evidence tells the server that the device has left the area.
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
  /** Tells whether a list names withheld revisions that this device does not have. */
  readonly documents: { readonly lacking: boolean; lacks(list: Envelope): boolean };
  /** Sends the stored documents to a restored server. Never rejects. */
  readonly recollect: (documents: boolean) => Promise<unknown>;
  readonly onListSeen: () => void;
  readonly onFailure: (what: string, error: unknown) => void;
}

const envelopeIn = (response: HttpResponse): Envelope =>
  envelopeSchema.parse(JSON.parse(bodyOf(response).toString('utf8')));

const BATCH = 64;

export interface Poll {
  /** Polls all documents. Never rejects. */
  all(): Promise<void>;
  /** Posts evidence and receipts. Never rejects. */
  reports(): Promise<void>;
  /** Fetches the withheld revisions that the stored list names. */
  withheld(): Promise<void>;
}

export function createPoll(ports: PollPorts): Poll {
  let etag: string | null = null;

  const onDeviceListener = (path: string) => new URL(path, httpsOf(ports.deviceUrl()));

  const json = async (url: URL): Promise<unknown> =>
    JSON.parse(bodyOf(await ports.http()(url, { method: 'GET' })).toString('utf8'));

  /** Withheld revisions come from the device listener. The list is valid without them, so a failure is not fatal. */
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
      return ports.onListSeen();
    }
    const envelope = envelopeIn(response);
    // A list may need an approver set that this device does not have yet, also for the key that signed the list.
    ports.intake.approverSets(
      z.array(envelopeSchema).parse(await json(new URL('/orders/approver-sets', ports.publicUrl()))),
    );
    ports.intake.list(envelope, ports.documents.lacks(envelope) ? await fetchWithheld() : []);
    const given = response.headers['etag'];
    etag = typeof given === 'string' ? given : null;
    ports.onListSeen();
  };

  const record = async () => {
    const { list, record, approverSet } = ports.versions();
    const path = `/device/record?list=${list}&record=${record}&approverSet=${approverSet}`;
    const response = await ports.http()(onDeviceListener(path), { method: 'GET' });
    const envelope = envelopeIn(response);
    // The device sends its stored documents before the server's newer documents replace them.
    const recall = response.headers[RECALL_HEADER];
    if (typeof recall === 'string') await ports.recollect(recall === 'documents');
    ports.intake.record(envelope);
    // Without the address from the server, a device without sensors would not learn that it has moved.
    const seen = response.headers[ADDRESS_HEADER];
    if (typeof seen === 'string') ports.intake.address(addressSchema.parse(JSON.parse(seen)), false);
  };

  /** A device whose time is ahead enforces orders early. The correction moves its time back. */
  const timeCorrection = async () => {
    const response = await ports.http()(onDeviceListener('/device/time-correction'), { method: 'GET' });
    // The server has no correction, or an older version without corrections.
    if (response.status === 404) return;
    ports.intake.timeCorrection(envelopeIn(response));
  };

  /** Evidence goes first, because a receipt may depend on it. */
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
      // The record goes first: its legal hold may stop a wipe that the list requires.
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
