/** Territory policies, which assign disputed territories to countries. A policy applies to orders without an assignment of their own. */
import { z } from 'zod';
import { TERRITORIES } from '../areas/area-code.ts';
import { territoryPolicySchema } from '../areas/territory-policy.ts';
import { sha256Hex } from '../order/documents.ts';
import { instant } from './wire.ts';

/** Maximum length of a territory policy in characters. A usual policy has a few thousand. */
export const LARGEST_POLICY = 100_000;

/** Version 0 is built in and has no document, so its document fields are null. */
export const territoryPolicyView = z.object({
  ...territoryPolicySchema.shape,
  version: z.int().min(0),
  date: z.string().nullable(),
  hash: sha256Hex.nullable(),
  importedAt: instant.nullable(),
  importedBy: z.string().nullable(),
  active: z.boolean(),
});
export type TerritoryPolicyView = z.infer<typeof territoryPolicyView>;

export const territoryPolicyList = z.object({
  /** Policies, newest version first. The last policy in the list is version 0. */
  policies: z.array(territoryPolicyView),
  /** Activations, newest first. Before the first activation, version 0 was active. */
  activations: z.array(z.object({ version: z.int(), at: instant, by: z.string().nullable() })),
  people: z.record(z.string(), z.string()),
});
export const territoryPolicyParams = z.object({ version: z.coerce.number().int().min(0).max(999_999) });

const side = territoryPolicyView.pick({ version: true, title: true, date: true });
const territory = z.enum(TERRITORIES);
/** Effect that a territory policy would have on the present orders if they had used it. Its activation does not change these orders. */
export const policyComparisonView = z.object({
  current: side,
  other: side,
  at: instant,
  /** Territories that the active and the previewed policy assign to different countries. Null stands for a contested territory. */
  territories: z.array(z.object({ territory, from: z.string().nullable(), to: z.string().nullable() })),
  /** Orders that have neither ended nor been withdrawn, and that assign a territory in another way than the previewed policy. */
  orders: z.array(
    z.object({
      order: z.string(),
      title: z.string(),
      effective: instant,
      territories: z.array(z.object({ territory, signed: z.string().nullable(), policy: z.string().nullable() })),
      /**
       * Number of devices connected with `territories` to which an order denies a service. `before`: with the order's own assignment of the
       * territories to countries. `after`: with the assignment by the previewed policy.
       */
      denied: z.object({ before: z.int(), after: z.int() }),
      newlyDenied: z.int(),
      newlyAllowed: z.int(),
      /**
       * Number of devices to which an order denies services with either assignment of the territories, but where the denied services or the
       * reasons differ.
       */
      otherReasons: z.int(),
    }),
  ),
});
export type PolicyComparisonView = z.infer<typeof policyComparisonView>;
