/** Legal holds on a device, or on a person with all present and future devices. */
import { z } from 'zod';
import { deviceIdSchema, legalHoldIdSchema, personIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

const flag = z.stringbool({ truthy: ['true'], falsy: ['false'] });
/** Reason of a hold. Only roles that may read holds see it. */
const holdReason = z.string().trim().min(1).max(2000);

export const newLegalHold = z
  .strictObject({
    device: deviceIdSchema.optional(),
    person: personIdSchema.optional(),
    reason: holdReason,
    /** Case number. */
    reference: z.string().trim().min(1).max(120).optional(),
  })
  .refine(({ device, person }) => (device === undefined) !== (person === undefined), 'give a device or a person');

export const holdRelease = z.strictObject({ reason: holdReason });
export const legalHoldParams = z.object({ id: legalHoldIdSchema });

export const legalHoldQuery = z.strictObject({
  /** `true`: released holds. `false`: holds in effect. Absent: all holds. */
  released: flag.optional(),
  device: deviceIdSchema.optional(),
  cursor: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const legalHoldView = z.object({
  id: legalHoldIdSchema,
  on: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('device'), device: deviceIdSchema, user: z.string() }),
    /** `devices`: number of the person's devices now. */
    z.object({ kind: z.literal('person'), person: personIdSchema, user: z.string(), devices: z.int() }),
  ]),
  reason: z.string(),
  reference: z.string().nullable(),
  placedAt: instant,
  /** Account that placed the hold; `people` has the name. */
  placedBy: z.string(),
  /** Release of the hold; null while the hold is in effect. */
  released: z.object({ at: instant, by: z.string(), reason: z.string() }).nullable(),
});
export type LegalHoldView = z.infer<typeof legalHoldView>;

/** Legal holds, newest first. `cursor` requests the next page; null at the end. */
export const legalHoldPage = z.object({
  holds: z.array(legalHoldView),
  /** Names of the admins, by account. */
  people: z.record(z.string(), z.string()),
  cursor: z.string().nullable(),
});
