import { z } from 'zod';
import { deviceIdSchema, groupIdSchema } from '../protocol/ids.ts';
import { homeAreaText, instant } from './wire.ts';

export const groupView = z.object({
  id: groupIdSchema,
  name: z.string(),
  home: z.string().nullable(),
  seat: z.string().nullable(),
  createdAt: instant,
  /** Whether the devices may serve mail to other mail programs. Mail is then in plain text on the disks of these devices. */
  mailPrograms: z.boolean(),
  /** Expression of a dynamic group in CEL; null for a static group. */
  expression: z.string().nullable(),
  /** Whether roles and order exemptions may use the group: true for static groups, and for dynamic groups that an owner trusts. */
  trusted: z.boolean(),
  /** True if the members are complete. False while the server evaluates a new expression for all devices. */
  complete: z.boolean(),
});
export const groupList = z.object({ groups: z.array(groupView) });
/** Records that use the group and prevent its deletion. `names`: some of them, only for a caller whose role covers the whole fleet. */
export const groupUse = z.object({ kind: z.string(), count: z.int(), names: z.array(z.string()) });
export const groupDetail = groupView.extend({ uses: z.array(groupUse) });

export const expressionText = z.string().trim().min(1).max(2_000);
export const newGroup = z.strictObject({
  name: z.string().trim().min(1).max(120),
  home: homeAreaText.nullable().default(null),
  seat: homeAreaText.nullable().default(null),
  mailPrograms: z.boolean().default(false),
  /** Expression of a dynamic group. A dynamic group has no home, seat or mail rule. */
  expression: expressionText.nullable().default(null),
});
export const groupChange = z
  .strictObject({
    name: newGroup.shape.name.optional(),
    home: homeAreaText.nullable().optional(),
    seat: homeAreaText.nullable().optional(),
    mailPrograms: z.boolean().optional(),
    expression: expressionText.optional(),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'changes nothing');
export const groupParams = z.object({ id: groupIdSchema });

export const groupTrust = z.strictObject({ trusted: z.boolean() });

const MOST_DEVICES = 1_000;
export const memberChange = z
  .strictObject({
    add: z.array(deviceIdSchema).max(MOST_DEVICES).default([]),
    remove: z.array(deviceIdSchema).max(MOST_DEVICES).default([]),
  })
  .refine(({ add, remove }) => add.length + remove.length > 0, 'changes nothing');

/** Facts and functions for expressions. */
export const groupFacts = z.object({
  facts: z.array(
    z.object({ name: z.string(), type: z.enum(['string', 'int', 'bool', 'list', 'map']), meaning: z.string() }),
  ),
  functions: z.array(z.object({ signature: z.string(), meaning: z.string() })),
});

export const previewRequest = z.strictObject({ expression: z.string().max(10_000) });
export const groupPreview = z.object({
  /** Problem of the expression; null if it is valid. `line` and `column` start at 1; `start` and `end` are offsets in the text. */
  error: z.object({ message: z.string(), line: z.int(), column: z.int(), start: z.int(), end: z.int() }).nullable(),
  /** Number of devices for which the expression is true. */
  matching: z.int(),
  /** Number of devices for which the result depends on an unknown fact. They are not members. */
  unknown: z.int(),
  examined: z.int(),
  /** True if the preview covers the whole fleet. False if the fleet is too large, so that the numbers cover only the examined devices. */
  complete: z.boolean(),
  examples: z.array(z.object({ id: deviceIdSchema, user: z.string(), hostname: z.string().nullable() })),
});

/** Membership of a device. `primary`: the group that gives the device its home area, legal seat and mail rule. */
export const deviceMembership = z.object({
  id: groupIdSchema,
  name: z.string(),
  kind: z.enum(['primary', 'static', 'dynamic']),
});
