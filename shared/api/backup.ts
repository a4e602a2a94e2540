import { z } from 'zod';

/** Request for a backup. `recipient` is an age public key (`age1…`) that replaces the configured recipient for this backup. */
export const newBackup = z.strictObject({ recipient: z.string().max(4000).optional() });
