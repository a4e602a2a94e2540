/** Visibility of withheld orders inside the organization, and the log of who read their legal basis. */
import { z } from 'zod';
import { instant } from './wire.ts';

/**
 * Visibility of an order to one reader.
 * - `public`: the order's text is not withheld.
 * - `restricted`: the text is withheld, the reader may read it, and the server logs each reading.
 * - `hidden`: the text is withheld, and the reader may not read it.
 */
export const VISIBILITIES = ['public', 'restricted', 'hidden'] as const;
export type Visibility = (typeof VISIBILITIES)[number];

/**
 * Text that replaces the real title of a withheld order (order whose text is not public). All lists show this text. The order's own page
 * also shows it to a reader who may not read the order.
 */
export const WITHHELD_TITLE = 'Withheld order';
export const WITHHELD_NOTICE =
  'Withheld: only legal, owners, the proposer and the approvers may read the legal basis. Each reading is recorded.';

export const ORDER_PARTS = ['terms', 'exemptions', 'document', 'decision', 'pack'] as const;
export type OrderPart = (typeof ORDER_PARTS)[number];

export const readingList = z.object({
  readings: z.array(
    z.object({
      account: z.string(),
      part: z.enum(ORDER_PARTS),
      /**
       * SHA-256 of the document, or number of the revision, that the account read. Null if the reading was not limited to one document or
       * revision.
       */
      about: z.string().nullable(),
      firstAt: instant,
      lastAt: instant,
      /**
       * Number of requests that one entry in the log of readings combines. Requests of one account for the same part of an order within ten
       * minutes share one entry.
       */
      count: z.int(),
    }),
  ),
  people: z.record(z.string(), z.string()),
});
export type ReadingList = z.infer<typeof readingList>;
