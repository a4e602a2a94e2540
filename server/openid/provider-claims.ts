/** Claims of an ID token and of the UserInfo response, as the identity provider sent them, and their conversion. */
import { z } from 'zod';
import { emailText } from '../../shared/api/accounts.ts';
import { CordonError } from '../../shared/errors.ts';
import { oneLine } from '../../shared/text/visible-text.ts';
import type { ProviderClaims } from '../admins/identity-provider.ts';

const LONGEST_NAME = 120;

/** Providers differ in their optional claims, so each claim of a wrong type counts as absent. */
const claimsSchema = z.object({
  iss: z.string().min(1).max(2048),
  sub: z.string().min(1).max(255),
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

/** True if the ID token lacks claims that the UserInfo endpoint may provide. */
export const needsUserInfo = (claims: Readonly<Record<string, unknown>>, groupsClaim: string): boolean =>
  claims['email'] === undefined || claims[groupsClaim] === undefined;

/**
 * Reads the claims. Throws `provider_refused` if the token contains only a reference to the groups, or groups of a wrong type. Otherwise
 * the person would lose roles without an explanation.
 */
export function readClaims(raw: Readonly<Record<string, unknown>>, groupsClaim: string): ProviderClaims {
  const claims = claimsSchema.parse(raw);
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
  const email = claims.email_verified === false ? null : address;
  const name = oneLine(claims.name ?? claims.preferred_username ?? email ?? claims.sub)
    .trim()
    .slice(0, LONGEST_NAME);
  return {
    identity: { issuer: claims.iss, subject: claims.sub },
    email,
    name: name || claims.sub.slice(0, LONGEST_NAME),
    groups: groups.data,
    authenticatedAt: claims.auth_time === undefined ? null : claims.auth_time * 1000,
  };
}

const refused = (detail: string) => new CordonError('provider_refused', detail);
