/** Activity log: who did what, when, from where, with which outcome. */
import { z } from 'zod';
import { ACTORS } from '../activity/activity-entry.ts';
import { ACTIVITY_KINDS } from '../activity/activity-kinds.ts';
import { accountIdSchema, deviceIdSchema, personIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

const filter = {
  from: z.coerce.number().int().min(0).optional(),
  /** End of the time range; not included. */
  to: z.coerce.number().int().min(0).optional(),
  /** Account that acted, or that an action concerns. */
  admin: accountIdSchema.optional(),
  device: deviceIdSchema.optional(),
  /** User of a device at the time of the entry, or the person that an action concerns. */
  person: personIdSchema.optional(),
  kind: z.enum(ACTIVITY_KINDS).optional(),
  /** Action such as `commands.issue`, or the first part of an action such as `commands`. */
  action: z
    .string()
    .regex(/^[a-z-]+(\.[a-z_-]+)?$/)
    .max(64)
    .optional(),
  /** Outcome: `ok`, `refused` (any error), `unknown`, or the code of an error. */
  outcome: z
    .string()
    .regex(/^[a-z_]+$/)
    .max(64)
    .optional(),
  /** Text in an action, an error code, an address, a name, or the id of a target. */
  text: z.string().trim().min(1).max(120).optional(),
};

export const activityQuery = z.strictObject({
  ...filter,
  /** Cursor of the page: the value of `next` on the previous page. */
  cursor: z.coerce.number().int().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const activityExportQuery = z.strictObject({
  ...filter,
  /**
   * Format of the export. `sealed`: JSON lines with batches and hashes, which "cordon activity verify" checks. It has no filter but the
   * time range. `json`: JSON lines. `csv`: RFC 4180.
   */
  format: z.enum(['sealed', 'json', 'csv']).default('json'),
});

export const activityEntryView = z.object({
  id: z.int(),
  at: instant,
  /** Time of the last of several equal refusals or reads that share this entry; null for a single one. */
  until: instant.nullable(),
  count: z.int(),
  kind: z.enum(ACTIVITY_KINDS),
  actor: z.object({ kind: z.enum(ACTORS), id: z.string().nullable(), name: z.string().nullable() }),
  via: z.enum(['session', 'token']).nullable(),
  /** Source. Null for a caller who may read only entries about devices. */
  credential: z.string().nullable(),
  address: z.string().nullable(),
  agent: z.string().nullable(),
  action: z.string(),
  /** First sentence of the API description for the action; null for an event. */
  title: z.string().nullable(),
  /** Outcome of the action; null while the action runs. */
  outcome: z.string().nullable(),
  /** The first targets, with the present name of each; null for a name that the caller may not see. */
  targets: z.array(z.object({ kind: z.string(), id: z.string(), name: z.string().nullable() })),
  targetCount: z.int(),
  /** Number of the batch whose commitment is in the ledger; null until the entry is sealed. */
  batch: z.int().nullable(),
});
export type ActivityEntryView = z.infer<typeof activityEntryView>;

export const activityList = z.object({
  entries: z.array(activityEntryView),
  next: z.int().nullable(),
  /** True if the caller sees only entries about the devices in the scope of the role. */
  limited: z.boolean(),
  /** Retention period in days. */
  days: z.int(),
});
