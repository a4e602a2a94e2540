/** Compliance of devices with their policies. */
import { z } from 'zod';
import { envelopeSchema } from '../order/documents.ts';
import { SETTING_IDS } from '../policy/catalog.ts';
import { CHECK_STATUSES } from '../policy/check-results.ts';
import { COMPLIANCE_FILTERS, COMPLIANCE_STATES } from '../policy/compliance-states.ts';
import { COMPLIANCE_ACTIONS } from '../policy/policy-document.ts';
import { deviceIdSchema, policyIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

const state = z.enum(COMPLIANCE_STATES);
const action = z.enum(COMPLIANCE_ACTIONS);

export const complianceParams = z.object({ id: deviceIdSchema });

/** One effective setting of a device: the value, the policy that gives it, the reason, and the result of the last check. */
const effectiveSetting = z.object({
  setting: z.string(),
  value: z.unknown(),
  policy: z.string(),
  name: z.string(),
  version: z.int(),
  groups: z.array(z.string()),
  /**
   * Reason for the value. `only`: no other policy of the device has the setting. `precedence`: the policy has precedence over the policies
   * in `over`.
   */
  because: z.enum(['only', 'precedence']),
  over: z.array(z.object({ policy: z.string(), name: z.string(), version: z.int(), value: z.unknown() })),
  /** Result of the last check; null if the device has not reported about this value. */
  status: z.enum(CHECK_STATUSES).nullable(),
  detail: z.string(),
  /** True if the device has applied the setting itself, with its system helper. */
  applied: z.boolean(),
  /** Time of the first failed check. */
  failingSince: instant.nullable(),
});

export const deviceComplianceView = z.object({
  state,
  reportedAt: instant.nullable(),
  changedAt: instant.nullable(),
  settings: z.array(effectiveSetting),
  /** Actions that follow if the device does not comply in time, the next one first. */
  countdown: z.array(z.object({ action, at: instant, settings: z.array(z.string()) })),
  /** Actions in effect. */
  taken: z.array(z.object({ action, at: instant })),
});
export type DeviceComplianceView = z.infer<typeof deviceComplianceView>;

/**
 * `policy`: only the devices of the groups to which the policy is assigned, and only the settings whose value comes from this policy. A
 * device to which the policy gives no value has the state `no-policy`.
 */
const policy = policyIdSchema.optional();

export const complianceCountsQuery = z.strictObject({ policy });
export const complianceCounts = z.object({
  compliant: z.int(),
  'in-grace': z.int(),
  'not-compliant': z.int(),
  unknown: z.int(),
  'no-policy': z.int(),
});

export const complianceQuery = z.strictObject({
  /** `failing`: devices in their grace period, and devices that are not compliant. */
  state: z.enum(COMPLIANCE_FILTERS).optional(),
  /** Setting whose check failed. */
  setting: z.enum(SETTING_IDS).optional(),
  policy,
  cursor: deviceIdSchema.optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});
export const compliancePage = z.object({
  devices: z.array(
    z.object({
      device: deviceIdSchema,
      user: z.string(),
      /** Display name, otherwise host name. Null if the device has neither, or if the caller may not list the device. */
      name: z.string().nullable(),
      state,
      failing: z.array(z.string()),
      reportedAt: instant.nullable(),
      changedAt: instant.nullable(),
      /** Time of the next change without a new report, such as the end of the grace period. */
      nextAt: instant.nullable(),
    }),
  ),
  cursor: z.string().nullable(),
});

/** DSSE envelope of a statement (`shared/policy/compliance-statement.ts`). */
export const complianceStatementEnvelope = z.object(envelopeSchema.shape);

/** Detail of an event `state`, as JSON. */
export const complianceStateDetail = z.object({ state, failing: z.array(z.string()) });

/** Detail of an event `setting-repaired`, as JSON. `at`: time of the repair on the device. */
export const complianceRepairDetail = z.object({ setting: z.string(), at: instant });

/** Detail of an event `change-kept`, as JSON. `detail`: change that the device keeps after the end of a policy. `at`: time on the device. */
export const complianceKeptDetail = z.object({ setting: z.string(), at: instant, detail: z.string() });

export const complianceHistoryQuery = z.strictObject({ before: z.coerce.number().int().min(1).optional() });
export const complianceHistory = z.object({
  events: z.array(
    z.object({
      id: z.int(),
      at: instant,
      event: z.enum([
        'state',
        'notify',
        'restrict-services',
        'restore-services',
        'lock-workspace',
        'unlock-workspace',
        'wipe-workspace',
        'offline-lock',
        'setting-repaired',
        'change-kept',
        'withheld',
      ]),
      /** For `state`: `ComplianceStateDetail` as JSON. For `setting-repaired`: `ComplianceRepairDetail` as JSON. For `change-kept`: `ComplianceKeptDetail` as JSON. For `withheld`: the command and the reason. */
      detail: z.string(),
    }),
  ),
});
