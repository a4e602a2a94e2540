/** Filters and views of pages as parameters of the page address, so that an admin can send the page to a colleague. */
import { z } from 'zod';
import { ACTIVITY_KINDS } from '../../../shared/activity/activity-kinds.ts';
import { IMPACT_CHANGES, IMPACT_CLASSES } from '../../../shared/api/impact-classes.ts';
import { JOB_STATES } from '../../../shared/api/job-states.ts';
import { LISTED_LIFE_CYCLES } from '../../../shared/devices/device-marks.ts';
import { COMPLIANCE_STATES } from '../../../shared/policy/compliance-states.ts';
import { commandKindSchema } from '../../../shared/protocol/command-kinds.ts';

export const deviceSearch = z.object({
  text: z.string().optional().catch(undefined),
  group: z.string().optional().catch(undefined),
  area: z.string().optional().catch(undefined),
  status: z.enum(['active', 'revoked', 'unenrolled']).optional().catch(undefined),
  label: z.string().optional().catch(undefined),
  lifeCycle: z.enum(LISTED_LIFE_CYCLES).optional().catch(undefined),
  connected: z.boolean().optional().catch(undefined),
  everConnected: z.boolean().optional().catch(undefined),
  seenBefore: z.int().min(0).optional().catch(undefined),
  listBelow: z.int().min(1).optional().catch(undefined),
  located: z.boolean().optional().catch(undefined),
  countersigned: z.boolean().optional().catch(undefined),
  // The Devices page itself checks the following values. Their schemas are therefore not part of the first load.
  compliance: z.string().optional().catch(undefined),
  where: z.array(z.record(z.string(), z.unknown())).optional().catch(undefined),
  columns: z.array(z.string()).optional().catch(undefined),
  view: z.string().optional().catch(undefined),
  sort: z.string().optional().catch(undefined),
  descending: z.boolean().optional().catch(undefined),
});
export type DeviceSearch = z.output<typeof deviceSearch>;

/** Without a state, the page lists only devices with a failed check. */
export const complianceSearch = z.object({
  state: z
    .enum([...COMPLIANCE_STATES, 'all'])
    .optional()
    .catch(undefined),
  // The Compliance page itself checks the setting. The catalog of settings is therefore not part of the first load.
  setting: z.string().optional().catch(undefined),
  policy: z.string().optional().catch(undefined),
});
export type ComplianceSearch = z.output<typeof complianceSearch>;

export const jobSearch = z.object({
  text: z.string().max(120).optional().catch(undefined),
  state: z.enum(JOB_STATES).optional().catch(undefined),
  kind: commandKindSchema.optional().catch(undefined),
  mine: z.boolean().optional().catch(undefined),
});
export type JobSearch = z.output<typeof jobSearch>;

export const rehearsalSearch = z.object({
  revision: z.int().min(1).optional().catch(undefined),
  baseline: z
    .union([z.int().min(1), z.literal('none')])
    .optional()
    .catch(undefined),
  at: z.enum(['now', 'effective']).optional().catch(undefined),
  class: z.enum(IMPACT_CLASSES).optional().catch(undefined),
  change: z.enum(IMPACT_CHANGES).optional().catch(undefined),
  area: z.string().optional().catch(undefined),
  offset: z.int().min(0).optional().catch(undefined),
});
export type RehearsalSearch = z.output<typeof rehearsalSearch>;

export const alertSearch = z.object({
  about: z.enum(['all', 'installation', 'devices']).optional().catch(undefined),
  acknowledged: z.boolean().optional().catch(undefined),
  since: z.int().min(0).optional().catch(undefined),
  severity: z.enum(['grave']).optional().catch(undefined),
});
export type AlertSearch = z.output<typeof alertSearch>;

export const ACTIVITY_RANGES = ['all', 'today', 'yesterday', 'week'] as const;
export const ledgerSearch = z.object({
  tab: z.enum(['activity', 'ledger']).optional().catch(undefined),
  range: z.enum(ACTIVITY_RANGES).optional().catch(undefined),
  kind: z.enum(ACTIVITY_KINDS).optional().catch(undefined),
  outcome: z.enum(['ok', 'refused', 'unknown']).optional().catch(undefined),
  admin: z.string().optional().catch(undefined),
  device: z.string().optional().catch(undefined),
  person: z.string().optional().catch(undefined),
  text: z.string().optional().catch(undefined),
});
export type LedgerSearch = z.output<typeof ledgerSearch>;

export const softwareSearch = z.object({
  tab: z.enum(['titles', 'advisories', 'packages', 'files', 'collection']).optional().catch(undefined),
  text: z.string().max(128).optional().catch(undefined),
  source: z.string().optional().catch(undefined),
});

const version = z.string().max(128).optional().catch(undefined);
export const versionSearch = z.object({ below: version, atLeast: version, above: version, version });

/** Search of the roles page. `role`: built-in name or id of a role. `edit`: the editor, without `role` for a new role. */
export const roleSearch = z.object({
  role: z.string().max(40).optional().catch(undefined),
  edit: z.boolean().optional().catch(undefined),
});
