/** Results of a device's checks of its effective policy. */
import { z } from 'zod';

/**
 * Result of one check.
 * - `met`: the device has the desired value.
 * - `not-met`: the device has another value.
 * - `unknown`: the agent could not find out; `detail` has the reason.
 * - `not-supported`: the agent or its platform cannot check the setting. The result counts neither for nor against the device.
 */
export const CHECK_STATUSES = ['met', 'not-met', 'unknown', 'not-supported'] as const;
export type CheckStatus = (typeof CHECK_STATUSES)[number];

export const MOST_SETTINGS = 64;
/** Maximum characters of a setting's value as JSON. */
export const LARGEST_VALUE = 32 * 1024;

export const checkResultSchema = z.strictObject({
  setting: z.string().max(64),
  status: z.enum(CHECK_STATUSES),
  /** Text for people that says what the agent found. */
  detail: z.string().max(500),
  /** True if the device has applied the setting itself, with its system helper. */
  applied: z.literal(true).optional(),
});
export type CheckResult = z.infer<typeof checkResultSchema>;

/** Report of a device. `digest`: digest of the settings that the agent checked. */
export const policyReportSchema = z.strictObject({
  digest: z.string().max(64),
  at: z.int().min(0),
  results: z.array(checkResultSchema).max(MOST_SETTINGS),
});
export type PolicyReport = z.infer<typeof policyReportSchema>;
