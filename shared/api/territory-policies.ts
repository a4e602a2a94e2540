/** Territory policies. A policy assigns disputed territories to countries. It applies to orders that make no assignment of their own. */
import { z } from 'zod';
import { TERRITORIES } from '../areas/area-code.ts';
import { territoryPolicySchema } from '../areas/territory-policy.ts';
import { sha256Hex } from '../order/documents.ts';
import { instant } from './wire.ts';

/** Maximum number of characters in a policy. A usual policy has a few thousand characters. */
export const LARGEST_POLICY = 100_000;

/** Territory policy and its import. Version 0 is built in and has no document, so its document fields are null. */
export const territoryPolicyView = z.object({
  ...territoryPolicySchema.shape,
  version: z.int().min(0),
  date: z.string().nullable(),
  /** SHA-256 of the policy's canonical JSON. */
  hash: sha256Hex.nullable(),
  importedAt: instant.nullable(),
  /** Account that imported the policy. */
  importedBy: z.string().nullable(),
  active: z.boolean(),
});
export type TerritoryPolicyView = z.infer<typeof territoryPolicyView>;

export const territoryPolicyList = z.object({
  /** Policies, newest version first. The last policy in the list is version 0. */
  policies: z.array(territoryPolicyView),
  /** Activations of territory policies, newest first. Before the first activation, version 0 was active. */
  activations: z.array(z.object({ version: z.int(), at: instant, by: z.string().nullable() })),
  /** Admins' names by account id. */
  people: z.record(z.string(), z.string()),
});
export const territoryPolicyParams = z.object({ version: z.coerce.number().int().min(0).max(999_999) });

const side = territoryPolicyView.pick({ version: true, title: true, date: true });
const territory = z.enum(TERRITORIES);
/**
 * Impact of activating a territory policy. Existing orders do not change. The preview shows how many devices each order would affect if the
 * order had used the policy.
 */
export const policyComparisonView = z.object({
  current: side,
  other: side,
  at: instant,
  /** Territories that the active policy and the previewed policy assign to different countries. Null stands for a contested territory. */
  territories: z.array(z.object({ territory, from: z.string().nullable(), to: z.string().nullable() })),
  /** Active and announced orders that assign a territory to another country than the previewed policy does. */
  orders: z.array(
    z.object({
      order: z.string(),
      title: z.string(),
      effective: instant,
      territories: z.array(z.object({ territory, signed: z.string().nullable(), policy: z.string().nullable() })),
      /**
       * Numbers of devices in these territories to which the order denies a service: by the order's own assignment, and by the policy's
       * assignment.
       */
      denied: z.object({ before: z.int(), after: z.int() }),
      newlyDenied: z.int(),
      newlyAllowed: z.int(),
      /** Number of devices to which the order denies a service under either assignment, but for different reasons. */
      otherReasons: z.int(),
    }),
  ),
});
export type PolicyComparisonView = z.infer<typeof policyComparisonView>;
