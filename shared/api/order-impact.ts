import { z } from 'zod';
import { deviceIdSchema } from '../protocol/ids.ts';
import { SERVICES } from '../verdict/terms.ts';
import { IMPACT_CHANGES, IMPACT_CLASSES } from './impact-classes.ts';
import { recipient } from './order-packs.ts';
import { instant } from './wire.ts';

export const impactFilter = z.strictObject({
  /**
   * Time for which the server computes the impact preview. `now` treats the order as active now. `effective` uses the order's effective
   * time, or the present if the effective time has passed. Grace periods and exemptions are evaluated at this time, but locations are
   * always the present ones.
   */
  at: z.enum(['now', 'effective']).default('effective'),
  /** Revision to preview. The default is the pending revision, or the adopted one if none is pending. */
  revision: z.coerce.number().int().min(1).optional(),
  /**
   * Number of another revision of the order with which the preview compares the requested revision. The preview evaluates each of the two
   * revisions at its own effective time, unless `at` is `now`.
   */
  baseline: z.coerce.number().int().min(1).optional(),
  class: z.enum(IMPACT_CLASSES).optional(),
  change: z.enum(IMPACT_CHANGES).optional(),
  /** Area in which the device is or may be: a code from `areas`, or the country of such a code. */
  area: z.string().max(64).optional(),
});

export const impactQuery = impactFilter.extend({
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(0).max(200).default(50),
});

const waits = z.object({
  /**
   * Number and total bytes of encrypted messages in the device's mailbox. The order's `waiting` rule says what happens to these messages.
   */
  messages: z.int(),
  bytes: z.int(),
  /** Number of commands that wait on the server, or that the device has stored but not yet executed. */
  commands: z.int(),
});

/** Impact preview of an order. It lists devices by pseudonym, not by name. */
export const impactView = z.object({
  /** Time that the impact preview describes. */
  at: instant,
  revision: z.int(),
  baseline: z.int().nullable(),
  /** Number of active devices in the whole installation. */
  fleet: z.int(),
  counts: z.record(z.enum(IMPACT_CLASSES), z.int()),
  /**
   * Numbers of devices by change: newly affected, no longer affected, or affected in another way. Null if the request names no revision to
   * compare with.
   */
  changes: z.record(z.enum(IMPACT_CHANGES), z.int()).nullable(),
  /** Messages and commands that wait for devices whose services the order denies. */
  waiting: waits.extend({ devices: z.int() }),
  /** Numbers of devices by area. A device that may be in two areas counts in both areas. */
  areas: z.array(z.object({ area: z.string(), devices: z.int(), denied: z.int() })),
  /** Number of devices on all pages that match `class`, `change` and `area`. */
  total: z.int(),
  devices: z.array(
    z.object({
      device: deviceIdSchema,
      classes: z.array(z.enum(IMPACT_CLASSES)),
      denied: z.array(z.enum(SERVICES)),
      reasons: z.array(z.string()),
      areas: z.array(z.string()),
      /** End of the device's exemption; null without an exemption, or if the exemption has no end. */
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
