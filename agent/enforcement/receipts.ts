import type { Receipt } from '../../shared/order/documents.ts';
import type { Signer } from '../../shared/order/dsse.ts';
import { makeReceipt } from '../../shared/order/receipt.ts';
import type { DeviceClock } from './device-clock.ts';
import type { ReportStore } from './enforcement-store.ts';
import type { DeviceIdentity, StoredList } from './stored-documents.ts';

export type ReceiptFacts = Pick<Receipt, 'kind' | 'order' | 'revision' | 'service' | 'gate' | 'notice'>;

/**
 * Signed receipts of this device, which wait in the outbox for the server. Each receipt names the order list that the device enforced when
 * it signed the receipt.
 */
export interface Receipts {
  /**
   * Signs a receipt and puts it into the outbox. Does nothing if the device has no order list. `list`: the order list that the current
   * transaction stores; by default, the stored list.
   */
  record(facts: ReceiptFacts, list?: StoredList | null): void;
}

export function createReceipts(ports: {
  readonly store: ReportStore;
  readonly clock: Pick<DeviceClock, 'now'>;
  readonly identity: DeviceIdentity;
  readonly signer: () => Signer;
  readonly list: () => StoredList | null;
}): Receipts {
  const { store, clock, identity } = ports;
  return {
    record(facts, list = ports.list()) {
      if (!list) return;
      const envelope = makeReceipt(
        {
          installation: identity.installation,
          device: identity.device,
          generation: identity.generation(),
          listVersion: list.version,
          at: new Date(clock.now()).toISOString(),
          ...facts,
        },
        ports.signer(),
      );
      store.report({ type: 'receipt', envelope });
    },
  };
}
