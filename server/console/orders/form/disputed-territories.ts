/** Disputed territories in the areas of a draft, and their assignment in the form. Pure. */
import type { NamedAreaView } from '../../../../shared/api/areas.ts';
import { homeAreaOrNull, membersOf, type Territory } from '../../../../shared/areas/area-code.ts';
import { CONTESTED, type TerritoryMap, territoriesTouched } from '../../../../shared/areas/territory-policy.ts';

/** `own`: the named areas of the installation, in their current versions. */
export function territoriesOf(areas: readonly string[], own: readonly NamedAreaView[]): Territory[] {
  const codes = areas.flatMap((code) => {
    const named = own.find((area) => area.code === code);
    return named?.members ?? named?.polygon?.touches ?? [code];
  });
  return territoriesTouched(codes.flatMap((code) => membersOf(code) ?? homeAreaOrNull(code) ?? []));
}

/**
 * Assignments of disputed territories in the form. An existing assignment does not change. Other territories start with the policy's
 * assignment, so that the proposal contains what the admin saw. Without a known `policy`, the server assigns them.
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
