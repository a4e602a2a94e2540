/** Whether the server is well. */
import { z } from 'zod';
import { instant } from './wire.ts';

export const aliveView = z.object({ status: z.enum(['ok', 'unavailable']) });
export const healthView = z.object({
  status: z.enum(['ok', 'unavailable']),
  version: z.string(),
  installation: z.string(),
  /** The server's own clock. */
  now: instant,
  connected: z.int(),
  list: z.object({ version: z.int(), expiresAt: instant }).nullable(),
  ipDatabase: z.object({ name: z.string(), builtAt: instant }).nullable(),
});
