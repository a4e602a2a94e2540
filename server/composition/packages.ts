import type { Orders } from '../orders/orders.ts';
import { createPackages } from '../packages/packages.ts';
import { requireService, serviceGateOf } from '../relay/relay.ts';
import type { Database } from '../store/database.ts';
import { PackageStore } from '../store/package-store.ts';

/** Packages of the organization. `bytesPerSecond`: limit for the downloads of all devices together; 0 for none. */
export function connectPackages(database: Database, orders: Orders, bytesPerSecond: number) {
  // The restriction by a policy concerns only messaging and mail.
  const gate = serviceGateOf(orders, () => false);
  return createPackages({
    store: new PackageStore(database),
    approverSet: () => orders.approverSets.current(),
    requireManagement: (device) => requireService(gate, 'management', device),
    bytesPerSecond,
    now: Date.now,
  });
}
