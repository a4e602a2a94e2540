/** Saved views of the device list, and the columns that an account has chosen. */
import { z } from 'zod';
import { LISTED_LIFE_CYCLES } from '../devices/device-marks.ts';
import { labelSchema } from '../devices/labels.ts';
import { columnsSchema, conditionsSchema } from '../inventory/list-fields.ts';
import { COMPLIANCE_STATES } from '../policy/compliance-states.ts';
import { accountIdSchema, deviceViewIdSchema, groupIdSchema, personIdSchema } from '../protocol/ids.ts';
import { deviceSort, deviceStatus, narrowing, workspaceState } from './devices.ts';
import { instant } from './wire.ts';

/** Filter of a view, with the names of the query of `GET /devices`. */
const viewFilter = z.strictObject({
  text: narrowing.text,
  where: conditionsSchema.optional(),
  compliance: z.enum(COMPLIANCE_STATES).optional(),
  group: groupIdSchema.optional(),
  person: personIdSchema.optional(),
  area: z.string().max(200).optional(),
  status: deviceStatus.optional(),
  label: labelSchema.optional(),
  lifeCycle: z.enum(LISTED_LIFE_CYCLES).optional(),
  connected: z.boolean().optional(),
  everConnected: z.boolean().optional(),
  located: z.boolean().optional(),
  countersigned: z.boolean().optional(),
  workspace: workspaceState.optional(),
  seenBefore: instant.optional(),
  listBelow: z.int().min(1).optional(),
});

export const newDeviceView = z.strictObject({
  name: z.string().trim().min(1).max(80),
  /** Whether all admins see the view. Each admin sees only devices within the admin's own scope. */
  shared: z.boolean().default(false),
  filter: viewFilter.default({}),
  columns: columnsSchema.default([]),
  sort: deviceSort.default('user'),
  descending: z.boolean().default(false),
});
export const deviceViewParams = z.object({ id: deviceViewIdSchema });
export const savedDeviceView = newDeviceView.extend({
  id: deviceViewIdSchema,
  owner: z.object({ id: accountIdSchema, name: z.string() }),
  /** Whether the caller owns the view and may change it. */
  mine: z.boolean(),
  changedAt: instant,
});
export type SavedDeviceView = z.output<typeof savedDeviceView>;
/** Views by name: the caller's own and the shared ones. `columns`: columns that the caller chose; null for the default. */
export const deviceViewList = z.object({ views: z.array(savedDeviceView), columns: columnsSchema.nullable() });

export const deviceColumns = z.strictObject({ columns: columnsSchema });
