/** A custom role decides as a built-in role with the same rights, for all grants and all rights. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ROLES } from '../../shared/api/roles.ts';
import { parseScopeArea } from '../../shared/areas/area-code.ts';
import type { CustomRoleId, GroupId } from '../../shared/protocol/ids.ts';
import { isEmergencyOwner } from './grant-rules.ts';
import { GRANTABLE_RIGHTS, isCustomRight } from './right-catalog.ts';
import { RIGHTS } from './rights.ts';
import { type HeldGrant, limitedGrants, rightsOf, scopeOf } from './roles.ts';

const CUSTOM = 'rol_aaaaaaaaaaaaaaaa' as CustomRoleId;
const grants = fc.array(
  fc.record({
    role: fc.constantFrom(...ROLES),
    group: fc.constantFrom(null, 'grp_aaaaaaaaaaaaaaaa' as GroupId, 'grp_bbbbbbbbbbbbbbbb' as GroupId),
    area: fc.constantFrom(null, ...['FR', 'EU', 'US-CA'].map(parseScopeArea)),
  }),
  { maxLength: 4 },
);
const rightsOfRole = (role: string) =>
  GRANTABLE_RIGHTS.filter((name) => RIGHTS[name].roles.some((each) => each === role));
const decide = (name: (typeof GRANTABLE_RIGHTS)[number], held: readonly HeldGrant[]) => {
  try {
    return scopeOf(name, held);
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

it('decides each right equally, whatever the group and the area', () => {
  fc.assert(
    fc.property(grants, (held) => {
      const copies = held.map((grant) => ({ ...grant, role: CUSTOM, name: 'copy', rights: rightsOfRole(grant.role) }));
      for (const name of GRANTABLE_RIGHTS) expect([name, decide(name, copies)]).toEqual([name, decide(name, held)]);
    }),
    { numRuns: 60 },
  );
});

it('gives exactly the listed rights, and never the powers of an owner', () => {
  const every = GRANTABLE_RIGHTS.filter(isCustomRight);
  fc.assert(
    fc.property(fc.subarray(every), (rights) => {
      const held = [{ role: CUSTOM, group: null, area: null, rights }];
      const given = rightsOf(held).filter((name) => !/^(public|self)$/.test(RIGHTS[name].scope));
      expect(given.sort()).toEqual([...rights].sort());
      expect(isEmergencyOwner(held)).toBe(false);
    }),
  );
  expect(decide('devices.list', [{ role: CUSTOM, group: null, area: null }])).toBe('forbidden');
});

it('a limited token has the rights that both its account and its role have', () => {
  fc.assert(
    fc.property(grants, fc.subarray(GRANTABLE_RIGHTS.filter(isCustomRight)), (held, limit) => {
      const limited = limitedGrants(held, limit);
      for (const name of GRANTABLE_RIGHTS) {
        const expected = limit.includes(name) ? decide(name, held) : 'forbidden';
        expect([name, decide(name, limited)]).toEqual([name, expected]);
      }
    }),
    { numRuns: 60 },
  );
});
