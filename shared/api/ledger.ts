/** Ledger entries and proofs for admins. The public listener serves the same ledger as tiles. */
import { z } from 'zod';
import { entrySchema } from '../ledger/ledger-entry.ts';

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
