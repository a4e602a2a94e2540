/** Accounts, their grants and invitations. */
import { z } from 'zod';
import { accountIdSchema, groupIdSchema, personIdSchema } from '../protocol/ids.ts';
import { ROLES } from './roles.ts';
import { areaText, instant, personName } from './wire.ts';

/** Longer than any password manager's: bounded, since hashing costs by length. */
export const passwordText = z.string().min(1).max(256);
export const emailText = z
  .string()
  .trim()
  .max(254)
  .regex(/^[^\s@]+@[^\s@]+$/, 'is an e-mail address');

/** A group limits a role to its devices, an area to its orders and to devices at home there; both: what is in both; neither: everything. */
export const grantSchema = z.strictObject({
  role: z.enum(ROLES),
  group: groupIdSchema.nullable().default(null),
  area: areaText.nullable().default(null),
});

export const accountView = z.object({
  id: accountIdSchema,
  person: personIdSchema,
  email: z.string(),
  name: z.string(),
  status: z.enum(['active', 'disabled']),
  ready: z.boolean(),
  createdAt: instant,
  grants: z.array(z.object({ role: z.enum(ROLES), group: z.string().nullable(), area: z.string().nullable() })),
});
export type AccountView = z.infer<typeof accountView>;

export const accountList = z.object({ accounts: z.array(accountView) });
export const newAccount = z.strictObject({
  email: emailText,
  name: personName,
  grants: z.array(grantSchema).max(20).default([]),
});
export const invitationView = z.object({ invitation: z.string(), link: z.string(), expiresAt: instant });
export const invitedAccount = invitationView.extend({ account: accountView });
export const accountChange = z.strictObject({ status: z.enum(['active', 'disabled']) });
export const accountParams = z.object({ id: accountIdSchema });

export const redemption = z.strictObject({
  token: z.string().min(20).max(128),
  password: passwordText,
  /** The first owner's only: whoever is invited has both already. */
  email: emailText.optional(),
  name: personName.optional(),
});
export const redeemed = z.object({ account: accountView, totpSecret: z.string(), totpUri: z.string() });
