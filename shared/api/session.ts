/** Signing in and out, and tokens for scripts. */
import { z } from 'zod';
import { accountView, emailText, passwordText } from './accounts.ts';
import { instant } from './wire.ts';

/** The header in which a browser proves that a request is its own page's: the value is the session's `csrf`. */
export const CSRF_HEADER = 'x-cordon-csrf';
export const SESSION_COOKIE = 'cordon_session';

export const signIn = z.strictObject({
  email: emailText,
  password: passwordText,
  totp: z
    .string()
    .regex(/^\d{6}$/, 'is six digits')
    .optional(),
});
const totpCode = z.string().regex(/^\d{6}$/, 'is six digits');
export const stepUp = z.strictObject({ totp: totpCode });
export const steppedUp = z.object({ authenticatedAt: instant });
export const sessionView = z.object({
  account: accountView,
  via: z.enum(['session', 'token']),
  /** Null with a token: it needs none. */
  csrf: z.string().nullable(),
  expiresAt: instant.nullable(),
  /** When the holder of the session last gave an authenticator code; null with a token. */
  authenticatedAt: instant.nullable(),
  /** What the grants of this moment let one do, perhaps for some groups or areas only: names of the server's table. */
  rights: z.array(z.string()),
});

export const tokenView = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: instant,
  expiresAt: instant.nullable(),
  /** The token may perform destructive actions without a step-up sign-in. */
  destructive: z.boolean(),
});
export const tokenList = z.object({ tokens: z.array(tokenView) });
export const newToken = z.strictObject({
  name: z.string().trim().min(1).max(120),
  expiresInDays: z.int().min(1).max(3650).nullable().default(90),
  /** Lets the token wipe, unenroll and revoke devices, and change grants: a token cannot give an authenticator code. */
  destructive: z.boolean().default(false),
});
export const createdToken = tokenView.extend({ secret: z.string() });
export const tokenParams = z.object({ id: z.string().max(64) });
