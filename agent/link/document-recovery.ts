/**
 * Recovery of a server that was restored from a backup. The server asks its devices for the signed documents that it lost. The device sends
 * exact copies and keeps its documents.
 */
import type { Recollection } from '../../shared/protocol/device-http.ts';
import type { DocumentStore } from '../enforcement/enforcement-store.ts';
import { bodyOf, httpsOf } from '../enrollment/est.ts';
import type { LedgerStore } from '../messaging/members/ledger-watch.ts';
import type { DeviceListener } from './http.ts';

export interface DocumentRecoveryPorts extends DeviceListener {
  readonly store: Pick<DocumentStore, 'approverSets' | 'list' | 'orders' | 'record'> & Pick<LedgerStore, 'ledger'>;
  readonly onFailure: (error: unknown) => void;
}

export interface DocumentRecovery {
  /**
   * Sends the device record and the ledger checkpoint; with `documents`, also the approver sets, the order list and the orders. If such a
   * request is already running, waits for its result. Returns true if the server accepted the documents. Never rejects.
   */
  send(documents: boolean): Promise<boolean>;
}

export function createDocumentRecovery({ deviceUrl, http, store, onFailure }: DocumentRecoveryPorts): DocumentRecovery {
  let sending: { readonly documents: boolean; readonly accepted: Promise<boolean> } | null = null;

  async function post(documents: boolean): Promise<boolean> {
    try {
      const response = await http()(new URL('/device/recollection', httpsOf(deviceUrl())), {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(recollectionOf(store, documents)),
      });
      bodyOf(response);
      return true;
    } catch (error) {
      onFailure(error);
      return false;
    }
  }

  return {
    send(documents) {
      if (sending && (sending.documents || !documents)) return sending.accepted;
      const earlier = sending?.accepted;
      const request = {
        documents,
        accepted: Promise.resolve(earlier)
          .then(() => post(documents))
          .finally(() => {
            if (sending === request) sending = null;
          }),
      };
      sending = request;
      return request.accepted;
    },
  };
}

function recollectionOf(store: DocumentRecoveryPorts['store'], documents: boolean): Recollection {
  return {
    approverSets: documents ? store.approverSets().map(({ envelope }) => envelope) : [],
    list: documents ? (store.list()?.envelope ?? null) : null,
    orders: documents ? store.orders().map(({ envelope }) => envelope) : [],
    record: store.record()?.envelope ?? null,
    checkpoint: store.ledger()?.note ?? null,
  };
}
