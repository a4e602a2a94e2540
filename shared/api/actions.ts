/** Destructive actions that wait for a second person, and the decisions about them. */
import { z } from 'zod';
import { actionIdSchema, deviceIdSchema } from '../protocol/ids.ts';
import { SERVICES } from '../verdict/terms.ts';
import { instant } from './wire.ts';

/** Admins who can confirm an action. */
export const confirmers = z.object({
  /** Names of the first admins who can confirm the action, in alphabetical order. */
  names: z.array(z.string()).readonly(),
  /** True if more admins can confirm the action than `names` has. */
  more: z.boolean(),
  /** Reason why nobody can confirm the action, and what the proposer can do; null if an admin can confirm it. */
  remedy: z.string().nullable(),
});
export type Confirmers = z.output<typeof confirmers>;

/** Second person for an action. `needed`: true if one must confirm the action if the caller requests it now. Otherwise, `names` is empty. */
export const secondPerson = confirmers.extend({ needed: z.boolean() });
export type SecondPerson = z.output<typeof secondPerson>;

/**
 * Change of the services that an order suspends on a number of devices. `released`: services that the order suspends before the change and
 * allows after it. `denied`: services that the order allows before the change and suspends after it.
 */
export const orderEffect = z.object({
  order: z.string(),
  devices: z.int(),
  released: z.array(z.enum(SERVICES)).readonly(),
  denied: z.array(z.enum(SERVICES)).readonly(),
});
export type OrderEffect = z.output<typeof orderEffect>;

export const actionParams = z.object({ id: actionIdSchema });

export const actionView = z.object({
  id: actionIdSchema,
  /** Name of the action in the policy table, such as `workspace.wipe`. */
  action: z.string(),
  status: z.enum(['pending', 'confirmed', 'performed', 'failed', 'declined', 'expired']),
  devices: z.int(),
  /** SHA-256 of the action's content, in hex. A confirmation repeats the hash, so that the second person confirms exactly this content. */
  hash: z.string(),
  proposedBy: z.string(),
  proposedAt: instant,
  expiresAt: instant,
  decidedBy: z.string().nullable(),
  decidedAt: instant.nullable(),
  reason: z.string().nullable(),
  outcome: z.string().nullable(),
  mine: z.boolean(),
  /** Whether the caller counts as a second person. False if one of the two accounts created the other. */
  confirmable: z.boolean(),
});
export type ActionView = z.infer<typeof actionView>;

const people = z.record(z.string(), z.string());

export const actionList = z.object({
  actions: z.array(actionView),
  people,
  /** Maximum number of devices that the caller may destroy or change in 24 hours without a second person, and the number already used. */
  soloLimit: z.object({ limit: z.int(), used: z.int() }),
});

/**
 * Details of a destructive action. `scope` lists its first 1,000 devices; `sample` lists the users of the first 20 devices.
 * `owner`: name of the person for whom the device enrolls again; null if the action gives the device no new owner.
 */
export const actionDetail = actionView.extend({
  scope: z.array(deviceIdSchema),
  sample: z.array(z.object({ device: deviceIdSchema, user: z.string(), owner: z.string().nullable() })),
  /** Request that the server performs after the confirmation. `policy`: name of the policy that the path names. */
  route: z.string(),
  params: z.unknown(),
  body: z.unknown(),
  policy: z.string().nullable(),
  /** Effect of a changed location, home, legal seat or group on orders, computed now; null for a decided action and for every other action. */
  effects: z.array(orderEffect).nullable(),
  /** Admins who can confirm the action now; null for a decided action. */
  confirmers: confirmers.nullable(),
  people,
});

export const actionConfirmation = z.strictObject({ hash: z.string().regex(/^[0-9a-f]{64}$/, 'is a SHA-256 in hex') });
/** Response to a confirmation. `result` is the result of the confirmed action and may contain a secret, such as an activation link. */
export const actionConfirmed = z.object({ action: actionView, result: z.unknown() });
export const actionRefusal = z.strictObject({ reason: z.string().trim().min(1).max(2000) });
