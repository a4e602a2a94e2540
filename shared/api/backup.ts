import { z } from 'zod';

/** Request for a backup. `recipient` is an age public key (`age1…`) and replaces the configured recipient. */
export const newBackup = z.strictObject({ recipient: z.string().max(4000).optional() });
