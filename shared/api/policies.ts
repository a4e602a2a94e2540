/** Policies: versioned desired state of devices (`shared/policy/`). */
import { z } from 'zod';
import { policyDocumentSchema } from '../policy/policy-document.ts';
import { deviceIdSchema, groupIdSchema, policyIdSchema } from '../protocol/ids.ts';
import { instant } from './wire.ts';

const version = z.int().min(1).max(1_000);
const pathVersion = z.coerce.number().int().min(1).max(1_000);
const percent = z.int().min(0).max(100);
const groups = z.array(groupIdSchema).max(200);

export const policyView = z.object({
  id: policyIdSchema,
  name: z.string(),
  /** Place in the order of precedence. The policy with the lower number wins if two policies have the same setting. */
  precedence: z.int(),
  groups: z.array(groupIdSchema),
  /** Version for all devices of the groups; null until the first rollout ends. */
  current: version.nullable(),
  /** Staged rollout: version for the first `percent` of the devices. */
  next: z.object({ version, percent }).nullable(),
  newestVersion: version,
  createdAt: instant,
});
export type PolicyView = z.infer<typeof policyView>;
export const policyList = z.object({ policies: z.array(policyView) });
export const policyParams = z.object({ id: policyIdSchema });

const name = z.string().trim().min(1).max(120);
const note = z.string().trim().max(500);

export const newPolicy = z.strictObject({ name, document: policyDocumentSchema, note: note.default('') });
export const policyChange = z.strictObject({ name });
export const policyGroups = z.strictObject({ groups });
export const policyOrder = z.strictObject({ policies: z.array(policyIdSchema).max(200) });

/** Content of the next version. `after`: newest version that the author has read. The request fails if there is a newer one. */
export const newPolicyVersion = z.strictObject({
  after: version,
  document: policyDocumentSchema,
  note: note.default(''),
});
export const policyVersionParams = z.object({ id: policyIdSchema, version: pathVersion });
export const policyVersionView = z.object({
  policy: policyIdSchema,
  version,
  document: z.object({
    settings: z.record(z.string(), z.unknown()),
    compliance: policyDocumentSchema.shape.compliance,
  }),
  /** SHA-256 of the document as canonical JSON. The public ledger has the same digest. */
  digest: z.string(),
  note: z.string(),
  createdAt: instant,
  createdBy: z.string(),
});
export type PolicyVersionView = z.infer<typeof policyVersionView>;
export const policyVersionQuery = z.strictObject({ before: pathVersion.optional() });
export const policyVersionList = z.object({
  versions: z.array(policyVersionView),
  people: z.record(z.string(), z.string()),
});

/** Share of a staged rollout. `percent` 100 makes the version the current one. 0 ends the staged rollout. */
export const policyRollout = z.strictObject({ version, percent });
export const policyRollback = z.strictObject({ version });

const difference = z.object({ setting: z.string(), from: z.unknown(), to: z.unknown() });
export const policyComparisonQuery = z.strictObject({ from: pathVersion, to: pathVersion });
export const policyComparison = z.object({
  from: policyVersionView,
  to: policyVersionView,
  differences: z.array(difference),
});

export const policyRehearsal = z.strictObject({
  version: version.optional(),
  percent: percent.optional(),
  groups: groups.optional(),
});
export const policyRehearsalView = z.object({
  /** Number of devices of the present and the new groups that the caller's role includes. */
  devices: z.int(),
  /** Number of devices that would get other values. */
  changed: z.int(),
  /** Number of devices whose grace period or actions would change, for at least one setting. */
  otherActions: z.int(),
  settings: z.array(
    z.object({
      setting: z.string(),
      devices: z.int(),
      /** Numbers of devices whose last report says that they already meet, or do not meet, the new value. */
      met: z.int(),
      notMet: z.int(),
    }),
  ),
  examples: z.array(z.object({ device: deviceIdSchema, differences: z.array(difference) })),
});
