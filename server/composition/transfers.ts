import { createBandwidth } from '../bandwidth.ts';
import { createFiles, type FilesPorts } from '../files/files.ts';
import type { Orders } from '../orders/orders.ts';
import { createPackages } from '../packages/packages.ts';
import { requireService, serviceGateOf } from '../relay/relay.ts';
import type { Database } from '../store/database.ts';
import { UploadStore } from '../store/file-parts.ts';
import { FileStore } from '../store/file-store.ts';
import { PackageStore } from '../store/package-store.ts';
import { createUploads } from '../uploads.ts';

interface TransfersPorts {
  readonly database: Database;
  readonly orders: Orders;
  readonly commands: FilesPorts['commands'];
}

/** Packages and files of the organization. `bytesPerSecond`: limit for the downloads of all devices together; 0 for none. */
export function connectTransfers({ database, orders, commands }: TransfersPorts, bytesPerSecond: number) {
  // The restriction by a policy concerns only messaging and mail.
  const gate = serviceGateOf(orders, () => false);
  const requireManagement: FilesPorts['requireManagement'] = (device) => requireService(gate, 'management', device);
  const bandwidth = createBandwidth(bytesPerSecond);
  const uploads = createUploads(new UploadStore(database));
  return {
    uploads,
    packages: createPackages({
      store: new PackageStore(database),
      uploads,
      approverSet: () => orders.approverSets.current(),
      people: orders.approverSets.people,
      requireManagement,
      bandwidth,
      now: Date.now,
    }),
    files: createFiles({ store: new FileStore(database), uploads, commands, requireManagement, bandwidth }),
  };
}
