import { expect, it } from 'vitest';
import { parseScopeArea } from '../../shared/areas/area-code.ts';
import type { AccountId, PersonId } from '../../shared/protocol/ids.ts';
import type { RoleMapping } from './identity-provider.ts';
import type { Account } from './ports.ts';
import { grantsOfGroups, withoutStaleRoles } from './provider-roles.ts';

const FLEET = { role: 'fleet', group: null, area: null } as const;
const LEGAL = { role: 'legal', group: null, area: null } as const;
const FRANCE = { role: 'helpdesk', group: null, area: parseScopeArea('FR') } as const;
const MAPPING: readonly RoleMapping[] = [
  { providerGroup: 'Fleet', ...FLEET },
  { providerGroup: 'IT', ...FLEET },
  { providerGroup: 'IT', ...LEGAL },
  { providerGroup: 'desk', ...FRANCE },
];

it.each([
  ['no groups', [], []],
  ['an unmapped group', ['kitchen'], []],
  ['another case of the name', ['fleet'], []],
  ['one group', ['Fleet'], [FLEET]],
  ['a group whose role has an area', ['desk'], [FRANCE]],
  ['two groups with the same role', ['Fleet', 'IT'], [FLEET, LEGAL]],
])('%s', (_name, groups, grants) => {
  expect(grantsOfGroups(groups, MAPPING)).toEqual(grants);
});

it.each([
  ['just before the limit', 9_999, ['legal', 'fleet']],
  ['at the limit', 10_000, ['legal']],
])('an account has the roles from the provider %s after the last sign-in', (_name, after, roles) => {
  const account: Account = {
    id: 'acc_a' as AccountId,
    person: 'per_a' as PersonId,
    email: 'a@example.org',
    name: 'A',
    status: 'active',
    ready: true,
    password: false,
    createdAt: 0,
    emailVerifiedAt: null,
    identity: { issuer: 'https://login.example.org', subject: 'a', linkedAt: 0, signedInAt: 1_000 },
    grants: [LEGAL, { ...FLEET, source: 'provider' }],
  };
  expect(withoutStaleRoles(account, 1_000 + after, 10_000).grants.map(({ role }) => role)).toEqual(roles);
});
