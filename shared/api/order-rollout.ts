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
  /** Number of the adopted revision. Before the first adoption, the number is null and all counts are 0. */
  revision: z.int().nullable(),
  phase: z.enum(ROLLOUT_PHASES).nullable(),
  /** Number of affected devices, which is the sum of `states`. */
  total: z.int(),
  states: z.object(rolloutCounts),
  /** Number of affected devices whose location has expired. For these devices, the last known location counts. */
  lastSeen: z.int(),
  /** Time of the newest counted receipt, by the server's clock. */
  newest: instant.nullable(),
  /**
   * Numbers of devices for each notice of the order's notice plan. `delivered` and `displayed` count receipts. `late` counts notices that
   * arrived after more than a tenth of their lead time, such as 3 of 30 days, by the device's clock. Only notices about the present
   * effective time count.
   */
  notices: z.array(z.object({ moment: z.enum(NOTICE_MOMENTS), delivered: z.int(), displayed: z.int(), late: z.int() })),
});
export type OrderRollout = z.infer<typeof orderRollout>;

export const orderExit = z.object({
  /** Exit of the order; null if no exit is active or completed. */
  exit: z
    .object({
      revision: z.int(),
      adoptedAt: instant,
      /** Time at which the server ends the enrollments of devices that have not responded. */
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
