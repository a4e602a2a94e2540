import { z } from 'zod';
import { packIdSchema } from '../protocol/ids.ts';
import { orderParams } from './orders.ts';
import { instant } from './wire.ts';

/** Age public key (`age1…`) for which the server encrypts a file with names. */
export const recipient = z.strictObject({
  name: z.string().trim().min(1).max(200),
  key: z.string().max(200),
});

/**
 * `since` is the tree size of a checkpoint that the auditor already has. The evidence pack then proves that the ledger has only grown since
 * that checkpoint.
 */
export const packQuery = z.strictObject({ since: z.coerce.number().int().min(1).optional() });

export const packParams = orderParams.extend({ pack: packIdSchema });

export const packNames = z.strictObject({ recipient });

export const packList = z.object({
  packs: z.array(z.object({ pack: packIdSchema, at: instant, by: z.string(), devices: z.int() })),
  people: z.record(z.string(), z.string()),
});
