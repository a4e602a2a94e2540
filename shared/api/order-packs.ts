import { z } from 'zod';
import { packIdSchema } from '../protocol/ids.ts';
import { orderParams } from './orders.ts';
import { instant } from './wire.ts';

/** Recipient for whom a file with names is encrypted (age). */
export const recipient = z.strictObject({
  name: z.string().trim().min(1).max(200),
  /** Public key of an age recipient: `age1…`. */
  key: z.string().max(200),
});

/** `since`: tree size of a checkpoint that the auditor keeps. The pack then proves that the ledger only grew since. */
export const packQuery = z.strictObject({ since: z.coerce.number().int().min(1).optional() });

export const packParams = orderParams.extend({ pack: packIdSchema });

export const packNames = z.strictObject({ recipient });

export const packList = z.object({
  /** Evidence packs, newest first. */
  packs: z.array(z.object({ pack: packIdSchema, at: instant, by: z.string(), devices: z.int() })),
  /** Names of the admins, by account. */
  people: z.record(z.string(), z.string()),
});
