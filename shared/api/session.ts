import { z } from 'zod';
import { accountIdSchema, customRoleIdSchema } from '../protocol/ids.ts';
import { accountView, emailText, passwordText } from './accounts.ts';
import { passkeyStepUp } from './passkeys.ts';
import { instant } from './wire.ts';

/**
 * Header with the second part of the session secret, which a client such as the console receives at sign-in (`csrf`) and stores for its own
 * origin. The session cookie alone is not enough, because browsers send a cookie to every port of a host, where another program may read
 * it.
 */
export const CSRF_HEADER = 'x-cordon-csrf';
/** Header of a request that the console sends by itself while the admin is inactive. The request does not extend the session. */
export const BACKGROUND_HEADER = 'x-cordon-background';
const SESSION_COOKIE_NAME = 'cordon_session';
/**
 * Name of the session cookie. With the prefix `__Host-`, the browser accepts the cookie only over HTTPS and only from this host (RFC
 * 6265bis).
 */
export const sessionCookieName = (secure: boolean): string =>
  secure ? `__Host-${SESSION_COOKIE_NAME}` : SESSION_COOKIE_NAME;

/**
 * Name of the cookie that marks a browser in which an account has signed in. A marked browser has its own limit of sign-in attempts, so
 * that strangers cannot lock out the account's holder. The cookie gives no access.
 */
export const browserCookieName = (secure: boolean): string => (secure ? '__Host-cordon_browser' : 'cordon_browser');

export const signIn = z.strictObject({
  email: emailText,
  password: passwordText,
  totp: z
    .string()
    .regex(/^\d{6}$/, 'is six digits')
    .optional(),
  /** Recovery code instead of the authenticator code. Each works once. */
  recoveryCode: z.string().min(1).max(40).optional(),
});
const totpCode = z.string().regex(/^\d{6}$/, 'is six digits');
export const stepUp = z.union([z.strictObject({ totp: totpCode }), passkeyStepUp]);
export const steppedUp = z.object({ authenticatedAt: instant });
export const sessionView = z.object({
  account: accountView,
  via: z.enum(['session', 'token']),
  /** True if the installation requires passkeys and the account has none. The session can then only register a passkey. */
  passkeyPending: z.boolean(),
  /**
   * Second part of the session secret, which the client sends in the header `CSRF_HEADER`. The first part is the session cookie. Null
   * except in the sign-in response.
   */
  csrf: z.string().nullable(),
  expiresAt: instant.nullable(),
  /** Time at which the admin last entered credentials; null for a request with a token. */
  authenticatedAt: instant.nullable(),
  /** Rights of the account, listed in `server/admins/roles.ts`. A right may be limited to groups or areas. */
  rights: z.array(z.string()),
});

export const openSession = z.object({
  id: z.string(),
  account: accountIdSchema,
  createdAt: instant,
  lastUsedAt: instant,
  expiresAt: instant,
  address: z.string(),
  userAgent: z.string(),
  current: z.boolean(),
});
export const sessionList = z.object({ sessions: z.array(openSession) });
export const sessionParams = z.object({ id: z.string().max(64) });

export const tokenView = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: instant,
  expiresAt: instant.nullable(),
  /** Whether the token may perform destructive actions without a step-up sign-in. */
  destructive: z.boolean(),
  /** Custom role to whose rights the token is limited; null for all rights of its account. */
  role: customRoleIdSchema.nullable(),
  lastUsedAt: instant.nullable(),
  lastAddress: z.string().nullable(),
});
export const accessView = z.object({
  sessions: z.array(openSession),
  tokens: z.array(tokenView.extend({ account: accountIdSchema })),
});
export const endedAccess = z.object({ sessions: z.int(), tokens: z.int() });
export const tokenList = z.object({ tokens: z.array(tokenView) });
export const newToken = z.strictObject({
  name: z.string().trim().min(1).max(120),
  expiresInDays: z.int().min(1).max(3650).nullable().default(90),
  /**
   * Permission to wipe, unenroll and revoke devices and to change roles. A token cannot enter an authenticator code, so it needs this
   * permission instead.
   */
  destructive: z.boolean().default(false),
  /** Custom role to whose rights the token is limited. The token never has more rights than its account. Null for all rights. */
  role: customRoleIdSchema.nullable().default(null),
});
export const createdToken = tokenView.extend({ secret: z.string() });
export const tokenParams = z.object({ id: z.string().max(64) });
