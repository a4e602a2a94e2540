import { z } from 'zod';
import { ORDER_ACTIONS } from '../order/documents.ts';
import { instant } from './wire.ts';

export const HEALTH_ISSUES = [
  /** Health issue: devices have sent no data for longer than the server's limit. */
  'devices_silent',
  'devices_never_connected',
  /** Health issue: the order lists of some devices are older than the server's. */
  'devices_behind',
  'alerts',
  'ip_database_old',
  'certificate_expires',
  /** Health issue: the admin listener keeps its earlier certificate, because the renewed files cannot be used. */
  'admin_certificate_unusable',
  'list_expires',
  /** Health issue: the server cannot verify some receipts, because a certificate in its database is unreadable. */
  'certificates_unreadable',
  'ledger_failing',
  /** Health issue: the server cannot write its high-water mark, so it publishes no new revocation list, order list or checkpoint. */
  'mark_failing',
  /** Health issue: a witness has cosigned entries that this store lacks, or the server waits for its witnesses after a start. */
  'ledger_withheld',
  /** Health issue: some witnesses have not cosigned the ledger for the configured time. */
  'witness_late',
  'disk_full',
  'mail_failing',
  /** Health issue: mail waits, and no mail connector is connected. */
  'mail_connector_offline',
  /** Health issue: the machine's clock jumped, or it disagrees with the clocks of most devices. */
  'clock_in_doubt',
  /** Health issue: certificates or signed documents begin in the future, because the server's clock was ahead when the server issued them. */
  'dated_in_future',
  /** Health issue: the newest backup is old, or the scheduled backup failed. */
  'backup_missing',
  /** Health issue: the signed transparency statement has expired or expires soon. */
  'statement_expired',
  /** Health issue: the server was restored from a backup, and no admin has ended the recovery. */
  'restored',
  /** Health issue: new devices do not obey some orders, because an approver of the order has left the approver set. */
  'orders_uncovered',
  'no_approvers',
  /** Health issue: answers to authorities are overdue or due within a week. */
  'answer_due',
  /** Health issue: the organization has not countersigned some devices' messaging keys. */
  'countersignature_waiting',
] as const;

/** Sections of the console page *Settings* to which health issues link. */
export const SETTINGS_SECTIONS = ['health', 'certificates', 'ip-databases', 'time-corrections', 'backup'] as const;
export type SettingsSection = (typeof SETTINGS_SECTIONS)[number];

/** Console page that lists exactly the devices, alerts or orders of a health issue, or on which an admin can resolve it. */
const issueLink = z.discriminatedUnion('page', [
  z.object({
    page: z.literal('devices'),
    filter: z.object({
      status: z.literal('active'),
      connected: z.boolean().optional(),
      everConnected: z.boolean().optional(),
      seenBefore: z.int().optional(),
      listBelow: z.int().optional(),
      countersigned: z.boolean().optional(),
    }),
  }),
  z.object({ page: z.literal('alerts'), since: instant }),
  z.object({ page: z.literal('orders'), numbers: z.array(z.string()) }),
  z.object({ page: z.literal('settings'), section: z.enum(SETTINGS_SECTIONS) }),
  z.object({ page: z.enum(['recovery', 'approvers', 'people', 'ledger', 'mail', 'transparency']) }),
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
  /**
   * Numbers of devices by area; empty if the caller's role shows no locations. A device that may be in two areas is included in both
   * numbers.
   */
  areas: z.array(z.object({ area: z.string(), devices: z.int(), connected: z.int() })),
  /** Number of devices with an unknown location; null if the caller's role shows no locations. */
  unknown: z.int().nullable(),
  /** Pending approvals. `mine`: the caller is an approver who can still approve. */
  pendingApprovals: z.array(
    z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('revision'),
        order: z.string(),
        revision: z.int(),
        title: z.string(),
        action: z.enum(ORDER_ACTIONS),
        proposedAt: instant,
        approvals: z.int(),
        needed: z.int(),
        mine: z.boolean(),
      }),
      z.object({ kind: z.literal('approvers'), version: z.int(), signatures: z.int(), mine: z.boolean() }),
    ]),
  ),
  backup: instant.nullable(),
  healthIssues: z.array(
    z.object({
      code: z.enum(HEALTH_ISSUES),
      severity: z.enum(['notice', 'warning', 'critical']),
      /** Number of affected devices, alerts or orders; null if the health issue has no number. */
      count: z.int().nullable(),
      /** Explanation of the health issue for the admin: the fact, its consequence and the remedy. */
      detail: z.string(),
      link: issueLink,
    }),
  ),
  /** Setup steps of a new installation. Null unless the caller may create accounts, because setup is the task of an owner. */
  setup: z.array(z.object({ step: z.enum(SETUP_STEPS), done: z.boolean() })).nullable(),
});
export type Overview = z.infer<typeof overviewView>;
