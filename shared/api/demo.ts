/** Requests of `npm run demo`: its clock, its message and its sign-in links. A released server has none of these paths. */
import { z } from 'zod';
import { deviceIdSchema } from '../protocol/ids.ts';
import { sessionView } from './session.ts';
import { instant } from './wire.ts';

const endpoint = z.object({ device: deviceIdSchema, user: z.string() });

export const demoView = z.object({
  now: instant,
  /** Future times at which an order changes, nearest first. */
  marks: z.array(z.object({ label: z.string(), at: instant })),
  /** Sender and recipient of `POST /demo/message`. */
  message: z.object({ from: endpoint, to: endpoint }),
});

/** Longest jump of the clock in milliseconds. The clock never moves backward. */
export const LONGEST_JUMP = 400 * 86_400_000;
/** `by`: milliseconds from now. `to` may be in the past when another page has moved the clock. */
export const demoJump = z.union([z.strictObject({ to: instant }), z.strictObject({ by: z.int() })]);
/** Response after server and devices have finished their work, or after ten seconds. */
export const demoJumped = z.object({ now: instant });

export const demoMessage = z.object({
  outcome: z.enum(['delivered', 'refused']),
  /** Order that made the server refuse the message. */
  order: z.string().nullable(),
  detail: z.string(),
});

export const demoTicket = z.strictObject({ ticket: z.string().min(16).max(128) });
export const demoSession = sessionView.extend({
  /**
   * Private key as PKCS #8, DER, base64 (Ed25519). Null: the person is no approver. Outside the demo, the browser creates an approver's key
   * and never sends it.
   */
  approverKey: z.string().nullable(),
});
