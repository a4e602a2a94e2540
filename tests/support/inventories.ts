/** Inventories over a real store. */
import { type Bus, LocalBus } from '../../server/bus/bus.ts';
import { openInventories } from '../../server/inventory/inventory.ts';
import type { Database } from '../../server/store/database.ts';
import { inventoryStores } from '../../server/store/inventory-stores.ts';
import type { Clock } from '../../shared/time/clock.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';

export const testInventories = (
  database: Database,
  clock: Clock = new DrivenClock(500_000),
  bus: Bus = new LocalBus(),
  mostChangesPerDay?: number,
) =>
  openInventories({
    stores: inventoryStores(database),
    bus,
    clock,
    ...(mostChangesPerDay !== undefined && { mostChangesPerDay }),
  });
