/** The fleet in figures: its locations, approvals that wait for the caller, and health issues. */
import { z } from 'zod';
import { ORDER_ACTS } from '../order/documents.ts';
import { instant } from './wire.ts';

export const HEALTH_ISSUES = [
  /** Health issue: devices that were last seen before the server's limit. */
  'devices_silent',
  'devices_never_connected',
  /** Health issue: devices with an older order list, connected or offline. */
  'devices_behind',
  'alerts',
  'ip_database_old',
  'certificate_expires',
  'list_expires',
  'ledger_failing',
  /** Health issue: the disk of the data folder is nearly full. */
  'disk_full',
  'mail_failing',
  /** Health issue: the machine's clock jumped, or most devices disagree with it. */
  'clock_in_doubt',
  /** Health issue: the newest backup is old, or the scheduled backup failed. */
  'backup_missing',
  /** Health issue: the server was restored from a backup, and the recovery is not finished. */
  'restored',
  /** Health issue: orders that new devices do not obey, because their approvers have left. */
  'orders_uncovered',
  'no_approvers',
  /** Health issue: answers to authorities that are due within a week, or overdue. */
  'answer_due',
  /** Health issue: devices whose messaging keys the organization has not countersigned. */
  'countersignature_waiting',
] as const;

/** Link from a health issue to a page with exactly the devices, alerts or orders that the issue counts, or to the page that resolves it. */
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
  /** Filter for unacknowledged alerts since the given time. */
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
  /** Devices by area, where the caller's role shows locations. A device that may be in two areas counts in both. */
  areas: z.array(z.object({ area: z.string(), devices: z.int(), connected: z.int() })),
  /** Number of devices with an unknown location. Null: the caller's role shows no locations. */
  unknown: z.int().nullable(),
  /** Pending approvals. `mine`: the caller's approval would count. */
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
      /** Number of devices, alerts or orders. Null for an issue without a count. */
      count: z.int().nullable(),
      /** Sentences for the admin: the fact, its consequence and the remedy. */
      detail: z.string(),
      /** Page for the health issue; null if no page of the console resolves it. */
      link: issueLink.nullable(),
    }),
  ),
  /** Setup steps of a new installation. Null: the caller may not invite people. */
  setup: z.array(z.object({ step: z.enum(SETUP_STEPS), done: z.boolean() })).nullable(),
});
export type Overview = z.infer<typeof overviewView>;
