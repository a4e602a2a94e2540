import { z } from 'zod';
import { deviceIdSchema } from '../protocol/ids.ts';
import { SERVICES } from '../verdict/terms.ts';
import { IMPACT_CHANGES, IMPACT_CLASSES } from './impact-classes.ts';
import { recipient } from './order-packs.ts';
import { instant } from './wire.ts';

export const impactFilter = z.strictObject({
  /**
   * Time at which the impact preview of an order evaluates grace periods and exemptions: `now`, or the order's effective time if this time
   * is in the future (`effective`). The impact preview always uses the devices' present locations.
   */
  at: z.enum(['now', 'effective']).default('effective'),
  /** Revision to preview. The default is the pending revision, or the adopted one if none is pending. */
  revision: z.coerce.number().int().min(1).optional(),
  /**
   * Number of the revision with which the preview compares the requested one. Unless `at` is `now`, each of the two revisions is evaluated
   * at its own effective time.
   */
  baseline: z.coerce.number().int().min(1).optional(),
  class: z.enum(IMPACT_CLASSES).optional(),
  change: z.enum(IMPACT_CHANGES).optional(),
  /**
   * Filter for devices that are or may be in one area. The value is an area code from the field `areas` of an impact preview, or the
   * country of such an area.
   */
  area: z.string().max(64).optional(),
});

export const impactQuery = impactFilter.extend({
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(0).max(200).default(50),
});

const waits = z.object({
  /**
   * Number and total bytes of encrypted messages in a device's mailbox. The rule `waiting` of the previewed order decides whether the
   * server holds, delivers or returns these messages.
   */
  messages: z.int(),
  bytes: z.int(),
  /** Number of commands that the server or the device has stored and the device has not yet executed. */
  commands: z.int(),
});

/** Impact preview of an order, which lists devices by pseudonym instead of name. */
export const impactView = z.object({
  at: instant,
  revision: z.int(),
  baseline: z.int().nullable(),
  fleet: z.int(),
  counts: z.record(z.enum(IMPACT_CLASSES), z.int()),
  /**
   * Numbers of devices by change: newly affected, no longer affected, or affected in another way. Null if the request names no revision to
   * compare with.
   */
  changes: z.record(z.enum(IMPACT_CHANGES), z.int()).nullable(),
  /**
   * Totals of the messages and commands that wait for devices whose services the previewed order suspends. `devices`: number of such
   * devices for which a message or command waits.
   */
  waiting: waits.extend({ devices: z.int() }),
  /** Numbers of devices by area. A device that may be in two areas is included in both numbers. */
  areas: z.array(z.object({ area: z.string(), devices: z.int(), denied: z.int() })),
  total: z.int(),
  devices: z.array(
    z.object({
      device: deviceIdSchema,
      classes: z.array(z.enum(IMPACT_CLASSES)),
      denied: z.array(z.enum(SERVICES)),
      reasons: z.array(z.string()),
      areas: z.array(z.string()),
      exemptUntil: instant.nullable(),
      home: z.string().nullable(),
      connected: z.boolean(),
      waits,
      change: z
        .object({
          kind: z.enum(IMPACT_CHANGES),
          before: z.object({ denied: z.array(z.enum(SERVICES)), reasons: z.array(z.string()) }),
        })
        .nullable(),
    }),
  ),
});
export type ImpactView = z.infer<typeof impactView>;

/** Names of affected users, as an age file for one recipient. The ledger records the request. */
export const impactNames = impactFilter.extend({ recipient });
