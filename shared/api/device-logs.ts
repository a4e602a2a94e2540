import { z } from 'zod';
import { commandIdSchema, deviceIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

export const deviceLogList = z.object({
  logs: z.array(
    z.object({
      /** Command that collected the log. */
      command: commandIdSchema,
      at: instant,
      /** Compressed size in bytes. */
      size: z.int(),
      deletedAt: instant,
    }),
  ),
});
export const deviceLogParams = z.object({ id: deviceIdSchema, command: commandIdSchema });
