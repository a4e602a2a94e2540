/** Groups of devices. */
import { z } from 'zod';
import { groupIdSchema } from '../protocol/ids.ts';
import { instant, placeText } from './wire.ts';

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
  home: placeText.nullable().default(null),
  seat: placeText.nullable().default(null),
});
/** What is left out stays as it is. */
export const groupChange = z
  .strictObject({
    name: newGroup.shape.name.optional(),
    home: placeText.nullable().optional(),
    seat: placeText.nullable().optional(),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'changes nothing');
export const groupParams = z.object({ id: groupIdSchema });
