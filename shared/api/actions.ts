/** Destructive actions that wait for a second person, and the decisions about them. */
import { z } from 'zod';
import { actionIdSchema, deviceIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

export const actionParams = z.object({ id: actionIdSchema });

export const actionView = z.object({
  id: actionIdSchema,
  /** The action's name in the policy table, such as `workspace.wipe`. */
  action: z.string(),
  status: z.enum(['pending', 'confirmed', 'performed', 'failed', 'declined', 'expired']),
  /** Number of devices that the action destroys or changes. */
  devices: z.int(),
  /** SHA-256 of the action's content, in hex. A confirmation repeats it, so that the second person confirms exactly this content. */
  hash: z.string(),
  /** Account that proposed the action. `people` has the account's name. */
  proposedBy: z.string(),
  proposedAt: instant,
  /** Time after which the action can no longer be confirmed. */
  expiresAt: instant,
  decidedBy: z.string().nullable(),
  decidedAt: instant.nullable(),
  reason: z.string().nullable(),
  outcome: z.string().nullable(),
  /** Whether the caller's own person proposed the action. The caller then cannot confirm it. */
  mine: z.boolean(),
});
export type ActionView = z.infer<typeof actionView>;

const people = z.record(z.string(), z.string());

export const actionList = z.object({
  actions: z.array(actionView),
  /** Names by account. */
  people,
  /** Number of devices for which the caller needs no second person in 24 hours, and how many of them the caller has used. */
  soloLimit: z.object({ limit: z.int(), used: z.int() }),
});

/** `scope`: the first 1,000 devices of the action. `sample`: the users of the first 20. */
export const actionDetail = actionView.extend({
  scope: z.array(deviceIdSchema),
  sample: z.array(z.object({ device: deviceIdSchema, user: z.string() })),
  body: z.unknown(),
  people,
});

export const actionConfirmation = z.strictObject({ hash: z.string().regex(/^[0-9a-f]{64}$/, 'is a SHA-256 in hex') });
/** `result`: response to the proposed request. The response may contain a secret, such as an activation link. */
export const actionConfirmed = z.object({ action: actionView, result: z.unknown() });
export const actionRefusal = z.strictObject({ reason: z.string().trim().min(1).max(2000) });
