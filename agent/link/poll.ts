/**
 * What a refused device still does, by plain HTTPS: fetch the public list (with the roots before it),
 * fetch its record, and hand in its receipts. Without it a device would learn of an order's end only by being let in.
 */
import { z } from 'zod';
import { type Envelope, envelopeSchema } from '../../shared/order/documents.ts';
import { ADDRESS_HEADER, RECALL_HEADER } from '../../shared/protocol/frames.ts';
import { accepted, httpsOf } from '../enrolment/est.ts';
import type { Http } from './http.ts';
import type { Outbox } from './outbox.ts';
import { addressSchema } from './refusal.ts';

export interface PollIntake {
  roots(envelopes: readonly Envelope[]): void;
  list(envelope: Envelope, withheld: readonly Envelope[]): void;
  withheld(envelopes: readonly Envelope[]): void;
  record(envelope: Envelope): void;
  timeCorrection(envelope: Envelope): void;
  address(seen: z.infer<typeof addressSchema>, connected: boolean): void;
}

export interface PollPorts {
  readonly publicUrl: () => string;
  readonly deviceUrl: () => string;
  readonly http: () => Http;
  readonly outbox: Pick<Outbox, 'receipts' | 'remove'>;
  readonly intake: PollIntake;
  /** The versions that are stored, for the server to know. */
  readonly versions: () => { readonly list: number; readonly record: number; readonly root: number };
  /** What is stored, and whether a list names revisions that are kept from the public and are not. */
  readonly documents: { readonly lacking: boolean; lacks(list: Envelope): boolean };
  /** A restored server asks for what this device has stored. Never rejects. */
  readonly recollect: (documents: boolean) => Promise<unknown>;
  /** The public list was fetched, whether it was new or not. */
  readonly onListSeen: () => void;
  readonly onFailure: (what: string, error: unknown) => void;
}

/** Receipts posted at once. */
const BATCH = 64;

export interface Poll {
  all(): Promise<void>;
  /** Asks for the revisions behind the stored list's stubs. */
  withheld(): Promise<void>;
}

export function createPoll(ports: PollPorts): Poll {
  let etag: string | null = null;

  const json = async (url: URL): Promise<unknown> =>
    JSON.parse(accepted(await ports.http()(url, { method: 'GET' })).toString('utf8'));

  /** What is kept from the public comes by the device listener alone. Without it the list is good all the same, and it is asked for again. */
  const beside = async (): Promise<Envelope[]> => {
    try {
      return z.array(envelopeSchema).parse(await json(new URL('/device/withheld', httpsOf(ports.deviceUrl()))));
    } catch (error) {
      ports.onFailure('withheld', error);
      return [];
    }
  };

  const list = async () => {
    const answer = await ports.http()(new URL('/orders/list', ports.publicUrl()), {
      method: 'GET',
      headers: etag === null ? {} : { 'if-none-match': etag },
    });
    if (answer.status === 304) {
      if (ports.documents.lacking) ports.intake.withheld(await beside());
      return ports.onListSeen();
    }
    const envelope = envelopeSchema.parse(JSON.parse(accepted(answer).toString('utf8')));
    // It may be made under a root that has not come yet, or signed by an online key that only that root names.
    ports.intake.roots(z.array(envelopeSchema).parse(await json(new URL('/orders/roots', ports.publicUrl()))));
    ports.intake.list(envelope, ports.documents.lacks(envelope) ? await beside() : []);
    const given = answer.headers['etag'];
    etag = typeof given === 'string' ? given : null;
    ports.onListSeen();
  };

  const record = async () => {
    const { list: held, record: own, root } = ports.versions();
    const path = `/device/record?list=${held}&record=${own}&root=${root}`;
    const answer = await ports.http()(new URL(path, httpsOf(ports.deviceUrl())), { method: 'GET' });
    const envelope = envelopeSchema.parse(JSON.parse(accepted(answer).toString('utf8')));
    // The device sends its stored documents before the server's newer documents replace them.
    const recall = answer.headers[RECALL_HEADER];
    if (typeof recall === 'string') await ports.recollect(recall === 'documents');
    ports.intake.record(envelope);
    // A device that knows its place by its address alone would otherwise not learn that it has moved.
    const seen = answer.headers[ADDRESS_HEADER];
    if (typeof seen === 'string') ports.intake.address(addressSchema.parse(JSON.parse(seen)), false);
  };

  /** A device that enforces an order early because its time is ahead gets its way back here. */
  const timeCorrection = async () => {
    const answer = await ports.http()(new URL('/device/time-correction', httpsOf(ports.deviceUrl())), {
      method: 'GET',
    });
    // There is none, or the server is older than this agent.
    if (answer.status === 404) return;
    ports.intake.timeCorrection(envelopeSchema.parse(JSON.parse(accepted(answer).toString('utf8'))));
  };

  const receipts = async () => {
    for (;;) {
      const rows = ports.outbox.receipts(BATCH);
      if (rows.length === 0) return;
      const envelopes = rows.flatMap(({ item }) => (item.type === 'receipt' ? [item.envelope] : []));
      const answer = await ports.http()(new URL('/device/receipts', httpsOf(ports.deviceUrl())), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ envelopes }),
      });
      if (answer.status < 200 || answer.status > 299) accepted(answer);
      ports.outbox.remove(rows.map(({ seq }) => seq));
    }
  };

  return {
    withheld: async () => ports.intake.withheld(await beside()),
    all: async () => {
      for (const [what, work] of [
        // The record first: it may keep a list from having something destroyed.
        ['record', record],
        ['list', list],
        ['time correction', timeCorrection],
        ['receipts', receipts],
      ] as const) {
        try {
          await work();
        } catch (error) {
          ports.onFailure(what, error);
        }
      }
    },
  };
}
