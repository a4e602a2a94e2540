/** Connects notifications with their causes: approvals, health issues, devices, orders and commands. */
import { join } from 'node:path';
import type { Overview } from '../../shared/api/overview.ts';
import { type Cause, type CauseSources, createNotifications, createSender } from '../notifications/notifications.ts';
import { createReceiverAddresses } from '../outbound/receiver-addresses.ts';
import { type CauseDevice, NotificationCauseStore } from '../store/notification-causes.ts';
import { NotificationStore } from '../store/notification-store.ts';
import type { Domain } from './domain.ts';
import type { Foundation } from './foundation.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Time in UTC, because a receiver has no time zone of the reader. */
const timeText = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
const SEVERITIES = ['notice', 'warning', 'critical'] as const;

type HealthIssues = () => Promise<Overview['healthIssues']>;

export function connectNotifications(base: Foundation, domain: Domain, healthIssues: HealthIssues) {
  const { config, database, authority, installation, clock, log } = base;
  return createNotifications({
    store: new NotificationStore(database),
    sealer: {
      seal: (plain, id) => authority.seal(Buffer.from(plain), `notification:${id}`),
      unseal: (text, id) => authority.unseal(text, `notification:${id}`).toString(),
    },
    causes: causeSources(base, domain, healthIssues),
    send: createSender({
      mailer: domain.mailer,
      addresses: createReceiverAddresses(config.privateReceivers),
      folder: join(config.home, 'notifications'),
      now: Date.now,
    }),
    origin: { installation, organization: config.organization },
    clock,
    raise: domain.devices.raiseAlert,
    log,
  });
}

/** A new condition, such as a device that is not compliant, is one more entry here. */
function causeSources(
  { database }: Foundation,
  { orders, actions }: Pick<Domain, 'orders' | 'actions'>,
  healthIssues: HealthIssues,
): CauseSources {
  const store = new NotificationCauseStore(database);
  return {
    'approval-pending': async () => {
      const { revisions, approverSet } = await orders.adoption.pendingApprovals();
      return [
        ...revisions.map(({ order, revision, approvals, needed }) =>
          cause(`order ${order} ${revision}`, {
            title: `Order ${order}, revision ${revision}`,
            detail: `${approvals} of ${needed} people have approved.`,
            order,
          }),
        ),
        ...(approverSet
          ? [
              cause(`approver-set ${approverSet.version}`, {
                title: `Approver set ${approverSet.version}`,
                detail: `${approverSet.signatures} people have signed.`,
              }),
            ]
          : []),
        ...(await actions.pending()).map(({ id, action, devices }) =>
          cause(`action ${id}`, {
            title: `Action ${action}`,
            detail: `It concerns ${devices} devices and waits for a second person.`,
          }),
        ),
      ];
    },
    'health-issue': async ({ condition: { severity } }) =>
      (await healthIssues())
        .filter((issue) => SEVERITIES.indexOf(issue.severity) >= SEVERITIES.indexOf(severity))
        .map((issue) =>
          cause(`health ${issue.code}`, { title: issue.code.replaceAll('_', ' '), detail: issue.detail }),
        ),
    'device-offline': async ({ condition: { days }, group, now, limit }) =>
      (await store.offline(now - days * DAY, { group, limit })).map((device) =>
        ofDevice(`device ${device.device} ${device.generation}`, device, `Last seen ${timeText(device.at)}.`),
      ),
    'order-effective': async ({ condition: { hours }, now }) =>
      orders.adoption
        .rules()
        .filter(({ withdrawn, effective }) => !withdrawn && effective > now && effective - now <= hours * HOUR)
        .map(({ order, revision, effective }) =>
          cause(`order ${order} ${revision}`, {
            title: `Order ${order}, revision ${revision}`,
            detail: `It takes effect ${timeText(effective)}.`,
            order,
          }),
        ),
    'device-enrolled': async ({ group, since, now, limit }) =>
      (await store.enrolled(since, now, { group, limit })).map((device) =>
        ofDevice(`device ${device.device} ${device.generation}`, device, `Enrolled ${timeText(device.at)}.`),
      ),
    // Commands have real times.
    'job-failed': async ({ group, since, now, limit }) => {
      const real = Date.now();
      return (await store.failed(real - Math.max(0, now - since), real, { group, limit })).map(
        ({ id, kind, devices, device }) =>
          cause(`job ${id}`, { title: `Command ${kind}`, detail: `It failed on ${devices} devices (${id}).`, device }),
      );
    },
  };
}

const cause = (
  key: string,
  {
    title,
    detail,
    device = null,
    order = null,
  }: Pick<Cause, 'title' | 'detail'> & Partial<Pick<Cause, 'device' | 'order'>>,
): Cause => ({ key, title, detail, device, order });

const ofDevice = (key: string, { device, user, hostname }: CauseDevice, detail: string): Cause =>
  cause(key, { title: hostname === null ? user : `${user} (${hostname})`, detail, device });
