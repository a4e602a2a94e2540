/**
 * Check that a change of a home area or legal seat does not alter which services orders suspend for a device. Otherwise, a second person
 * must confirm the change.
 */
import type { CordonError } from '../../shared/errors.ts';
import type { LocationStatements } from '../orders/impact/location-statements.ts';

type Changes = Parameters<LocationStatements['placements']>[0];

/**
 * Throws an error if the changes alter which services orders suspend for a device. `refusal` creates the error from the identifiers of
 * these orders, such as `2026-001`, and the count of affected devices.
 */
export async function requireNoEffect(
  statements: Pick<LocationStatements, 'placements'>,
  changes: Changes,
  refusal: (orders: readonly string[], devices: number) => CordonError,
): Promise<void> {
  const effects = await statements.placements(changes);
  if (effects.length === 0) return;
  throw refusal([...new Set(effects.map(({ order }) => order))], new Set(effects.map(({ device }) => device)).size);
}
