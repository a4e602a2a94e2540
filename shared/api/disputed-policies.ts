/** Policies of disputed ground: to whom each place counts when an order says nothing of it. */
import { z } from 'zod';
import { DISPUTED_FEATURES } from '../areas/area-code.ts';
import { disputedPolicySchema } from '../areas/disputed-policy.ts';
import { sha256Hex } from '../order/documents.ts';
import { instant } from './wire.ts';

/** Characters; some kilobytes are usual. */
export const LARGEST_POLICY = 100_000;

/** The document, and how it came here. Of version 0, which is built in, there is none: what is null. */
export const disputedPolicyView = z.object({
  ...disputedPolicySchema.shape,
  version: z.int().min(0),
  date: z.string().nullable(),
  /** Of its canonical JSON. */
  hash: sha256Hex.nullable(),
  importedAt: instant.nullable(),
  /** An account's id. */
  importedBy: z.string().nullable(),
  active: z.boolean(),
});
export type DisputedPolicyView = z.infer<typeof disputedPolicyView>;

export const disputedPolicyList = z.object({
  /** The newest version first; the last one is version 0. */
  policies: z.array(disputedPolicyView),
  /** From when on which stood, the newest first; before all of them version 0 did. */
  uses: z.array(z.object({ version: z.int(), at: instant, by: z.string().nullable() })),
  /** The names of those accounts. */
  people: z.record(z.string(), z.string()),
});
export const disputedPolicyParams = z.object({ version: z.coerce.number().int().min(0).max(999_999) });

const side = disputedPolicyView.pick({ version: true, title: true, date: true });
const feature = z.enum(DISPUTED_FEATURES);
/** What taking a policy would do. It changes no order that is there: devices are counted as if each were revised by it. */
export const policyComparisonView = z.object({
  current: side,
  other: side,
  at: instant,
  /** Ground that the two count otherwise; null: contested. */
  features: z.array(z.object({ feature, from: z.string().nullable(), to: z.string().nullable() })),
  /** Every order in force or announced that was signed otherwise than this policy would have it. */
  orders: z.array(
    z.object({
      order: z.string(),
      title: z.string(),
      effective: instant,
      features: z.array(z.object({ feature, signed: z.string().nullable(), policy: z.string().nullable() })),
      /** This and the rest of the devices on that ground alone. */
      denied: z.object({ before: z.int(), after: z.int() }),
      newlyDenied: z.int(),
      newlyAllowed: z.int(),
      /** Denied by both, and not for the same reasons. */
      otherReasons: z.int(),
    }),
  ),
});
export type PolicyComparisonView = z.infer<typeof policyComparisonView>;
