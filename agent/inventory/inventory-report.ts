/** Report of the device's inventory to the server, once per start of the agent. */
import type { Inventory } from '../../shared/protocol/frames.ts';
import type { DeviceStore } from '../store/agent-store.ts';

export interface InventoryReport {
  /** Stores the report for sending. Does nothing if a report was already stored; after a failure, the next call tries again. */
  send(): Promise<void>;
}

export function createInventoryReport({
  store,
  inventory,
  onReport,
  onFailure,
}: {
  readonly store: Pick<DeviceStore, 'report'>;
  readonly inventory: () => Promise<Inventory>;
  readonly onReport: () => void;
  readonly onFailure: (error: unknown) => void;
}): InventoryReport {
  let isSent = false;
  return {
    async send() {
      if (isSent) return;
      isSent = true;
      try {
        store.report({ type: 'inventory', inventory: await inventory() });
        onReport();
      } catch (error) {
        isSent = false;
        onFailure(error);
      }
    },
  };
}
