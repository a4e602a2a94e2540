/** The ledger as admins read it. Outsiders read the same on the public listener as tiles. */
import { z } from 'zod';
import { leafSchema } from '../ledger/leaf.ts';

export const checkpointView = z.object({ checkpoint: z.string(), key: z.string() });
export const leafQuery = z.strictObject({
  from: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(1).max(500).default(100),
});
export const leafList = z.object({ leaves: z.array(z.object({ index: z.int(), leaf: leafSchema })) });
