/** Custom roles: named sets of rights, made by owners. The catalog explains each right. */
import { z } from 'zod';
import { accountIdSchema, customRoleIdSchema } from '../protocol/ids.ts';
import { ROLES } from './roles.ts';
import { instant } from './wire.ts';

/** Maximum number of custom roles. */
export const MOST_CUSTOM_ROLES = 50;
const rightName = z
  .string()
  .regex(/^[a-z-]+\.[a-z-]+$/, 'is the name of a right, such as devices.list')
  .max(60);
const name = z.string().trim().min(1).max(60);
const description = z.string().trim().max(300);
const rights = z.array(rightName).min(1).max(300);

export const newCustomRole = z.strictObject({ name, description: description.default(''), rights });
/** New content of a role. `version`: version that the admin has read. The server refuses the change if the role has a newer version. */
export const customRoleChange = z.strictObject({
  version: z.int().min(1),
  name: name.optional(),
  description: description.optional(),
  rights: rights.optional(),
});
export const customRoleParams = z.object({ id: customRoleIdSchema });
export const customRoleView = z.object({
  id: customRoleIdSchema,
  name: z.string(),
  description: z.string(),
  rights: z.array(z.string()),
  version: z.int(),
  createdAt: instant,
  changedAt: instant,
});
export type CustomRoleView = z.output<typeof customRoleView>;
export const customRoleList = z.object({ roles: z.array(customRoleView) });

export const customRoleDetail = customRoleView.extend({
  /** Versions, newest first, at most 50. `digest`: SHA-256 in the ledger entry of the version. */
  versions: z.array(
    z.object({
      version: z.int(),
      name: z.string(),
      description: z.string(),
      rights: z.array(z.string()),
      digest: z.string(),
      changedBy: z.string(),
      at: instant,
    }),
  ),
  /** Grants of the role. `invited`: the person has not used the invitation yet. */
  grants: z.array(
    z.object({
      account: accountIdSchema,
      name: z.string(),
      group: z.string().nullable(),
      area: z.string().nullable(),
      invited: z.boolean(),
      source: z.enum(['manual', 'provider']),
    }),
  ),
  /** API tokens that are limited to the role. */
  tokens: z.array(z.object({ id: z.string(), name: z.string(), account: accountIdSchema })),
  /** Groups of the identity provider that give the role. */
  providerGroups: z.array(z.string()),
});
export type CustomRoleDetail = z.output<typeof customRoleDetail>;

export const rightCatalogView = z.object({
  areas: z.array(
    z.object({
      /** Area of work, such as "Devices". */
      title: z.string(),
      rights: z.array(
        z.object({
          name: z.string(),
          text: z.string(),
          /** Built-in roles that have the right. */
          roles: z.array(z.enum(ROLES)),
          /** Reason for which a custom role cannot contain the right; null if it can. */
          excluded: z.string().nullable(),
          /** True if a grant for a group or an area does not give the right. */
          whole: z.boolean(),
        }),
      ),
    }),
  ),
});
export type RightCatalog = z.output<typeof rightCatalogView>;
