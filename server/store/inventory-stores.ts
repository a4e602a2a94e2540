import type { InventoryStores } from '../inventory/inventory.ts';
import { AdvisoryStore } from './advisory-store.ts';
import type { Database } from './database.ts';
import { InventorySettingsStore } from './inventory-settings-store.ts';
import { InventoryStore } from './inventory-store.ts';
import { SoftwareStore } from './software-store.ts';

export const inventoryStores = (database: Database): InventoryStores => ({
  inventories: new InventoryStore(database),
  software: new SoftwareStore(database),
  advisories: new AdvisoryStore(database),
  settings: new InventorySettingsStore(database),
});
