import { z } from 'zod';
import { NOTICE_MOMENTS } from '../order/documents.ts';
import { ROLLOUT_PHASES, type RolloutState } from '../order/rollout-states.ts';
import { destroyedSchema } from '../pack/destruction.ts';
import { instant } from './wire.ts';

const count = z.int();

const rolloutCounts = {
  undelivered: count,
  delivered: count,
  displayed: count,
  enforced: count,
  restored: count,
  offline_undelivered: count,
  offline_delivered: count,
  invalid_receipt: count,
  unaffected: count,
  unenrolled: count,
} satisfies Record<RolloutState, z.ZodType>;

/** Rollout of the adopted revision. Each affected device is in exactly one state (`shared/order/rollout.ts`). */
export const orderRollout = z.object({
  /** Number of the adopted revision. Before the first adoption, it is null and all numbers of devices are 0. */
  revision: z.int().nullable(),
  phase: z.enum(ROLLOUT_PHASES).nullable(),
  total: z.int(),
  states: z.object(rolloutCounts),
  /** Number of affected devices with an expired location. For these devices, the last known location applies. */
  lastSeen: z.int(),
  /** Time at which the server received the newest receipt that counts in this rollout, by the server's clock. */
  newest: instant.nullable(),
  /**
   * Numbers of devices for each planned notice. `late` is the number of notices that were delayed by more than a tenth of their lead time,
   * such as 3 of 30 days, by the device's clock. Notices about a replaced effective time are not counted.
   */
  notices: z.array(z.object({ moment: z.enum(NOTICE_MOMENTS), delivered: z.int(), displayed: z.int(), late: z.int() })),
});
export type OrderRollout = z.infer<typeof orderRollout>;

export const orderExit = z.object({
  /** Progress of the order's exit, the phase that wipes work data on devices; null if no exit is active or completed. */
  exit: z
    .object({
      revision: z.int(),
      adoptedAt: instant,
      /**
       * Earliest time at which the server ends the enrollments of devices that have sent no receipt about the exit. A device that the order
       * affects only later has 30 days from then on.
       */
      silentAfter: instant,
      wiped: z.int(),
      silent: z.int(),
      held: z.int(),
      waiting: z.int(),
      unanswered: z.int(),
      destroyed: destroyedSchema,
    })
    .nullable(),
});
export type OrderExit = NonNullable<z.infer<typeof orderExit>['exit']>;
