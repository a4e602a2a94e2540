import { z } from 'zod';
import { groupIdSchema } from '../protocol/ids.ts';
import { homeAreaText, instant } from './wire.ts';

export const groupView = z.object({
  id: groupIdSchema,
  name: z.string(),
  home: z.string().nullable(),
  seat: z.string().nullable(),
  createdAt: instant,
});
export const groupList = z.object({ groups: z.array(groupView) });
export const newGroup = z.strictObject({
  name: z.string().trim().min(1).max(120),
  home: homeAreaText.nullable().default(null),
  seat: homeAreaText.nullable().default(null),
});
export const groupChange = z
  .strictObject({
    name: newGroup.shape.name.optional(),
    home: homeAreaText.nullable().optional(),
    seat: homeAreaText.nullable().optional(),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'changes nothing');
export const groupParams = z.object({ id: groupIdSchema });
