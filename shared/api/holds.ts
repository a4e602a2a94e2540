/** Legal holds on a device, or on a person with all present and future devices. */
import { z } from 'zod';
import { deviceIdSchema, legalHoldIdSchema, personIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

const flag = z.stringbool({ truthy: ['true'], falsy: ['false'] });
/** Reason for placing or releasing a legal hold. Visible only to roles that may read legal holds. */
export const holdReason = z.string().trim().min(1).max(2000);

/** Case number of the legal hold. */
export const holdReference = z.string().trim().min(1).max(120);

export const newLegalHold = z
  .strictObject({
    device: deviceIdSchema.optional(),
    person: personIdSchema.optional(),
    reason: holdReason,
    reference: holdReference.optional(),
  })
  .refine(({ device, person }) => (device === undefined) !== (person === undefined), 'give a device or a person');

export const holdRelease = z.strictObject({ reason: holdReason });
export const legalHoldParams = z.object({ id: legalHoldIdSchema });

export const legalHoldQuery = z.strictObject({
  released: flag.optional(),
  device: deviceIdSchema.optional(),
  cursor: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const legalHoldView = z.object({
  id: legalHoldIdSchema,
  on: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('device'), device: deviceIdSchema, user: z.string() }),
    /** Person under a legal hold. `devices`: present number of the person's devices, to which the legal hold also applies. */
    z.object({ kind: z.literal('person'), person: personIdSchema, user: z.string(), devices: z.int() }),
  ]),
  reason: z.string(),
  reference: z.string().nullable(),
  placedAt: instant,
  placedBy: z.string(),
  released: z.object({ at: instant, by: z.string(), reason: z.string() }).nullable(),
});
export type LegalHoldView = z.infer<typeof legalHoldView>;

export const legalHoldPage = z.object({
  holds: z.array(legalHoldView),
  people: z.record(z.string(), z.string()),
  cursor: z.string().nullable(),
});
