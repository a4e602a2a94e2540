import { z } from 'zod';
import { packIdSchema } from '../protocol/ids.ts';
import { orderParams } from './orders.ts';
import { instant } from './wire.ts';

/** Recipient (age public key) for whom the server encrypts a file that contains names. */
export const recipient = z.strictObject({
  name: z.string().trim().min(1).max(200),
  /** Public key of an age recipient: `age1…`. */
  key: z.string().max(200),
});

/**
 * Request for an evidence pack. `since` is the tree size of a checkpoint that the auditor already has. The pack then proves that the ledger
 * has only grown since that checkpoint.
 */
export const packQuery = z.strictObject({ since: z.coerce.number().int().min(1).optional() });

export const packParams = orderParams.extend({ pack: packIdSchema });

export const packNames = z.strictObject({ recipient });

export const packList = z.object({
  /** Evidence packs, newest first. */
  packs: z.array(z.object({ pack: packIdSchema, at: instant, by: z.string(), devices: z.int() })),
  /** Admins' names by account id. */
  people: z.record(z.string(), z.string()),
});
