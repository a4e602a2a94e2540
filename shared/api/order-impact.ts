import { z } from 'zod';
import { deviceIdSchema } from '../protocol/ids.ts';
import { SERVICES } from '../verdict/terms.ts';
import { IMPACT_CHANGES, IMPACT_CLASSES } from './impact-classes.ts';
import { recipient } from './order-packs.ts';
import { instant } from './wire.ts';

export const impactFilter = z.strictObject({
  /**
   * `now`: as if the order were active now. `effective`: at its effective time, or now if that has passed. The preview takes grace periods
   * and exemptions at that time, and the present locations, because future ones are unknown.
   */
  at: z.enum(['now', 'effective']).default('effective'),
  /** Revision to preview. Absent: the pending revision, or the adopted one if none is pending. */
  revision: z.coerce.number().int().min(1).optional(),
  /** Another revision of the order to compare with. Each revision counts at its own effective time, unless `at` is `now`. */
  baseline: z.coerce.number().int().min(1).optional(),
  class: z.enum(IMPACT_CLASSES).optional(),
  change: z.enum(IMPACT_CHANGES).optional(),
  /** Area in which the device is or may be: a code in `areas`, or the country of one. */
  area: z.string().max(64).optional(),
});

export const impactQuery = impactFilter.extend({
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(0).max(200).default(50),
});

const waits = z.object({
  /** Number and bytes of sealed messages in the device's mailbox. The order's `waiting` rule decides about them. */
  messages: z.int(),
  bytes: z.int(),
  /** Commands that are queued, or stored by the device and not executed. */
  commands: z.int(),
});

/** Impact preview. Devices have handles, not names. */
export const impactView = z.object({
  /** Time that the impact preview describes. */
  at: instant,
  revision: z.int(),
  baseline: z.int().nullable(),
  /** Number of active devices in the whole installation. */
  fleet: z.int(),
  counts: z.record(z.enum(IMPACT_CLASSES), z.int()),
  /** Numbers of devices by change: newly affected, no longer affected, or affected in another way. Null without a baseline. */
  changes: z.record(z.enum(IMPACT_CHANGES), z.int()).nullable(),
  /** Messages and commands that wait for denied devices. */
  waiting: waits.extend({ devices: z.int() }),
  /** Devices by area. A device that may be in two areas counts in both. */
  areas: z.array(z.object({ area: z.string(), devices: z.int(), denied: z.int() })),
  /** Number of devices that match `class`, `change` and `area`, on all pages. */
  total: z.int(),
  devices: z.array(
    z.object({
      device: deviceIdSchema,
      classes: z.array(z.enum(IMPACT_CLASSES)),
      denied: z.array(z.enum(SERVICES)),
      reasons: z.array(z.string()),
      areas: z.array(z.string()),
      /** End of the device's exemption. Null: the device has no exemption, or an exemption without an end. */
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

/** Request for the names of affected users, as an age file for one recipient. The ledger records the request. */
export const impactNames = impactFilter.extend({ recipient });
