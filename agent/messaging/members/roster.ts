import { isCordonError } from '../../../shared/errors.ts';
import type { Authenticate, Leaf } from '../../../shared/seal/terms.ts';
import type { PersonName } from '../conversation/records.ts';
import type { Member } from './member.ts';
import type { Membership } from './membership.ts';

export interface Roster {
  readonly authenticate: Authenticate;
  of(leaves: readonly Leaf[]): readonly Member[];
}

/** Creates the list of a group's verified members. `known`: members that were verified before. */
export function createRoster(membership: Pick<Membership, 'proofOf'>, known: readonly Member[]): Roster {
  const members = new Map(known.map((member) => [leafKey(member), member]));
  return {
    async authenticate({ device, generation, signatureKey }) {
      try {
        const member = await membership.proofOf(device, generation, signatureKey);
        members.set(leafKey(member), member);
        return true;
      } catch (error) {
        // After `unverified_member`, `membership` has already raised the alert. Any other error means that the verification could not run.
        if (isCordonError(error, 'unverified_member')) return false;
        throw error;
      }
    },
    of: (leaves) => leaves.flatMap((leaf) => members.get(leafKey(leaf)) ?? []),
  };
}

const leafKey = ({ device, generation, signatureKey }: Omit<Leaf, 'leafIndex'>) =>
  `${device} ${generation} ${signatureKey}`;

/** Each person appears once, with the name from the last list that contains the person. */
export const mergePeople = (...groups: readonly (readonly PersonName[])[]): PersonName[] => [
  ...new Map(groups.flat().map(({ person, name }) => [person, { person, name }])).values(),
];

export const peopleOf = (members: readonly Member[]): PersonName[] => mergePeople(members);
