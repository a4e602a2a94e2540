import { z } from 'zod';
import { packIdSchema } from '../protocol/ids.ts';
import { orderParams } from './orders.ts';
import { instant } from './wire.ts';

/**
 * Recipient of a file with the names behind devices' pseudonyms. `key`: age public key (`age1…`) with which the server encrypts the file.
 */
export const recipient = z.strictObject({
  name: z.string().trim().min(1).max(200),
  key: z.string().max(200),
});

/**
 * Request for an evidence pack (file for auditors). `since`: tree size of a ledger checkpoint that the auditor already has. The evidence
 * pack then proves that the ledger has only grown since that checkpoint.
 */
export const packQuery = z.strictObject({ since: z.coerce.number().int().min(1).optional() });

export const packParams = orderParams.extend({ pack: packIdSchema });

export const packNames = z.strictObject({ recipient });

export const packList = z.object({
  packs: z.array(z.object({ pack: packIdSchema, at: instant, by: z.string(), devices: z.int() })),
  people: z.record(z.string(), z.string()),
});
