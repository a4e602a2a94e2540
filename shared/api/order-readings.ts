/** Visibility of withheld orders inside the organization, and the log of who read their legal basis. */
import { z } from 'zod';
import { instant } from './wire.ts';

/**
 * Visibility of an order for one reader. `public`: the order is not withheld. `restricted`: the order is withheld, but this reader may read
 * its legal basis, and the server logs each reading. `hidden`: the order is withheld from this reader.
 */
export const VISIBILITIES = ['public', 'restricted', 'hidden'] as const;
export type Visibility = (typeof VISIBILITIES)[number];

/** Title of a withheld order in every list, and on all pages for a reader who may not read the order. */
export const WITHHELD_TITLE = 'Withheld order';
export const WITHHELD_NOTICE =
  'Withheld: only legal, owners, the proposer and the approvers may read the legal basis. Each reading is recorded.';

/** Parts of a withheld order. The server logs each reading of a part. */
export const ORDER_PARTS = ['terms', 'exemptions', 'document', 'decision', 'pack'] as const;
export type OrderPart = (typeof ORDER_PARTS)[number];

export const readingList = z.object({
  /** Readings of withheld orders, newest first. */
  readings: z.array(
    z.object({
      account: z.string(),
      part: z.enum(ORDER_PARTS),
      /** SHA-256 of the document or number of the revision; null if the reader read the whole order. */
      about: z.string().nullable(),
      firstAt: instant,
      lastAt: instant,
      /** Number of the reader's requests between the first and the last time of the reading. */
      count: z.int(),
    }),
  ),
  /** Readers' names by account id. */
  people: z.record(z.string(), z.string()),
});
export type ReadingList = z.infer<typeof readingList>;
