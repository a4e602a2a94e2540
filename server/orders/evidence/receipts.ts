/**
 * Receipts: signed statements of devices, for example that a device enforced an order. Because thousands of devices report at once, the
 * server stores receipts first and verifies them later. A receipt is valid if the device's key signed it and the device could have received
 * that revision of the order.
 */
import { CordonError } from '../../../shared/errors.ts';
import { parseDocument } from '../../../shared/order/canonical.ts';
import { sha256 } from '../../../shared/order/digest.ts';
import { type Envelope, PAYLOAD_TYPES, receiptSchema } from '../../../shared/order/documents.ts';
import { payloadOf } from '../../../shared/order/dsse.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Clock } from '../../../shared/time/clock.ts';
import type { Bus } from '../../bus/bus.ts';
import type { FleetPort, Log, ReceiptBatch, ReceiptRow, ReceiptStore } from '../ports.ts';
import { createReceiptVerifier } from './receipt-verifier.ts';

const MOST_OF_A_DEVICE = 500;

export type StoredReceipt = Pick<ReceiptRow, 'device' | 'generation' | 'receipt'>;

export interface Receipts {
  /**
   * Checks a device's receipt, except for its signature. Throws `document_malformed`, `document_wrong_type`, `list_other_installation` or
   * `conflict`.
   */
  check(device: DeviceId, generation: number, envelope: Envelope): ReceiptRow;
  /** Stores checked receipts. Resolves when the receipts and the state of the session are durable. */
  storeChecked(batch: ReceiptBatch): Promise<void>;
  /** Checks and stores one receipt that did not arrive in a session. */
  store(device: DeviceId, generation: number, envelope: Envelope): Promise<void>;
  ofOrder(order: string, device: DeviceId): Promise<readonly StoredReceipt[]>;
  ofDevice(device: DeviceId): Promise<readonly StoredReceipt[]>;
  /**
   * Verifies all unverified receipts in the store. The server also does this automatically after it stores a receipt, and again a minute
   * after a failed attempt.
   */
  verifyWaiting(): Promise<void>;
  /** Number of devices whose receipts wait, because a certificate in the store is unreadable. */
  unreadable(): number;
  stop(): Promise<void>;
}

/** First 48 bits of the receipt's digest. A repeated receipt has the same number, so the store keeps the receipt only once. */
const seqOf = (payload: Uint8Array): number => Number.parseInt(sha256(payload).slice(0, 12), 16);

export function createReceipts(ports: {
  readonly installation: string;
  readonly store: ReceiptStore;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly fleet: Pick<FleetPort, 'alert'>;
  readonly wiped: () => void;
  readonly log: Log;
}): Receipts {
  const { installation, store, clock, bus } = ports;
  const verifier = createReceiptVerifier(ports);

  function check(device: DeviceId, generation: number, envelope: Envelope): ReceiptRow {
    const payload = payloadOf(envelope, PAYLOAD_TYPES.receipt);
    const receipt = parseDocument(receiptSchema, payload);
    if (receipt.installation !== installation) {
      throw new CordonError('list_other_installation', `The receipt is for installation ${receipt.installation}.`);
    }
    if (receipt.device !== device || receipt.generation !== generation) {
      throw new CordonError('conflict', 'A device can send receipts only for itself and its current enrollment.');
    }
    return { device, generation, seq: seqOf(payload), receipt, storedAt: clock.now(), envelope };
  }

  async function storeChecked(batch: ReceiptBatch): Promise<void> {
    await store.storeReceipts(batch);
    verifier.verifySoon();
    if (batch.session?.list !== undefined) bus.publish({ kind: 'devices' });
  }

  return {
    check,
    storeChecked,
    store: async (device, generation, envelope) =>
      storeChecked({ receipts: [check(device, generation, envelope)], session: null }),
    ofOrder: (order, device) => store.receipts(order, device),
    ofDevice: (device) => store.receiptsOf(device, MOST_OF_A_DEVICE),
    verifyWaiting: verifier.verifyWaiting,
    unreadable: verifier.unreadable,
    stop: verifier.stop,
  };
}
