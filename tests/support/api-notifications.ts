/** Notifications of the API in `api-server.ts`. No cause occurs by itself. */
import { createNotifications, createSender } from '../../server/notifications/notifications.ts';
import { createReceiverAddresses } from '../../server/outbound/receiver-addresses.ts';
import type { Database } from '../../server/store/database.ts';
import { NotificationStore } from '../../server/store/notification-store.ts';
import { testCustody } from './custody.ts';

type Ports = Parameters<typeof createNotifications>[0];

interface Given extends Pick<Ports, 'clock' | 'raise' | 'log'> {
  readonly database: Database;
  readonly folder: string;
  /** Internal addresses to which notifications may be sent. */
  readonly privateReceivers: readonly string[];
}

export function testNotifications({ database, folder, privateReceivers, ...ports }: Given) {
  const custody = testCustody();
  const addresses = createReceiverAddresses(privateReceivers);
  return createNotifications({
    ...ports,
    store: new NotificationStore(database),
    sealer: {
      seal: (plain, id) => custody.seal(Buffer.from(plain), id),
      unseal: (text, id) => custody.unseal(text, id).toString(),
    },
    causes: {
      'approval-pending': async () => [],
      'health-issue': async () => [],
      'device-offline': async () => [],
      'order-effective': async () => [],
      'device-enrolled': async () => [],
      'device-not-compliant': async () => [],
      'job-failed': async () => [],
    },
    send: createSender({
      mailer: null,
      addresses,
      folder,
      now: Date.now,
    }),
    requireReceiver: addresses.requireHost,
    origin: { installation: 'test', organization: 'Example' },
  });
}
