/** Commands to a device. */
import { z } from 'zod';
import { commandSchema } from '../protocol/frames.ts';
import { commandIdSchema, deviceIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

export const newCommand = z.strictObject({
  /** Given by the caller, it makes a repetition harmless. */
  id: commandIdSchema.optional(),
  command: commandSchema,
  expiresInSeconds: z
    .int()
    .min(1)
    .max(90 * 86_400)
    .default(7 * 86_400),
});
export const commandView = z.object({
  id: commandIdSchema,
  device: deviceIdSchema,
  generation: z.int(),
  command: commandSchema,
  state: z.enum(['queued', 'stored', 'done', 'failed', 'expired', 'cancelled']),
  createdBy: z.string(),
  createdAt: instant,
  expiresAt: instant,
  storedAt: instant.nullable(),
  finishedAt: instant.nullable(),
  detail: z.string().nullable(),
});
export const commandList = z.object({ commands: z.array(commandView) });
export const commandQuery = z.strictObject({
  /** Older than this command of the device: the next page. */
  before: commandIdSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const commandParams = z.object({ id: commandIdSchema });
