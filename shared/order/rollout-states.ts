/** States and phases of a rollout. Their texts are in `rollout.ts`, so that the console's first page loads fast. */

export const ROLLOUT_STATES = [
  'undelivered',
  'delivered',
  'displayed',
  'enforced',
  'restored',
  'offline_undelivered',
  'offline_delivered',
  'invalid_receipt',
  'unaffected',
  'unenrolled',
] as const;
export type RolloutState = (typeof ROLLOUT_STATES)[number];
export type RolloutCounts = Readonly<Record<RolloutState, number>>;

export const ROLLOUT_PHASES = ['announced', 'active', 'over'] as const;
/**
 * Phase of a rollout. `over`: devices restore the services that an order blocked, because the order has ended or is paused or withdrawn.
 */
export type RolloutPhase = (typeof ROLLOUT_PHASES)[number];
