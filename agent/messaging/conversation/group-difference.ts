import type { Leaf } from '../../../shared/seal/terms.ts';
import type { Member } from '../members/member.ts';

export interface Difference {
  readonly remove: readonly Leaf[];
  readonly add: readonly Member[];
}

const leafKey = ({ device, generation, signatureKey }: Pick<Leaf, 'device' | 'generation' | 'signatureKey'>) =>
  `${device} ${generation} ${signatureKey}`;

/**
 * Returns the devices to remove from a group and to add to it, so that the group has the current devices (`wanted`) of its people. A device
 * that lost its keys and asks to rejoin is removed and added again. The agent's own device (`own`) is never removed, because only other
 * members can do that.
 */
export function differenceOf(given: {
  readonly leaves: readonly Leaf[];
  readonly own: string;
  readonly wanted: readonly Member[];
  readonly rejoinRequestedBy: readonly { readonly device: string; readonly generation: number }[];
}): Difference {
  const { leaves, own, wanted, rejoinRequestedBy } = given;
  const expected = new Set(wanted.map(leafKey));
  const wantsToRejoin = (leaf: Pick<Leaf, 'device' | 'generation'>) =>
    rejoinRequestedBy.some(({ device, generation }) => device === leaf.device && generation === leaf.generation);
  const remove = leaves.filter((leaf) => leaf.device !== own && (!expected.has(leafKey(leaf)) || wantsToRejoin(leaf)));
  const staying = new Set(leaves.filter((leaf) => !remove.includes(leaf)).map(({ device }) => device));
  return { remove, add: wanted.filter(({ device }) => device !== own && !staying.has(device)) };
}

/**
 * Milliseconds between the turns of two members to change the group. In this time, the commit of one member should reach the next member.
 */
const STEP = 2_000;
const LONGEST = 20_000;

/**
 * Milliseconds that this device waits before a commit that every member could make. Members take turns by their position in the group, and
 * the first does not wait. A later member makes the commit only if all earlier ones are offline. `random` is in [0, 1).
 */
export function waitBeforeChange(
  leaves: readonly Leaf[],
  remove: readonly Leaf[],
  own: string,
  random: number,
): number {
  const able = leaves.filter((leaf) => !remove.includes(leaf)).sort((a, b) => a.leafIndex - b.leafIndex);
  const rank = able.findIndex(({ device }) => device === own);
  return rank <= 0 ? 0 : Math.round(Math.min(LONGEST, rank * STEP) + random * STEP);
}
