/**
 * A server that was restored from a backup asks its devices for the signed documents that they have stored. The device sends each exactly as it
 * came. It keeps its own, whatever the server makes of them.
 */
import type { Recollection } from '../../shared/protocol/device-http.ts';
import type { EnforcementStore } from '../enforcement/enforcement-store.ts';
import { accepted, httpsOf } from '../enrolment/est.ts';
import type { LedgerStore } from '../messaging/ledger-watch.ts';
import type { Http } from './http.ts';

export interface RecollectingPorts {
  readonly deviceUrl: () => string;
  readonly http: () => Http;
  readonly store: Pick<EnforcementStore, 'roots' | 'list' | 'orders' | 'record'> & Pick<LedgerStore, 'ledger'>;
  readonly onFailure: (error: unknown) => void;
}

export interface Recollecting {
  /** Sends the stored documents. A second call shares the first. True when the server has accepted them. Never rejects. */
  send(documents: boolean): Promise<boolean>;
}

export function createRecollecting({ deviceUrl, http, store, onFailure }: RecollectingPorts): Recollecting {
  let sending: Promise<boolean> | null = null;

  async function post(documents: boolean): Promise<boolean> {
    try {
      const answer = await http()(new URL('/device/recollection', httpsOf(deviceUrl())), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(recollectionOf(store, documents)),
      });
      accepted(answer);
      return true;
    } catch (error) {
      onFailure(error);
      return false;
    }
  }

  return {
    send: (documents) => {
      sending ??= post(documents).finally(() => {
        sending = null;
      });
      return sending;
    },
  };
}

function recollectionOf(store: RecollectingPorts['store'], documents: boolean): Recollection {
  return {
    roots: documents ? store.roots().map(({ envelope }) => envelope) : [],
    list: documents ? (store.list()?.envelope ?? null) : null,
    orders: documents ? store.orders().map(({ envelope }) => envelope) : [],
    record: store.record()?.envelope ?? null,
    checkpoint: store.ledger()?.note ?? null,
  };
}
