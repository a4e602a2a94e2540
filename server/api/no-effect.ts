/** Check that a change of home or seat, which one admin makes alone, changes no device's verdict. */
import type { CordonError } from '../../shared/errors.ts';
import type { LocationStatements } from '../orders/impact/location-statements.ts';

type Changes = Parameters<LocationStatements['placements']>[0];

/**
 * Throws the error of `refusal` if the changes alter the verdict for a device, because such a change needs a second person. `refusal`
 * receives the numbers of the orders and the number of devices.
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
