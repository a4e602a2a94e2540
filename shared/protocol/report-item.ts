/** Items of the frame `report` (`frames.ts`): facts that a device stores until the server has confirmed them. */
import { z } from 'zod';
import { inventoryReportSchema } from '../inventory/report.ts';
import { envelopeSchema, observationSchema } from '../order/documents.ts';
import { policyReportSchema } from '../policy/check-results.ts';
import { hasNoNul, LONGEST_PIECE } from '../scripts/limits.ts';
import { PASSCODE_STATES } from '../workspace/passcode-state.ts';
import { commandIdSchema, lostModeIdSchema } from './ids.ts';

const time = z.int().min(0);

/** Outcome of a command. `canceled`: the server asked for the cancellation before the device started the command. */
export const commandOutcomeSchema = z.enum(['done', 'failed', 'expired', 'canceled']);

export const displayedOnSchema = z.enum(['desktop', 'page', 'command-line']);
export type DisplayedOn = z.infer<typeof displayedOnSchema>;

export const reportItemSchema = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('inventory'), report: inventoryReportSchema }),
  z.strictObject({ type: z.literal('evidence'), observations: z.array(observationSchema).min(1).max(16) }),
  /** DSSE envelope of a receipt, signed by the key of the device's certificate. */
  z.strictObject({ type: z.literal('receipt'), envelope: envelopeSchema }),
  z.strictObject({
    type: z.literal('result'),
    command: commandIdSchema,
    outcome: commandOutcomeSchema,
    detail: z.string().max(2000),
    at: time,
  }),
  /**
   * Report that the device has displayed the whole text of a `message` command to its user for the first time. `at` is the time of the
   * machine's clock.
   */
  z.strictObject({ type: z.literal('displayed'), command: commandIdSchema, on: displayedOnSchema, at: time }),
  /**
   * Piece of the output of a script, standard output and standard error together. `offset`: number of bytes of UTF-8 before this piece. The
   * pieces of a command are reported in sequence and without gaps, before its result. A device sends at most as much as the statement
   * allows, and a mark at the end if it left out the rest.
   */
  z.strictObject({
    type: z.literal('script-output'),
    command: commandIdSchema,
    offset: z.int().min(0),
    text: z.string().min(1).max(LONGEST_PIECE).refine(hasNoNul, 'must not contain NUL'),
    at: time,
  }),
  /** Results of the checks of the policy, after each change of a result and once a day. */
  z.strictObject({ type: z.literal('policy'), report: policyReportSchema }),
  /** Report that the device has locked its workspace at the offline limit. `at` is the device's time. */
  z.strictObject({ type: z.literal('offline-lock'), at: time }),
  /**
   * State of the workspace's passcode, after a change. `waiting`: the workspace has waited for the passcode for at least an hour. `at` is
   * the device's time.
   */
  z.strictObject({ type: z.literal('passcode'), state: z.enum(PASSCODE_STATES), at: time }),
  /** Report that the device has made a setting again, because something else on the device had changed it. */
  z.strictObject({ type: z.literal('setting-repaired'), setting: z.string().max(64), at: time }),
  /** Report about a change that the device keeps after the end of a policy, such as an installation. */
  z.strictObject({
    type: z.literal('change-kept'),
    setting: z.string().max(64),
    detail: z.string().min(1).max(500).refine(hasNoNul, 'must not contain NUL'),
    at: time,
  }),
  /** End of lost mode. `by`: the user ended it, or the device knew already that it had ended. `at` is the device's time. */
  z.strictObject({
    type: z.literal('lost-mode-ended'),
    mode: lostModeIdSchema,
    by: z.enum(['user', 'earlier']),
    at: time,
  }),
  /**
   * Event on the device that needs an admin's attention, such as two different order lists with the same version, an older list, or a list
   * that omits an order.
   */
  z.strictObject({ type: z.literal('alert'), code: z.string().max(64), detail: z.string().max(1000), at: time }),
]);
export type ReportItem = z.infer<typeof reportItemSchema>;
