/** Sign-in with an identity provider (OpenID Connect). */
import { z } from 'zod';
import { sessionView } from './session.ts';
import { instant } from './wire.ts';

/**
 * Path of the console's page to which the provider redirects the browser. The page sends the response to the API from its own origin, so the
 * session cookies can stay `SameSite=Strict`.
 */
export const PROVIDER_PATH = '/sign-in/provider';

/** Name of the cookie that binds an unfinished sign-in to the browser that began it. */
export const providerCookieName = (secure: boolean): string => (secure ? '__Host-cordon_provider' : 'cordon_provider');

export const providerView = z.object({
  /** Identity provider; null if the installation has none. */
  provider: z
    .object({
      name: z.string(),
      /** Origin of the console at which the sign-in works, because the provider redirects only to this address. */
      origin: z.string(),
      /** True if only owners may sign in with a password. */
      only: z.boolean(),
      signOutUrl: z.string().nullable(),
    })
    .nullable(),
});

export const providerRedirect = z.object({ url: z.string() });

/** Query of the redirect URI, exactly as the provider sent it. */
export const providerResponse = z.strictObject({ response: z.string().min(1).max(8192) });

export const providerResult = z.object({
  purpose: z.enum(['sign-in', 'step-up', 'link']),
  /** The new session after a sign-in; otherwise null. */
  session: sessionView.nullable(),
  /** Time of the confirmation after a step-up; otherwise null. */
  authenticatedAt: instant.nullable(),
});
