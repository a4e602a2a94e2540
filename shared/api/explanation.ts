/** Where a device was at an instant, what it might do then, and why. */
import { z } from 'zod';
import { NOTICE_MOMENTS, RECEIPT_KINDS } from '../order/documents.ts';
import { deviceIdSchema, groupIdSchema } from '../protocol/ids.ts';
import { EVIDENCE_SOURCES, REASONS, SERVICES } from '../verdict/terms.ts';
import { locationView, serviceVerdict } from './devices.ts';
import { usedDatabase } from './ip-databases.ts';
import { instant } from './wire.ts';

/** `at`: Unix milliseconds; left out: now. */
export const explanationQuery = z.strictObject({ at: z.coerce.number().int().min(0).optional() });

export const ORDER_STANDINGS = ['announced', 'in_force', 'held', 'ended', 'withdrawn'] as const;

const observed = { areas: z.array(z.string()), at: instant };

export const explanationView = z.object({
  device: deviceIdSchema,
  /** All below is as it stood then. */
  at: instant,
  generation: z.int(),
  status: z.enum(['active', 'revoked', 'unenrolled']),
  group: z.object({ id: groupIdSchema, name: z.string() }),
  home: z.string().nullable(),
  homeBy: z.enum(['statement', 'device', 'group']).nullable(),
  seat: z.string().nullable(),
  location: locationView,
  /** The newest word of each source by then, in the order in which they decide. */
  sources: z.array(
    z.object({
      source: z.enum(EVIDENCE_SOURCES),
      ...observed,
      /** Since when it had said so without another word between. */
      since: instant,
      /** When it would stop counting, as far as was known then; null: not while the device was connected. */
      until: instant.nullable(),
      fresh: z.boolean(),
      /** The address, or why an admin said so. */
      detail: z.string(),
      /** By which the address was located; null: it is no address. */
      database: usedDatabase.nullable(),
    }),
  ),
  /** What had been observed by then, the newest first, 50 at most. */
  observations: z.array(
    z.object({
      source: z.enum(EVIDENCE_SOURCES),
      ...observed,
      detail: z.string(),
      database: usedDatabase.nullable(),
      /** When the server was told: a device that was away tells later what it knew at once. */
      receivedAt: instant,
    }),
  ),
  /** What was observed before this is not kept any more, so that an arrival may have been earlier; null: all is kept. */
  evidenceFrom: instant.nullable(),
  services: z.record(z.enum(SERVICES), serviceVerdict),
  /** Every order that had something to do with the device, or would have while it was not in force. */
  orders: z.array(
    z.object({
      order: z.string(),
      revision: z.int(),
      title: z.string(),
      standing: z.enum(ORDER_STANDINGS),
      /** Of the revision. */
      adoptedAt: instant,
      effective: instant,
      until: instant.nullable(),
      services: z.array(z.enum(SERVICES)),
      denies: z.boolean(),
      /** Of an order that was not in force: those that would have applied. */
      reasons: z.array(z.enum(REASONS)),
      /** Since when the device had been in its areas; null: it was not there. */
      arrival: instant.nullable(),
      /** When its exemption ended or would end; null: it has none, or one without an end. */
      exemptUntil: instant.nullable(),
      /** The device's own signed words about the order by then, by its own clock. */
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
