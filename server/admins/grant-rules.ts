/** Rules about single grants of accounts. */
import type { Grant, HeldGrant } from './roles.ts';

export const sameGrant = (a: Grant, b: Grant): boolean => a.role === b.role && a.group === b.group && a.area === b.area;

/** True if the account is an owner of the whole installation, with a role that does not come from the identity provider. */
export const isEmergencyOwner = (grants: readonly HeldGrant[]): boolean =>
  grants.some(
    ({ role, group, area, source }) => role === 'owner' && group === null && area === null && source !== 'provider',
  );
