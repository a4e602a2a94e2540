/** Disputed territories in the areas of a draft, and their assignment to countries. The functions are pure. */
import type { NamedAreaView } from '../../../../shared/api/areas.ts';
import { homeAreaOrNull, membersOf, type Territory } from '../../../../shared/areas/area-code.ts';
import { CONTESTED, type TerritoryMap, territoriesOverlapping } from '../../../../shared/areas/territory-policy.ts';

export function territoriesOf(areas: readonly string[], own: readonly NamedAreaView[]): Territory[] {
  const codes = areas.flatMap((code) => {
    const named = own.find((area) => area.code === code);
    return named?.members ?? named?.polygon?.touches ?? [code];
  });
  return territoriesOverlapping(codes.flatMap((code) => membersOf(code) ?? homeAreaOrNull(code) ?? []));
}

/**
 * Assignments of disputed territories. Existing assignments stay. A territory that is new in the form gets the assignment of the policy, so
 * that the proposal contains the choices that the admin saw.
 */
export function assignmentsFor(
  touched: readonly Territory[],
  own: Readonly<Record<string, string>>,
  policy: TerritoryMap | undefined,
): Record<string, string> {
  const assignments = touched.map((feature) => {
    const choice = own[feature] ?? (policy && (policy.get(feature) ?? CONTESTED));
    return choice === undefined ? [] : [[feature, choice] as const];
  });
  return Object.fromEntries(assignments.flat());
}
