import { z } from 'zod';
import { missingSchema, sectionsSchema } from '../../shared/inventory/inventory.ts';
import type { InventoryState } from '../../shared/inventory/report.ts';
import { softwareEntrySchema } from '../../shared/inventory/software.ts';
import type { CollectionSettings } from '../inventory/collection-settings.ts';
import type { InventoryStore } from '../inventory/inventory-report.ts';
import type { Outbox } from '../link/outbox.ts';
import type { DeviceRows } from './device-rows.ts';

const ACKNOWLEDGED = 'inventory-acknowledged';
const PENDING = 'inventory-pending';
const SETTINGS = 'inventory-settings';

interface Stored {
  readonly generation: number;
  readonly state: InventoryState;
}

interface Pending extends Stored {
  readonly seq: number;
}

/**
 * An older version of the agent may have stored its inventory in another form, which this version cannot read. The agent then sends its
 * complete state.
 */
const stateSchema = z.strictObject({
  sections: sectionsSchema,
  missing: missingSchema,
  software: z.array(softwareEntrySchema),
});

/**
 * Rows of the collected and the acknowledged inventory. A report becomes the acknowledged state when the server confirms it and its row
 * leaves the outbox.
 */
export function inventoryRows(rows: DeviceRows, outbox: Outbox): InventoryStore {
  const ofEnrollment = <T extends Stored>(name: string): T | null => {
    const stored = rows.value<T>(name);
    return stored?.generation === outbox.generation() ? stored : null;
  };
  const drop = (name: string) => rows.run('delete from state where device = ? and name = ?', name);
  const isInOutbox = (seq: number) => rows.all('select seq from outbox where device = ? and seq = ?', seq).length > 0;

  function settle(): void {
    const pending = ofEnrollment<Pending>(PENDING);
    if (!pending || isInOutbox(pending.seq)) return;
    rows.saveValue(ACKNOWLEDGED, { generation: pending.generation, state: pending.state } satisfies Stored);
    drop(PENDING);
  }

  const transaction = <T>(work: () => T) => rows.transaction(work);

  return {
    collectionSettings: () => rows.value<CollectionSettings>(SETTINGS),
    saveCollectionSettings: (settings) => rows.saveValue(SETTINGS, settings),
    acknowledgedInventory: () =>
      transaction(() => {
        settle();
        const parsed = stateSchema.safeParse(ofEnrollment<Stored>(ACKNOWLEDGED)?.state);
        return parsed.success ? parsed.data : null;
      }),
    inventoryWaits: () =>
      transaction(() => {
        settle();
        return ofEnrollment<Pending>(PENDING) !== null;
      }),
    reportInventory: (report, state) =>
      transaction(() => {
        settle();
        const waiting = ofEnrollment<Pending>(PENDING);
        if (waiting) outbox.remove([waiting.seq]);
        outbox.report({ type: 'inventory', report });
        const seq = rows.value<number>('sequence') ?? 0;
        rows.saveValue(PENDING, { generation: outbox.generation(), seq, state } satisfies Pending);
      }),
    forgetInventory: () =>
      transaction(() => {
        drop(ACKNOWLEDGED);
        drop(PENDING);
        rows.run("delete from outbox where device = ? and type = 'inventory'");
      }),
  };
}
