import { z } from 'zod';
import { instant } from './wire.ts';

export const aliveView = z.object({ status: z.enum(['ok', 'unavailable']) });
export const healthView = z.object({
  status: z.enum(['ok', 'unavailable']),
  version: z.string(),
  installation: z.string(),
  now: instant,
  /** Number of connected devices in the fleet; null if the caller's role does not cover the whole fleet. */
  connected: z.int().nullable(),
  list: z.object({ version: z.int(), expiresAt: instant }).nullable(),
  ipDatabase: z.object({ name: z.string(), builtAt: instant }).nullable(),
});
