/** Roles from the groups of the identity provider. Pure. */
import type { RoleMapping } from './identity-provider.ts';
import type { Account } from './ports.ts';
import { type Grant, sameGrant } from './roles.ts';

/**
 * Milliseconds after a sign-in with the provider during which API tokens have the roles from the provider. A person who left the
 * organization cannot sign in again, so the tokens of this person lose their roles.
 */
export const PROVIDER_ROLES_LAST = 30 * 86_400_000;

/** Grants that the mapping gives for these groups, each one once. Names of groups are compared exactly. */
export function grantsOfGroups(groups: readonly string[], mapping: readonly RoleMapping[]): Grant[] {
  const present = new Set(groups);
  const grants: Grant[] = [];
  for (const { providerGroup, role, group, area } of mapping) {
    const grant: Grant = { role, group, area };
    if (present.has(providerGroup) && !grants.some((other) => sameGrant(other, grant))) grants.push(grant);
  }
  return grants;
}

/** The account as a token may use it: without the provider's roles if the holder has not signed in for a long time. */
export function withoutStaleRoles(account: Account, now: number): Account {
  const { identity, grants } = account;
  if (identity !== null && now - identity.signedInAt < PROVIDER_ROLES_LAST) return account;
  return { ...account, grants: grants.filter(({ source }) => source !== 'provider') };
}
