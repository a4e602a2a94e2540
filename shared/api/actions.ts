/** Destructive actions that wait for a second person, and their decisions. */
import { z } from 'zod';
import { actionIdSchema, deviceIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

export const actionParams = z.object({ id: actionIdSchema });

export const actionView = z.object({
  id: actionIdSchema,
  /** The action's name in the policy table, such as `workspace.wipe`. */
  action: z.string(),
  status: z.enum(['pending', 'confirmed', 'performed', 'failed', 'declined', 'expired']),
  /** How many devices the action reaches. */
  devices: z.int(),
  /** SHA-256 of the content, hex. A confirmation repeats it. */
  hash: z.string(),
  /** Accounts, as `people` names them. */
  proposedBy: z.string(),
  proposedAt: instant,
  /** After this time nobody can confirm the action. */
  expiresAt: instant,
  decidedBy: z.string().nullable(),
  decidedAt: instant.nullable(),
  /** Why the action was declined. */
  reason: z.string().nullable(),
  /** Why a confirmed action failed. */
  outcome: z.string().nullable(),
  /** The caller's own person proposed the action. */
  mine: z.boolean(),
});
export type ActionView = z.infer<typeof actionView>;

const people = z.record(z.string(), z.string());

export const actionList = z.object({
  actions: z.array(actionView),
  /** Account → name. */
  people,
  /** How many devices the caller may destroy alone in 24 hours, and how many of them are used. */
  alone: z.object({ limit: z.int(), taken: z.int() }),
});

/** `scope`: the first 1,000 devices. `sample`: the users of the first 20. */
export const actionDetail = actionView.extend({
  scope: z.array(deviceIdSchema),
  sample: z.array(z.object({ device: deviceIdSchema, user: z.string() })),
  body: z.unknown(),
  people,
});

export const actionConfirmation = z.strictObject({ hash: z.string().regex(/^[0-9a-f]{64}$/, 'is a SHA-256 in hex') });
/** `result`: the response of the request that was proposed. It may hold a secret, such as an activation link. */
export const actionConfirmed = z.object({ action: actionView, result: z.unknown() });
export const actionRefusal = z.strictObject({ reason: z.string().trim().min(1).max(2000) });
