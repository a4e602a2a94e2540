/** Claims of an ID token and of the UserInfo response, as the identity provider sent them, and their conversion. */
import { z } from 'zod';
import { emailText } from '../../shared/api/accounts.ts';
import { CordonError } from '../../shared/errors.ts';
import { oneLine } from '../../shared/text/visible-text.ts';
import type { ProviderClaims } from '../admins/identity-provider.ts';

const LONGEST_NAME = 120;
/** Maximum difference between the clocks of server and provider, in milliseconds. */
const CLOCK_SKEW = 60_000;

/** Providers differ in their optional claims, so each claim of a wrong type counts as absent. */
const claimsSchema = z.object({
  iss: z.string().min(1).max(2048),
  /** The store could not keep a control character or half of a surrogate pair, or would keep two subjects as one. */
  sub: z
    .string()
    .min(1)
    .max(255)
    .refine((subject) => subject.isWellFormed() && !/\p{Cc}/u.test(subject)),
  email: emailText.optional().catch(undefined),
  email_verified: z.unknown().optional(),
  preferred_username: z.string().max(254).optional().catch(undefined),
  name: z.string().max(1000).optional().catch(undefined),
  auth_time: z.number().int().positive().optional().catch(undefined),
  _claim_names: z.record(z.string(), z.unknown()).optional().catch(undefined),
});

/** Groups of a person; some providers send a single group as text. Longer lists than any directory's limit are refused. */
const groupsSchema = z.union([
  z.array(z.string().max(1000)).max(5000),
  z
    .string()
    .max(1000)
    .transform((group) => [group]),
]);

/** Values that providers send for a verified address. Without the claim, an address counts as verified, because many directories omit it. */
const isVerified = (value: unknown): boolean => value === undefined || value === true || value === 'true';

/**
 * Claims of the ID token, completed from the UserInfo response. The address and its verification come from the same source, so that one
 * source cannot verify the address of the other.
 */
export function joinClaims(
  token: Readonly<Record<string, unknown>>,
  userInfo: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { email, email_verified } = token['email'] === undefined && userInfo['email'] !== undefined ? userInfo : token;
  return { ...userInfo, ...token, email, email_verified };
}

/** True if the ID token lacks claims that the UserInfo endpoint may provide. */
export const needsUserInfo = (claims: Readonly<Record<string, unknown>>, groupsClaim: string): boolean =>
  claims['email'] === undefined || claims[groupsClaim] === undefined;

/**
 * Reads the claims. Throws `provider_refused` if the token contains only a reference to the groups, or groups of a wrong type. Otherwise
 * the person would lose roles without an explanation.
 */
export function readClaims(
  raw: Readonly<Record<string, unknown>>,
  { groupsClaim, now }: { readonly groupsClaim: string; readonly now: number },
): ProviderClaims {
  const parsed = claimsSchema.safeParse(raw);
  if (!parsed.success)
    throw refused(
      'The claim iss or sub is missing, too long, or contains a control character. Set the provider to send a subject of at most 255 printable characters.',
    );
  const claims = parsed.data;
  if (claims._claim_names?.[groupsClaim] !== undefined) {
    throw refused(
      'The person is in too many groups for one token. Set the provider to send only groups of this application.',
    );
  }
  const groups = groupsSchema.safeParse(raw[groupsClaim] ?? []);
  if (!groups.success)
    throw refused(`The claim ${groupsClaim} is not a list of group names. Correct the provider's claim.`);
  // If there is no claim `email`, the address is taken from the sign-in name, which is usually an address.
  const address = claims.email ?? emailText.safeParse(claims.preferred_username).data ?? null;
  const email = isVerified(claims.email_verified) ? address : null;
  const name = oneLine(claims.name ?? claims.preferred_username ?? email ?? claims.sub)
    .trim()
    .slice(0, LONGEST_NAME);
  return {
    identity: { issuer: claims.iss, subject: claims.sub },
    email,
    name: name || claims.sub.slice(0, LONGEST_NAME),
    groups: groups.data,
    authenticatedAt: past(claims.auth_time, now),
  };
}

/**
 * Time of the person's last sign-in at the provider; null if it is unknown. A time in the future, such as one in milliseconds, would make each
 * sign-in look recent.
 */
function past(authTime: number | undefined, now: number): number | null {
  if (authTime === undefined || authTime * 1000 > now + CLOCK_SKEW) return null;
  return authTime * 1000;
}

const refused = (detail: string) => new CordonError('provider_refused', detail);
