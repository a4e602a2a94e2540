/**
 * Check that an admin's change of a home or legal seat changes no device's verdict. If a verdict changes, a second person must confirm the
 * change.
 */
import type { CordonError } from '../../shared/errors.ts';
import type { LocationStatements } from '../orders/impact/location-statements.ts';

type Changes = Parameters<LocationStatements['placements']>[0];

/**
 * Throws an error if the changes alter the verdict for a device. `refusal` creates the error from the numbers of the orders and the number
 * of devices.
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
