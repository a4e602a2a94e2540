/** People: the users of devices and the holders of admin accounts. */
import { z } from 'zod';
import { groupIdSchema, personIdSchema } from '../protocol/ids.ts';
import { emailText } from './accounts.ts';
import { instant, personName } from './wire.ts';

export const MOST_GROUPS = 32;

const directoryId = z.string().trim().min(1).max(200);
const groups = z.array(groupIdSchema).max(MOST_GROUPS);

export const newPerson = z.strictObject({
  name: personName,
  email: emailText.nullable().default(null),
  /** Groups of the new person. The server refuses the request unless the caller's role covers all of these groups. */
  groups: groups.min(1),
  directoryId: directoryId.nullable().default(null),
});

export const personChange = z
  .strictObject({
    name: personName.optional(),
    email: emailText.nullable().optional(),
    /**
     * New groups of the person, which replace the present groups. The person must stay in each group in which the person has a device or an
     * open activation code; otherwise, the server refuses the change.
     */
    groups: groups.min(1).optional(),
    directoryId: directoryId.nullable().optional(),
    /**
     * Status of the person. `disabled`: the server cancels the person's open activation codes and creates no new ones. Existing devices
     * keep their certificates.
     */
    status: z.enum(['active', 'disabled']).optional(),
  })
  .refine((change) => Object.values(change).some((value) => value !== undefined), 'changes nothing');

export const personParams = z.object({ id: personIdSchema });

export const personQuery = z.strictObject({
  text: z.string().trim().min(1).max(120).optional(),
  /** Filter for people with exactly this full name. Upper and lower case and the number of spaces do not matter. */
  name: personName.optional(),
  group: groupIdSchema.optional(),
  status: z.enum(['active', 'disabled']).optional(),
  cursor: z.string().max(400).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

export const personView = z.object({
  id: personIdSchema,
  name: z.string(),
  email: z.string().nullable(),
  directoryId: z.string().nullable(),
  status: z.enum(['active', 'disabled']),
  groups: z.array(z.object({ id: groupIdSchema, name: z.string() })),
  createdAt: instant,
  devices: z.int(),
  account: z.boolean(),
  /** Whether the caller may enroll devices for the person and change the person's record. */
  inScope: z.boolean(),
});
export type PersonView = z.infer<typeof personView>;

export const personPage = z.object({ people: z.array(personView), cursor: z.string().nullable() });
