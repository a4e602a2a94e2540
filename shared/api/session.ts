/** Signing in and out, and tokens for scripts. */
import { z } from 'zod';
import { accountIdSchema } from '../protocol/ids.ts';
import { accountView, emailText, passwordText } from './accounts.ts';
import { instant } from './wire.ts';

/**
 * A session has two halves. A browser sends the cookie to every port of its host, so other programs on that host may see it. The other half (`csrf`) is
 * given once, at sign-in. The page keeps it in storage of its own origin, port included, and sends it in this header with every request.
 */
export const CSRF_HEADER = 'x-cordon-csrf';
/** On a request that no admin caused, such as a page's own polling: it does not keep the session alive. */
export const BACKGROUND_HEADER = 'x-cordon-background';
const SESSION_COOKIE_NAME = 'cordon_session';
/** Over HTTPS, the browser itself refuses this cookie from other hosts and from plain HTTP (RFC 6265bis, `__Host-`). */
export const sessionCookieName = (secure: boolean): string =>
  secure ? `__Host-${SESSION_COOKIE_NAME}` : SESSION_COOKIE_NAME;

/** Marks a browser in which an account signed in before; it opens nothing. */
export const browserCookieName = (secure: boolean): string => (secure ? '__Host-cordon_browser' : 'cordon_browser');

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
  /** The page's half of the session: in the response to the sign-in only, null in every other one. */
  csrf: z.string().nullable(),
  expiresAt: instant.nullable(),
  /** When the admin last gave credentials in this session; null with a token. */
  authenticatedAt: instant.nullable(),
  /** What the grants of this moment let one do, perhaps for some groups or areas only: names of the server's table. */
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
  /** True for the session that asks. */
  current: z.boolean(),
});
export const sessionList = z.object({ sessions: z.array(openSession) });
export const sessionParams = z.object({ id: z.string().max(64) });

export const tokenView = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: instant,
  expiresAt: instant.nullable(),
  /** The token may perform destructive actions without a step-up sign-in. */
  destructive: z.boolean(),
  lastUsedAt: instant.nullable(),
  lastAddress: z.string().nullable(),
});
/** Every session and token of the installation, for owners. */
export const accessView = z.object({
  sessions: z.array(openSession),
  tokens: z.array(tokenView.extend({ account: accountIdSchema })),
});
export const endedAccess = z.object({ sessions: z.int(), tokens: z.int() });
export const tokenList = z.object({ tokens: z.array(tokenView) });
export const newToken = z.strictObject({
  name: z.string().trim().min(1).max(120),
  expiresInDays: z.int().min(1).max(3650).nullable().default(90),
  /** Lets the token wipe, unenroll and revoke devices, and change grants: a token cannot give an authenticator code. */
  destructive: z.boolean().default(false),
});
export const createdToken = tokenView.extend({ secret: z.string() });
export const tokenParams = z.object({ id: z.string().max(64) });
