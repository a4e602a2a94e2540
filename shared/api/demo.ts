/** Requests of `npm run demo`: the simulated clock, messages and sign-in links. A released server has none of these paths. */
import { z } from 'zod';
import { deviceIdSchema } from '../protocol/ids.ts';
import { sessionView } from './session.ts';
import { instant } from './wire.ts';

const endpoint = z.object({ device: deviceIdSchema, user: z.string() });

export const demoView = z.object({
  now: instant,
  marks: z.array(z.object({ label: z.string(), at: instant })),
  message: z.object({ from: endpoint, to: endpoint }),
});

/** Maximum step of the simulated clock, in milliseconds. */
export const LONGEST_JUMP = 400 * 86_400_000;
/**
 * Step of the simulated clock: by `by` milliseconds, or to the time `to`. A time `to` in the past has no effect and causes no error,
 * because another browser tab may already have moved the clock.
 */
export const demoJump = z.union([z.strictObject({ to: instant }), z.strictObject({ by: z.int() })]);
export const demoJumped = z.object({ now: instant });

export const demoMessage = z.object({
  outcome: z.enum(['delivered', 'refused']),
  /** Order because of which the server refused the message. */
  order: z.string().nullable(),
  detail: z.string(),
});

export const demoTicket = z.strictObject({ ticket: z.string().min(16).max(128) });
export const demoSession = sessionView.extend({
  /**
   * Private key of an approver as PKCS #8, DER, base64 (Ed25519); null if the person is no approver. Only the demo sends private keys;
   * otherwise, the approver's browser creates the key and keeps it.
   */
  approverKey: z.string().nullable(),
});
