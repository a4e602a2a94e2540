/** Legal holds: on a device, or on a person with all devices, also later ones. */
import { z } from 'zod';
import { deviceIdSchema, legalHoldIdSchema, personIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

const flag = z.stringbool({ truthy: ['true'], falsy: ['false'] });
/** For those alone who may read holds. */
const holdReason = z.string().trim().min(1).max(2000);

export const newLegalHold = z
  .strictObject({
    device: deviceIdSchema.optional(),
    person: personIdSchema.optional(),
    reason: holdReason,
    /** A case's number. */
    reference: z.string().trim().min(1).max(120).optional(),
  })
  .refine(({ device, person }) => (device === undefined) !== (person === undefined), 'give a device or a person');

export const holdRelease = z.strictObject({ reason: holdReason });
export const legalHoldParams = z.object({ id: legalHoldIdSchema });

export const legalHoldQuery = z.strictObject({
  /** Left out: those that stand and those that were released. */
  released: flag.optional(),
  /** Those on this device or on its person. */
  device: deviceIdSchema.optional(),
  cursor: z.string().max(100).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const legalHoldView = z.object({
  id: legalHoldIdSchema,
  on: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('device'), device: deviceIdSchema, user: z.string() }),
    /** `devices`: how many the person has now. */
    z.object({ kind: z.literal('person'), person: personIdSchema, user: z.string(), devices: z.int() }),
  ]),
  reason: z.string(),
  reference: z.string().nullable(),
  placedAt: instant,
  /** Accounts, as `people` names them. */
  placedBy: z.string(),
  /** Null: it stands. */
  released: z.object({ at: instant, by: z.string(), reason: z.string() }).nullable(),
});
export type LegalHoldView = z.infer<typeof legalHoldView>;

/** Newest first. `cursor` is given back for the next page; null at the end. */
export const legalHoldPage = z.object({
  holds: z.array(legalHoldView),
  /** Account → name. */
  people: z.record(z.string(), z.string()),
  cursor: z.string().nullable(),
});
