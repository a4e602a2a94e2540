import { z } from 'zod';

/** `recipient`: an age recipient (`age1…`) instead of the configured one. */
export const newBackup = z.strictObject({ recipient: z.string().max(4000).optional() });
