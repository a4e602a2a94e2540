import { CordonError, isCordonError } from '../../shared/errors.ts';
import type { DeviceRecord, Envelope } from '../../shared/order/documents.ts';
import { verifyTimeCorrection } from '../../shared/order/time-correction.ts';
import type { Alerts } from './alerts.ts';
import type { DeviceClock } from './device-clock.ts';
import type { CorrectionStore, DocumentStore, EventStore, ReportStore, Transactions } from './enforcement-store.ts';
import type { Receipts } from './receipts.ts';
import type { StoredDocuments, StoredList } from './stored-documents.ts';

/**
 * Acceptance of signed documents from the server. Each method returns true for a new document. For an invalid document, it raises an alert,
 * changes nothing and throws.
 */
export interface DocumentAcceptance {
  approverSets(envelopes: readonly Envelope[]): boolean;
  /** Accepts an order list. `withheld`: the text of withheld revisions. The list itself contains only placeholders for them. */
  list(envelope: Envelope, withheld?: readonly Envelope[]): boolean;
  /** Accepts withheld revisions that the stored order list names and that the device did not have yet. */
  withheld(envelopes: readonly Envelope[]): boolean;
  record(envelope: Envelope): boolean;
  /** Sets the device's time back if the time correction concerns this device. Returns true only in that case. */
  timeCorrection(envelope: Envelope): boolean;
}

export function createDocumentAcceptance(ports: {
  readonly store: Pick<DocumentStore, 'list'> &
    CorrectionStore &
    Pick<EventStore, 'once'> &
    ReportStore &
    Pick<Transactions, 'reserved'>;
  readonly documents: StoredDocuments;
  readonly clock: Pick<DeviceClock, 'now' | 'atLeast' | 'correct'>;
  readonly alerts: Alerts;
  readonly receipts: Receipts;
  /**
   * Called in the transaction that stores a new device record. Changes that the callback stores are therefore kept or lost together with
   * the record.
   */
  readonly onRecordStored: (record: DeviceRecord) => void;
  readonly onAccepted: (document: 'list' | 'record' | 'time correction') => void;
  readonly onRefused: () => void;
}): DocumentAcceptance {
  const { store, documents, clock, alerts, receipts } = ports;

  const alerted = (kind: string, envelopes: readonly Envelope[], accept: () => boolean): boolean => {
    try {
      return accept();
    } catch (error) {
      if (isCordonError(error)) {
        const digest = envelopes.map((envelope) => envelope.payload.slice(-24)).join(' ');
        alerts.tryRaise(error.code, `${kind} ${digest}`, `The device refused the ${kind}: ${error.message}`);
        ports.onRefused();
      }
      throw error;
    }
  };

  const list = (envelope: Envelope, withheld: readonly Envelope[] = []) =>
    alerted('list', [envelope], () => {
      const accepted = documents.acceptList(
        envelope,
        withheld,
        clock.now(),
        ({ list: next, orders, alerts: found }) => {
          clock.atLeast(next.issued);
          recordDelivery(store, receipts, next, orders);
          for (const each of found) alerts.raise(each.code, `${each.order} in list ${next.version}`, each.detail);
        },
      );
      if (!accepted) return false;
      ports.onAccepted('list');
      return true;
    });

  return {
    approverSets: (envelopes) => alerted('approver set', envelopes, () => documents.acceptApproverSets(envelopes)),
    list,
    withheld(envelopes) {
      const stored = store.list();
      return stored !== null && list(stored.envelope, envelopes);
    },
    record: (envelope) =>
      alerted('device record', [envelope], () => {
        if (!documents.acceptRecord(envelope, ports.onRecordStored)) return false;
        ports.onAccepted('record');
        return true;
      }),
    timeCorrection: (envelope) =>
      alerted('time correction', [envelope], () => {
        const { approverSet } = documents;
        if (!approverSet) throw new CordonError('approvers_required', 'This device has no approver set yet.');
        const correction = verifyTimeCorrection(envelope, approverSet);
        const { version } = correction;
        if (version <= store.correctionVersion()) return false;
        const before = clock.now();
        const [from, until, earliest] = [correction.from, correction.until, correction.earliest].map((at) =>
          Date.parse(at),
        ) as [number, number, number];
        const corrected = clock.correct({ from, until, earliest }, (after, save) => {
          const [was, is] = [before, after].map((at) => new Date(at).toISOString());
          const detail = `Time correction ${version} moved this device's time back from ${was} to ${is}.`;
          store.reserved(() => {
            store.saveCorrectionVersion(version);
            save();
            store.report({ type: 'alert', code: 'time_corrected', detail, at: after });
          });
        });
        if (corrected) ports.onAccepted('time correction');
        else store.saveCorrectionVersion(version);
        return corrected;
      }),
  };
}

/** Makes one receipt `delivered` for each revision. A newer order list without a new revision causes no receipt. */
export function recordDelivery(
  store: Pick<EventStore, 'once'>,
  receipts: Receipts,
  list: StoredList,
  orders: StoredDocuments['orders'],
): void {
  for (const { revision: accepted } of orders.values()) {
    const { order, revision } = accepted;
    if (!store.once(`delivered ${order} ${revision}`)) continue;
    receipts.record({ kind: 'delivered', order, revision, service: null, gate: null }, list);
  }
}
