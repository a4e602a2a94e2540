/** Overview of the fleet: locations, pending approvals and health issues. */
import { z } from 'zod';
import { ORDER_ACTS } from '../order/documents.ts';
import { instant } from './wire.ts';

export const HEALTH_ISSUES = [
  /** Health issue: devices that have sent no data for longer than the server's limit. */
  'devices_silent',
  'devices_never_connected',
  /** Health issue: devices, connected or offline, whose order list is older than the server's. */
  'devices_behind',
  'alerts',
  'ip_database_old',
  'certificate_expires',
  'list_expires',
  'ledger_failing',
  /** Health issue: the disk of the data folder is nearly full. */
  'disk_full',
  'mail_failing',
  /** Health issue: the machine's clock jumped, or it disagrees with the clocks of most devices. */
  'clock_in_doubt',
  /** Health issue: the newest backup is old, or the scheduled backup failed. */
  'backup_missing',
  /** Health issue: the server was restored from a backup, and no admin has ended the recovery. */
  'restored',
  /** Health issue: orders that new devices do not obey, because an approver of the order is no longer in the approver set. */
  'orders_uncovered',
  'no_approvers',
  /** Health issue: answers to authorities that are overdue or due within a week. */
  'answer_due',
  /** Health issue: devices whose messaging keys the organization has not countersigned. */
  'countersignature_waiting',
] as const;

/** Link from a health issue to the page that lists exactly its devices, alerts or orders, or to the page that resolves the issue. */
const issueLink = z.discriminatedUnion('page', [
  z.object({
    page: z.literal('devices'),
    /** Parameters of `GET /devices`. */
    filter: z.object({
      status: z.literal('active'),
      connected: z.boolean().optional(),
      everConnected: z.boolean().optional(),
      seenBefore: z.int().optional(),
      listBelow: z.int().optional(),
      countersigned: z.boolean().optional(),
    }),
  }),
  /** Filter for unacknowledged alerts since a given time. */
  z.object({ page: z.literal('alerts'), since: instant }),
  z.object({ page: z.literal('orders'), numbers: z.array(z.string()) }),
  z.object({ page: z.enum(['recovery', 'approvers', 'settings', 'ledger']) }),
]);

export const SETUP_STEPS = [
  'owner_secured',
  'second_person',
  'approver_set',
  'activation_code',
  'device_connected',
  'backup_scheduled',
] as const;

export const overviewView = z.object({
  now: instant,
  devices: z.object({ total: z.int(), connected: z.int(), neverConnected: z.int() }),
  /** Numbers of devices by area; empty if the caller's role shows no locations. A device that may be in two areas counts in both areas. */
  areas: z.array(z.object({ area: z.string(), devices: z.int(), connected: z.int() })),
  /** Number of devices with an unknown location; null if the caller's role shows no locations. */
  unknown: z.int().nullable(),
  /** Pending approvals. `mine` says whether an approval by the caller would count. */
  pendingApprovals: z.array(
    z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('revision'),
        order: z.string(),
        revision: z.int(),
        title: z.string(),
        action: z.enum(ORDER_ACTS),
        proposedAt: instant,
        approvals: z.int(),
        needed: z.int(),
        mine: z.boolean(),
      }),
      z.object({ kind: z.literal('approvers'), version: z.int(), signatures: z.int(), mine: z.boolean() }),
    ]),
  ),
  /** Time of the newest backup; null without a backup. */
  backup: instant.nullable(),
  healthIssues: z.array(
    z.object({
      code: z.enum(HEALTH_ISSUES),
      severity: z.enum(['notice', 'warning', 'critical']),
      /** Number of devices, alerts or orders; null for a health issue without a count. */
      count: z.int().nullable(),
      /** Explanation for the admin: the fact, its consequence and the remedy. */
      detail: z.string(),
      /** Page of the console for the health issue; null if no page resolves it. */
      link: issueLink.nullable(),
    }),
  ),
  /** Setup steps of a new installation; null if the caller may not invite people. */
  setup: z.array(z.object({ step: z.enum(SETUP_STEPS), done: z.boolean() })).nullable(),
});
export type Overview = z.infer<typeof overviewView>;
