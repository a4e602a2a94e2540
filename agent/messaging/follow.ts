/** Who is in a conversation's group and who should be: what to change, and whose turn it is. Decides; changes nothing. */
import type { Leaf } from '../../shared/seal/terms.ts';
import type { Member } from './membership.ts';

export interface Difference {
  readonly remove: readonly Leaf[];
  readonly add: readonly Member[];
}

const spelled = ({ device, generation, signatureKey }: Pick<Leaf, 'device' | 'generation' | 'signatureKey'>) =>
  `${device} ${generation} ${signatureKey}`;

/**
 * Devices that are enrolled no more, or anew, go; those that came, come; those that have lost the state and ask go and come. Oneself stays: what a
 * device hears of itself is for others to act on.
 */
export function differenceOf(given: {
  readonly leaves: readonly Leaf[];
  readonly own: string;
  readonly wanted: readonly Member[];
  readonly asking: readonly { readonly device: string; readonly generation: number }[];
}): Difference {
  const { leaves, own, wanted, asking } = given;
  const should = new Set(wanted.map(spelled));
  const asks = (leaf: Pick<Leaf, 'device' | 'generation'>) =>
    asking.some(({ device, generation }) => device === leaf.device && generation === leaf.generation);
  const remove = leaves.filter((leaf) => leaf.device !== own && (!should.has(spelled(leaf)) || asks(leaf)));
  const staying = new Set(leaves.filter((leaf) => !remove.includes(leaf)).map(({ device }) => device));
  return { remove, add: wanted.filter(({ device }) => device !== own && !staying.has(device)) };
}

/** One step of waiting: long enough that the commit of whoever was before has come. Milliseconds. */
const STEP = 2_000;
const LONGEST = 20_000;

/**
 * How long this device waits before it makes a change that anyone of them could make. The one whose place comes first does so at once, the others
 * when it has not been done by then: it may be offline. `random` is in [0, 1).
 */
export function patienceOf(leaves: readonly Leaf[], remove: readonly Leaf[], own: string, random: number): number {
  const able = leaves.filter((leaf) => !remove.includes(leaf)).sort((a, b) => a.leafIndex - b.leafIndex);
  const turn = able.findIndex(({ device }) => device === own);
  return turn <= 0 ? 0 : Math.round(Math.min(LONGEST, turn * STEP) + random * STEP);
}
