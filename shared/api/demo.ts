/** `npm run demo` only: its clock, its message, its sign-in links. A released server has none of these paths. */
import { z } from 'zod';
import { deviceIdSchema } from '../protocol/ids.ts';
import { sessionView } from './session.ts';
import { instant } from './wire.ts';

const endpoint = z.object({ device: deviceIdSchema, user: z.string() });

export const demoView = z.object({
  now: instant,
  /** Instants ahead that are worth a jump, the nearest first. */
  marks: z.array(z.object({ label: z.string(), at: instant })),
  /** Between whom `POST /demo/message` sends. */
  message: z.object({ from: endpoint, to: endpoint }),
});

/** The clock goes forward only, and so far at once at most. */
export const LONGEST_JUMP = 400 * 86_400_000;
/** `by`: milliseconds, since what somebody else's page holds for the present may have passed. */
export const demoJump = z.union([z.strictObject({ to: instant }), z.strictObject({ by: z.int() })]);
/** Answered when server and devices have come to rest, or after ten seconds. */
export const demoJumped = z.object({ now: instant });

export const demoMessage = z.object({
  outcome: z.enum(['delivered', 'refused']),
  /** The order that refused it. */
  order: z.string().nullable(),
  detail: z.string(),
});

export const demoTicket = z.strictObject({ ticket: z.string().min(16).max(128) });
export const demoSession = sessionView.extend({
  /** PKCS#8, DER, base64 (Ed25519); null for whoever approves nothing. In life an approver's key is made in the browser and never travels. */
  approverKey: z.string().nullable(),
});
