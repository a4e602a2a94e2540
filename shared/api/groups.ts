import { z } from 'zod';
import { groupIdSchema } from '../protocol/ids.ts';
import { homeAreaText, instant } from './wire.ts';

export const groupView = z.object({
  id: groupIdSchema,
  name: z.string(),
  home: z.string().nullable(),
  seat: z.string().nullable(),
  createdAt: instant,
  /** Whether the devices may serve mail to other mail programs. Mail is then in plain text on the disks of these devices. */
  mailPrograms: z.boolean(),
});
export const groupList = z.object({ groups: z.array(groupView) });
export const newGroup = z.strictObject({
  name: z.string().trim().min(1).max(120),
  home: homeAreaText.nullable().default(null),
  seat: homeAreaText.nullable().default(null),
  mailPrograms: z.boolean().default(false),
});
export const groupChange = z
  .strictObject({
    name: newGroup.shape.name.optional(),
    home: homeAreaText.nullable().optional(),
    seat: homeAreaText.nullable().optional(),
    mailPrograms: z.boolean().optional(),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'changes nothing');
export const groupParams = z.object({ id: groupIdSchema });
