import { z } from 'zod';
import { NOTICE_MOMENTS, RECEIPT_KINDS } from '../order/documents.ts';
import { deviceIdSchema, groupIdSchema } from '../protocol/ids.ts';
import { EVIDENCE_SOURCES, REASONS, SERVICES } from '../verdict/terms.ts';
import { locationView, serviceVerdict } from './devices.ts';
import { usedDatabase } from './ip-databases.ts';
import { instant } from './wire.ts';

/**
 * Request for an explanation of which services were suspended for a device at the time `at`, in Unix milliseconds. The default is the
 * present.
 */
export const explanationQuery = z.strictObject({ at: z.coerce.number().int().min(0).optional() });

export const ORDER_STATES = ['announced', 'active', 'paused', 'ended', 'withdrawn'] as const;

const observed = { areas: z.array(z.string()), at: instant };

export const explanationView = z.object({
  device: deviceIdSchema,
  at: instant,
  generation: z.int(),
  status: z.enum(['active', 'revoked', 'unenrolled']),
  group: z.object({ id: groupIdSchema, name: z.string() }),
  home: z.string().nullable(),
  homeBy: z.enum(['statement', 'device', 'group']).nullable(),
  seat: z.string().nullable(),
  location: locationView,
  /** Newest location evidence from each source at the requested time, most trusted source first. */
  sources: z.array(
    z.object({
      source: z.enum(EVIDENCE_SOURCES),
      ...observed,
      /** Time of the first observation that reported the source's present areas. */
      since: instant,
      /** Expiry of the evidence, as known at the requested time. Null for evidence that stays valid as long as the device is connected. */
      until: instant.nullable(),
      fresh: z.boolean(),
      /**
       * Detail of the newest observation, such as the IP address, or the reason in an admin's location statement. Empty for positions and
       * mobile networks.
       */
      detail: z.string(),
      database: usedDatabase.nullable(),
    }),
  ),
  /** Observations before the requested time, newest first, at most 50. */
  observations: z.array(
    z.object({
      source: z.enum(EVIDENCE_SOURCES),
      ...observed,
      detail: z.string(),
      database: usedDatabase.nullable(),
      /** Time at which the server received the observation. A device that was offline reports its observations late. */
      receivedAt: instant,
    }),
  ),
  /**
   * Time of the oldest observation that the server used, if it has deleted or omitted older observations; otherwise null. The device may
   * have arrived in the area before this time.
   */
  evidenceFrom: instant.nullable(),
  services: z.record(z.enum(SERVICES), serviceVerdict),
  /** Orders that affected the device, and inactive orders that would have affected it. */
  orders: z.array(
    z.object({
      order: z.string(),
      revision: z.int(),
      title: z.string(),
      state: z.enum(ORDER_STATES),
      adoptedAt: instant,
      effective: instant,
      until: instant.nullable(),
      services: z.array(z.enum(SERVICES)),
      denies: z.boolean(),
      /**
       * Reasons why an order suspends or does not suspend services for the device. For an inactive order, these are the reasons that would
       * have applied if the order had been active.
       */
      reasons: z.array(z.enum(REASONS)),
      /** Time at which the device arrived in the areas of an order; null if the device is not inside these areas. */
      arrival: instant.nullable(),
      /** End of the device's exemption; null without an exemption, or if the exemption has no end. */
      exemptUntil: instant.nullable(),
      /** Receipts before the requested time, by the device's clock. */
      receipts: z.array(
        z.object({
          kind: z.enum(RECEIPT_KINDS),
          service: z.string().nullable(),
          notice: z.enum(NOTICE_MOMENTS).optional(),
          revision: z.int(),
          at: z.string(),
        }),
      ),
    }),
  ),
  nextChange: instant.nullable(),
});
export type Explanation = z.infer<typeof explanationView>;
