/** Roles from the groups of the identity provider. The functions are pure. */

import { sameGrant } from './grant-rules.ts';
import type { RoleMapping } from './identity-provider.ts';
import type { Account } from './ports.ts';
import type { Grant } from './roles.ts';

/** Maximum duration of a session in milliseconds. */
export const SESSION_LASTS = 12 * 3_600_000;

/**
 * Milliseconds after the last sign-in with the provider during which the provider's roles count. A person who left the organization cannot
 * sign in there again, so a password or an API token of this person gives no role from the provider.
 */
export const PROVIDER_ROLES_LAST = { session: SESSION_LASTS, token: 30 * 86_400_000 } as const;

/** Grants that the mapping gives to these groups, without duplicates. Group names must match exactly. */
export function grantsOfGroups(groups: readonly string[], mapping: readonly RoleMapping[]): Grant[] {
  const present = new Set(groups);
  const grants: Grant[] = [];
  for (const { providerGroup, role, group, area } of mapping) {
    const grant: Grant = { role, group, area };
    if (present.has(providerGroup) && !grants.some((other) => sameGrant(other, grant))) grants.push(grant);
  }
  return grants;
}

/** Returns the account without the provider's roles if its holder has not signed in with the provider during `lasts` milliseconds. */
export function withoutStaleRoles(account: Account, now: number, lasts: number): Account {
  const { identity, grants } = account;
  if (identity !== null && now - identity.signedInAt < lasts) return account;
  return { ...account, grants: grants.filter(({ source }) => source !== 'provider') };
}
