/**
 * Server on which the owner Olivia created all other accounts, with an adopted order for Kenya that suspends messaging and mail, a device in
 * Kenya, and a device in Sweden. Ben may change devices.
 */
import { revisionView } from '../../shared/api/orders.ts';
import { approveRevision } from '../../shared/order/approver-key.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { startApi } from './api-server.ts';
import { addGroup } from './fleet-rows.ts';
import { addLocatedFleet } from './located-fleet.ts';
import { adoptApproverSet, firstOwner, invite, inviteApprover } from './people.ts';

const HOUR = 3_600_000;
/** Grants of an admin who may change devices. */
export const FLEET = [{ role: 'fleet' }];

export async function secondPersonWorld(options: Parameters<typeof startApi>[0] = {}) {
  const api = await startApi(options);
  const olivia = await firstOwner(api.url, (await api.admins.firstOwnerInvitation()) ?? '', 'Olivia');
  const approvers = [await inviteApprover(api.url, olivia, 'Ada'), await inviteApprover(api.url, olivia, 'Karl')];
  await adoptApproverSet(olivia, approvers);
  const seen = (area: string) => [
    { source: 'address', areas: [area], at: Date.now() - HOUR, connected: true } as const,
  ];
  const group = await addGroup(api.database, 'All');
  const [inKenya, inSweden] = (await addLocatedFleet(api.database, group, Date.now(), [
    { home: 'KE', seen: seen('KE') },
    { home: 'SE', seen: seen('SE') },
  ])) as [DeviceId, DeviceId];
  const { order, revision, payload } = await olivia.api.call('POST', '/orders', revisionView, {
    title: 'Kenya',
    areas: ['KE'],
    services: ['messaging', 'mail'],
    nexus: ['present'],
    zone: 'Africa/Nairobi',
    unknown: 'allow',
    contested: 'allow',
    travelers: 'allow',
    authority: 'Regulator',
    addressee: 'operators',
    instrument: 'directive',
    statement: { en: 'Service ends.' },
    effective: new Date(Date.now() + 2 * HOUR).toISOString(),
  });
  for (const { api: caller, key } of approvers) {
    const signature = approveRevision(key, payload);
    await caller.raw('POST', `/orders/${order}/revisions/${revision}/approvals`, { keyid: key.keyid, signature });
  }
  const ben = await invite(api.url, olivia, 'Ben', FLEET);
  return { api, olivia, ben, inKenya, inSweden, order, group };
}
