/** The fleet at a glance: where it is, what waits for the one who asks, what is unwell. */
import { z } from 'zod';
import { ORDER_ACTS } from '../order/documents.ts';
import { instant } from './wire.ts';

export const UNWELL = [
  /** Not seen for longer than the server's bound. */
  'devices_silent',
  'devices_never_connected',
  /** Connected or not, they hold an older order list. */
  'devices_behind',
  'alarms',
  'ip_database_old',
  'certificate_expires',
  'list_expires',
  'ledger_failing',
  /** The disk of the data folder has next to no room. */
  'disk_full',
  /** The machine's clock jumped, or most devices disagree with it. */
  'clock_in_doubt',
  /** The newest backup is old, or the scheduled one failed. */
  'backup_missing',
  /** The server was started from a backup, and the restoration is open. */
  'restored',
  /** Orders that new devices do not believe, since their approvers have left. */
  'orders_uncovered',
  'no_approvers',
  /** Devices whose messaging keys the organisation has not countersigned. */
  'countersignature_waiting',
] as const;

export const overviewView = z.object({
  /** The server's own clock. */
  now: instant,
  /** Active devices of one's reach. */
  devices: z.object({ total: z.int(), connected: z.int(), neverConnected: z.int() }),
  /** Where they are, or may be: a device that may be in two places counts in both. */
  areas: z.array(z.object({ area: z.string(), devices: z.int(), connected: z.int() })),
  /** Those whose place is not known. */
  unknown: z.int(),
  /** What waits for approvals. `mine`: the caller's approval would count. */
  waiting: z.array(
    z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('revision'),
        order: z.string(),
        revision: z.int(),
        title: z.string(),
        act: z.enum(ORDER_ACTS),
        proposedAt: instant,
        approvals: z.int(),
        needed: z.int(),
        mine: z.boolean(),
      }),
      z.object({ kind: z.literal('approvers'), version: z.int(), signatures: z.int(), mine: z.boolean() }),
    ]),
  ),
  /** When the newest backup was made; null when there is none. */
  backup: instant.nullable(),
  unwell: z.array(
    z.object({
      code: z.enum(UNWELL),
      severity: z.enum(['notice', 'warning', 'critical']),
      /** How many devices, alarms or orders; null where counting says nothing. */
      count: z.int().nullable(),
      /** A sentence that says how to mend it. */
      detail: z.string(),
    }),
  ),
});
export type Overview = z.infer<typeof overviewView>;
