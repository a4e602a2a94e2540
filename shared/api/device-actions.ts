/** Actions on the records of devices, for one device and for many, and the preview of every action in bulk. */
import { z } from 'zod';
import { labelSchema, MOST_LABELS } from '../devices/labels.ts';
import { COMMAND_KINDS } from '../protocol/command-kinds.ts';
import { deviceIdSchema, groupIdSchema } from '../protocol/ids.ts';
import { orderEffect, secondPerson } from './actions.ts';
import { deviceChange, deviceNames, deviceStatus, narrowing, revocation, workspaceState } from './devices.ts';
import { holdReason, holdReference } from './holds.ts';
import { lostModeRequest } from './lost-mode.ts';
import { instant } from './wire.ts';

/** Listed devices, or all devices within the caller's scope that match the filter. An empty filter matches all of these devices. */
const selection = {
  devices: z.array(deviceIdSchema).min(1).max(10_000).optional(),
  filter: z
    .strictObject({
      ...narrowing,
      status: deviceStatus.optional(),
      workspace: workspaceState.optional(),
      connected: z.boolean().optional(),
      everConnected: z.boolean().optional(),
      located: z.boolean().optional(),
      countersigned: z.boolean().optional(),
    })
    .optional(),
};
const isOneSelection = ({ devices, filter }: { devices?: unknown; filter?: unknown }) =>
  (devices === undefined) !== (filter === undefined);
const ONE = 'give devices or a filter';

/** Number of affected devices that the admin confirmed. If the number has changed, the server changes nothing (`conflict`). */
const expect = z.int().min(1);

export const deviceAction = z.strictObject({ ...selection, expect: expect.optional() }).refine(isOneSelection, ONE);
/** Action that ends enrollments. The admin must confirm the number of devices. */
export const deviceEnding = z.strictObject({ ...selection, expect }).refine(isOneSelection, ONE);
export const deviceRevocation = z
  .strictObject({ ...selection, expect, reason: revocation.shape.reason })
  .refine(isOneSelection, ONE);

const labels = z.array(labelSchema).max(MOST_LABELS).default([]);
export const labelChange = z
  .strictObject({ ...selection, expect: expect.optional(), add: labels, remove: labels })
  .refine(isOneSelection, ONE)
  .refine(({ add, remove }) => add.length + remove.length > 0, 'name a label to add or to remove');

/** Change of group, home area, legal seat or location statement. Absent fields keep the value of each device. */
export const placementOfMany = z
  .strictObject({ ...selection, expect: expect.optional(), change: deviceChange })
  .refine(isOneSelection, ONE);
/** Static group that devices join or leave. */
export const membershipOfMany = z
  .strictObject({ ...selection, expect: expect.optional(), group: groupIdSchema })
  .refine(isOneSelection, ONE);
/** Legal hold on each of the devices. */
export const holdOnMany = z
  .strictObject({ ...selection, expect: expect.optional(), reason: holdReason, reference: holdReference.optional() })
  .refine(isOneSelection, ONE);

/** Devices in one request about lost mode. Each start is visible to a person, and must stay a decision that the admin can survey. */
export const MOST_LOST_TOGETHER = 1_000;
const expectLost = expect.max(
  MOST_LOST_TOGETHER,
  `a request starts or ends lost mode on at most ${MOST_LOST_TOGETHER} devices: choose fewer devices`,
);
/** Lost mode with the same texts on each of the devices. */
export const lostModeOfMany = z
  .strictObject({ ...selection, expect: expectLost, ...lostModeRequest.shape })
  .refine(isOneSelection, ONE);
export const lostModeEndOfMany = z.strictObject({ ...selection, expect: expectLost }).refine(isOneSelection, ONE);

export const RECORD_ACTIONS = [
  'mark-missing',
  'mark-found',
  'label',
  'place',
  'add-to-group',
  'remove-from-group',
  'place-hold',
  'start-lost-mode',
  'end-lost-mode',
  'revoke',
  'retire',
] as const;
export const deviceActionPreview = z
  .strictObject({
    ...selection,
    action: z.enum([...COMMAND_KINDS, ...RECORD_ACTIONS]),
    add: labels,
    remove: labels,
    /** Change of the action `place`. */
    change: deviceChange.optional(),
    /** Group of the actions `add-to-group` and `remove-from-group`. */
    group: groupIdSchema.optional(),
  })
  .refine(isOneSelection, ONE)
  .refine(({ action, change }) => (action === 'place') === (change !== undefined), 'give a change for the action place')
  .refine(
    ({ action, group }) => action.endsWith('-group') === (group !== undefined),
    'give a group for an action on the members of a group',
  );

const refusalGroups = z
  .array(z.object({ reason: z.string(), text: z.string(), count: z.int(), sample: z.array(deviceIdSchema).readonly() }))
  .readonly();
const namedDevice = z.object({ id: deviceIdSchema, user: z.string(), hostname: z.string().nullable() });
export const deviceActionImpact = z.object({
  selected: z.int(),
  /** Number of devices that the action would affect. The request for the action repeats it as `expect`. */
  affected: z.int(),
  sample: z.array(namedDevice),
  /** Number of affected devices on which the action alters the effect of an order. If it is not 0, a second person must confirm the action. */
  overrides: z.int(),
  /** Effect of the action `place` on orders; empty for every other action. */
  effects: z.array(orderEffect),
  secondPerson,
  /** Devices that the server would refuse, by reason, with the first of them. */
  refused: refusalGroups,
  /** Names of the devices in the samples of `refused`. */
  names: deviceNames.shape.devices,
});
export type DeviceActionImpact = z.infer<typeof deviceActionImpact>;

/** Running changes of more than 1,000 devices. `done`: number of devices that are changed or found unchanged. */
export const runningChanges = z.object({
  changes: z.array(z.object({ action: z.string(), devices: z.int(), done: z.int(), startedAt: instant })).readonly(),
});

export const deviceActionResult = z.object({ changed: z.int(), refused: refusalGroups });
