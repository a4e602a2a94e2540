/** Connects notifications with their causes, their channels and the alerts about failed deliveries. */
import { join } from 'node:path';
import { createNotifications, createSender } from '../notifications/notifications.ts';
import { createReceiverAddresses } from '../outbound/receiver-addresses.ts';
import { NotificationStore } from '../store/notification-store.ts';
import type { Domain } from './domain.ts';
import type { Foundation } from './foundation.ts';
import { causeSources, type HealthIssues } from './notification-sources.ts';

export function connectNotifications(base: Foundation, domain: Domain, healthIssues: HealthIssues) {
  const { config, database, authority, installation, clock, log } = base;
  const addresses = createReceiverAddresses(config.privateReceivers);
  return createNotifications({
    store: new NotificationStore(database),
    sealer: {
      seal: (plain, id) => authority.seal(Buffer.from(plain), `notification:${id}`),
      unseal: (text, id) => authority.unseal(text, `notification:${id}`).toString(),
    },
    causes: causeSources(base, domain, healthIssues),
    send: createSender({
      mailer: domain.mailer,
      addresses,
      folder: join(config.home, 'notifications'),
      now: Date.now,
    }),
    requireReceiver: addresses.requireHost,
    origin: { installation, organization: config.organization },
    clock,
    raise: domain.devices.raiseAlert,
    log,
  });
}
