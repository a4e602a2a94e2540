import { z } from 'zod';
import { accountIdSchema, groupIdSchema, personIdSchema } from '../protocol/ids.ts';
import { ROLES } from './roles.ts';
import { areaText, instant, personName } from './wire.ts';

/** Maximum length of a password, because the cost of hashing grows with the length. No password manager creates longer passwords. */
export const passwordText = z.string().min(1).max(256);
export const emailText = z
  .string()
  .trim()
  .max(254)
  .regex(/^[^\s@]+@[^\s@]+$/, 'is an e-mail address');

/** Built-in role, or id of a custom role. */
const customRoleId = z
  .string()
  .regex(/^rol_[a-z2-7]{16}$/, `is one of ${ROLES.join(', ')}, or the id of a custom role`)
  .brand<'CustomRoleId'>();
const roleName = z.union([z.enum(ROLES), customRoleId]);

/**
 * Grant of a role to an account. A group limits the role to the group's devices. An area limits the role to the area's orders and to
 * devices with a home area in it. With a group and an area, both limits apply.
 */
export const grantSchema = z.strictObject({
  role: roleName,
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
  /** True if the account has a password and an authenticator. Otherwise, the account holder can sign in only with the identity provider. */
  password: z.boolean(),
  createdAt: instant,
  emailVerifiedAt: instant.nullable(),
  /** Identity with which the account holder signs in at the identity provider; null without one. */
  identity: z.object({ issuer: z.string(), subject: z.string(), linkedAt: instant, signedInAt: instant }).nullable(),
  grants: z.array(
    z.object({
      role: roleName,
      /** Name of a custom role; absent for a built-in role. */
      name: z.string().optional(),
      group: z.string().nullable(),
      area: z.string().nullable(),
      /**
       * Origin of the role. `manual`: an owner granted the role. `provider`: the groups of the identity provider gave the role, and each
       * sign-in updates it.
       */
      source: z.enum(['manual', 'provider']).default('manual'),
    }),
  ),
});
export type AccountView = z.infer<typeof accountView>;

export const accountList = z.object({ accounts: z.array(accountView) });
export const newAccount = z.strictObject({
  email: emailText,
  name: personName,
  grants: z.array(grantSchema).max(20).default([]),
});
export const invitationView = z.object({
  /** Invitation link for the new admin. Null if the server sends mail, because then only the admin's mailbox receives the link. */
  invitation: z.string().nullable(),
  link: z.string().nullable(),
  expiresAt: instant,
  /** E-mail with the invitation link; null if the server sends no mail. `failure` says why the server could not send the e-mail. */
  mail: z.object({ to: z.string(), failure: z.string().nullable() }).nullable(),
});
export type InvitationView = z.infer<typeof invitationView>;
export const invitedAccount = invitationView.extend({ account: accountView });
export const accountChange = z.strictObject({ status: z.enum(['active', 'disabled']) });
const linkToken = z.string().min(20).max(128);
export const accountParams = z.object({ id: accountIdSchema });

/** The token from the mailed link proves that the caller owns the e-mail address. */
export const addressVerification = z.strictObject({ token: linkToken });
export const sentVerification = z.object({
  expiresAt: instant,
  mail: z.object({ to: z.string(), failure: z.string().nullable() }),
});

export const redemption = z.strictObject({
  token: linkToken,
  password: passwordText,
  email: emailText.optional(),
  name: personName.optional(),
});
export const redeemed = z.object({ account: accountView, totpSecret: z.string(), totpUri: z.string() });
