/** Present causes of each condition of notifications: approvals, health issues, devices, compliance, orders and commands. */
import type { Overview } from '../../shared/api/overview.ts';
import type { Cause, CauseSources } from '../notifications/notifications.ts';
import { type CauseDevice, NotificationCauseStore } from '../store/notification-causes.ts';
import type { Domain } from './domain.ts';
import type { Foundation } from './foundation.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** Formats a time in UTC, because the server does not know the time zone of a notification's reader. */
const timeText = (at: number): string => `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
const SEVERITIES = ['notice', 'warning', 'critical'] as const;

export type HealthIssues = () => Promise<Overview['healthIssues']>;

export interface CauseModules {
  readonly orders: { readonly adoption: Pick<Domain['orders']['adoption'], 'pendingApprovals' | 'rules'> };
  readonly actions: Pick<Domain['actions'], 'pending'>;
}

/**
 * Sources of all conditions. A new condition needs one more entry here. Conditions never share keys, so a rule with a changed condition
 * sends new notifications.
 */
export function causeSources(
  { database }: Pick<Foundation, 'database'>,
  { orders, actions }: CauseModules,
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
        ofDevice(`offline ${device.device} ${device.generation}`, device, `Last seen ${timeText(device.at)}.`),
      ),
    'order-effective': async ({ condition: { hours }, now }) =>
      orders.adoption
        .rules()
        .filter(({ withdrawn, effective }) => !withdrawn && effective > now && effective - now <= hours * HOUR)
        .map(({ order, revision, effective }) =>
          cause(`effective ${order} ${revision}`, {
            title: `Order ${order}, revision ${revision}`,
            detail: `It takes effect ${timeText(effective)}.`,
            order,
          }),
        ),
    'device-enrolled': async ({ group, since, now, limit }) =>
      (await store.enrolled(since, now, { group, limit })).map((device) =>
        ofDevice(`enrolled ${device.device} ${device.generation}`, device, `Enrolled ${timeText(device.at)}.`),
      ),
    'device-not-compliant': async ({ group, limit }) =>
      (await store.notCompliant({ group, limit })).map((device) =>
        ofDevice(
          `not-compliant ${device.device} ${device.generation}`,
          device,
          `Not compliant since ${timeText(device.at)}: ${device.failing.join(', ')}.`,
        ),
      ),
    // The times of commands come from the system clock, not from the server clock that a demo can advance.
    'job-failed': async ({ group, since, now, limit }) => {
      const real = Date.now();
      const after = real - Math.max(0, now - since);
      const [failed, stopped] = await Promise.all([
        store.failed(after, real, { group, limit }),
        store.stopped(after, real, { group, limit }),
      ]);
      return [
        ...stopped.map(({ id, kind, devices, at }) =>
          cause(`stopped ${id} ${at}`, {
            title: `Job ${kind}`,
            detail: `The server stopped the job, because too many of its ${devices} devices failed (${id}). Resume or abort it.`,
          }),
        ),
        ...failed.map(({ id, kind, devices, device }) =>
          cause(`job ${id}`, {
            title: `Command ${kind}`,
            detail: `It failed on ${devices} ${devices === 1 ? 'device' : 'devices'} (${id}).`,
            device,
          }),
        ),
      ].slice(0, limit);
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
