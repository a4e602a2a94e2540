/** The ledger as admins read it. Outsiders read the same on the public listener as tiles. */
import { z } from 'zod';
import { leafSchema } from '../ledger/leaf.ts';

export const checkpointView = z.object({ checkpoint: z.string(), key: z.string() });
export const leafQuery = z.strictObject({
  from: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export const leafList = z.object({ leaves: z.array(z.object({ index: z.int(), leaf: leafSchema })) });

/** RFC 6962, section 2.1.1, against the newest checkpoint. Hashes are base64, from the leaf upwards. */
export const inclusionQuery = z.strictObject({ index: z.coerce.number().int().min(0) });
export const inclusionView = z.object({
  index: z.int(),
  /** The leaf's exact bytes as text: what is hashed. */
  body: z.string(),
  proof: z.array(z.string()),
  checkpoint: z.string(),
  key: z.string(),
});

/** RFC 6962, section 2.1.2: that the newest checkpoint only adds to the tree of `from` leaves. */
export const consistencyQuery = z.strictObject({ from: z.coerce.number().int().min(1) });
export const consistencyView = z.object({
  from: z.int(),
  proof: z.array(z.string()),
  checkpoint: z.string(),
  key: z.string(),
});
