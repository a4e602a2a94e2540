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
  /**
   * Number of the order's adopted revision. Before the first adoption, `revision` is null, and `total` and all other numbers of the rollout
   * are 0.
   */
  revision: z.int().nullable(),
  phase: z.enum(ROLLOUT_PHASES).nullable(),
  total: z.int(),
  states: z.object(rolloutCounts),
  /** Number of affected devices with an expired location. For these devices, the last known location applies. */
  lastSeen: z.int(),
  /**
   * Latest time in the verified receipts (devices' signed statements) about an order, by the devices' clocks. Null if no affected device
   * has sent a receipt.
   */
  newest: instant.nullable(),
  /**
   * Numbers of devices for each planned notice. `late` is the number of notices that were delayed by more than a tenth of their lead time,
   * such as 3 of 30 days, by the device's clock. Notices about a replaced effective time are not counted.
   */
  notices: z.array(z.object({ moment: z.enum(NOTICE_MOMENTS), delivered: z.int(), displayed: z.int(), late: z.int() })),
});
export type OrderRollout = z.infer<typeof orderRollout>;

export const orderExit = z.object({
  /** Progress of an order's exit, the phase that wipes work data on devices. Null if the order has no active or completed exit. */
  exit: z
    .object({
      revision: z.int(),
      adoptedAt: instant,
      /**
       * Earliest time at which the server ends the enrollments of devices that have sent no receipt about an order's exit (phase that wipes
       * work data). A device that the order affects only later has 30 days from then on.
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
