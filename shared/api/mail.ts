/** State of the mail service: connectors, and numbers and sizes of mail. It contains no sender, recipient or subject. */
import { z } from 'zod';
import { deviceIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

const amount = z.object({ mails: z.int(), bytes: z.int() });

export const mailView = z.object({
  /** Enrolled mail connectors. Each reads all mail of the company. */
  connectors: z.array(
    z.object({
      device: deviceIdSchema,
      user: z.string(),
      hostname: z.string().nullable(),
      connected: z.boolean(),
      lastSeenAt: instant.nullable(),
      /**
       * True if the connector can receive mail: the organization has countersigned its messaging key, and the connector has submitted a
       * mail key.
       */
      ready: z.boolean(),
    }),
  ),
  /** Mail that waits for devices or connectors, counted once for each of them. Excludes held mail. */
  waiting: amount,
  held: amount,
  /** Mail that the server returned to its senders in the last 30 days. */
  returned: amount,
});
export type MailView = z.infer<typeof mailView>;
