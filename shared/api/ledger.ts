/** Ledger entries and proofs for admins. The public listener serves the same ledger as tiles. */
import { z } from 'zod';
import { entrySchema, openingSchema } from '../ledger/ledger-entry.ts';
import { witnessPolicySchema } from '../order/documents.ts';
import { instant } from './wire.ts';

export const checkpointView = z.object({ checkpoint: z.string(), key: z.string() });
export const ledgerEntryQuery = z.strictObject({
  from: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export const ledgerEntryList = z.object({ entries: z.array(z.object({ index: z.int(), entry: entrySchema })) });

/** Inclusion proof for the newest checkpoint (RFC 6962, section 2.1.1). Hashes are base64, ordered from the entry to the root. */
export const inclusionQuery = z.strictObject({ index: z.coerce.number().int().min(0) });
export const inclusionView = z.object({
  index: z.int(),
  /** Exact text of the ledger entry. The ledger's hash covers these bytes. */
  body: z.string(),
  proof: z.array(z.string()),
  checkpoint: z.string(),
  key: z.string(),
});

/** Proof that the ledger of the newest checkpoint begins with the unchanged first `from` entries (RFC 6962, section 2.1.2). */
export const consistencyQuery = z.strictObject({ from: z.coerce.number().int().min(1) });
export const consistencyView = z.object({
  from: z.int(),
  proof: z.array(z.string()),
  checkpoint: z.string(),
  key: z.string(),
});

/**
 * Openings (salt and subject) of the ledger entries about one device, person or account, so that an auditor recognizes these entries. One
 * request covers a part of the ledger; `next` is the index from which the next request continues.
 */
export const ledgerOpeningQuery = z.strictObject({
  subject: z.string().regex(/^[a-z]{3}_[a-z2-7]{16}$/),
  from: z.coerce.number().int().min(0).default(0),
});
export const ledgerOpeningList = z.object({
  openings: z.array(z.object({ index: z.int(), opening: openingSchema })),
  next: z.int(),
});

/** Witnesses to which the server submits the ledger's checkpoints. */
export const witnessList = z.object({
  witnesses: z.array(
    z.object({
      name: z.string(),
      url: z.string(),
      key: z.string(),
      /** Newest cosigned tree; null before the first cosignature. */
      cosigned: z.object({ size: z.int(), at: instant }).nullable(),
      /** Reason why the last submission failed; null after a success. */
      failure: z.string().nullable(),
      /** True if the witness has not cosigned for the configured time. */
      late: z.boolean(),
    }),
  ),
  /** Rule of the current approver set, which devices apply; null without one. */
  policy: witnessPolicySchema.nullable(),
  /** Reason why the server signs no checkpoint at present, because of its witnesses; null if there is none. */
  obstacle: z.string().nullable(),
});
export type WitnessList = z.infer<typeof witnessList>;
