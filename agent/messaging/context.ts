/** What every part of messaging works with. Made once in `engine.ts`; no part keeps anything that is not in the store and may not be lost. */
import { isCordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Authenticate, Leaf, Self } from '../../shared/seal/terms.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { Claims } from './claims.ts';
import type { DeviceService } from './device-service.ts';
import type { KeyPackageStock } from './key-package-stock.ts';
import type { Member, Membership } from './membership.ts';
import type { MessageStore } from './message-store.ts';
import type { Posts } from './posts.ts';
import type { ConversationRecord, Named, Records } from './records.ts';
import type { Vault } from './vault.ts';

export interface Context {
  readonly device: DeviceId;
  readonly generation: number;
  readonly store: MessageStore;
  readonly vault: Vault;
  readonly records: Records;
  readonly membership: Membership;
  readonly service: DeviceService;
  readonly posts: Posts;
  readonly stock: KeyPackageStock;
  readonly claims: Claims;
  readonly self: () => Self;
  /** Whose device this is, as the server's certificate says. Throws `unavailable` before there is one. */
  readonly own: () => Named;
  /** The device's time: of what people write. */
  readonly now: () => Instant;
  /** Real time: of key packages, requests and waiting. */
  readonly realNow: () => number;
  /** Real milliseconds that missing data of a conversation may take to arrive. */
  readonly patience: number;
  /** Shows the user something that cannot wait until the conversation is opened. */
  readonly announce: (conversation: string, text: string) => void;
  /** Tells the organisation, once an event. */
  readonly alarm: (code: string, detail: string, event: string) => void;
}

export interface Roster {
  readonly authenticate: Authenticate;
  /** The people behind these leaves, all of whom were vouched for. */
  of(leaves: readonly Leaf[]): readonly Member[];
}

/** Asks membership for each newcomer, and remembers who it is. `known`: who was vouched for before. */
export function rosterOf(membership: Membership, known: readonly Member[]): Roster {
  const members = new Map(known.map((member) => [spelled(member), member]));
  return {
    async authenticate({ device, generation, signatureKey }) {
      try {
        const member = await membership.proofOf(device, generation, signatureKey);
        members.set(spelled(member), member);
        return true;
      } catch (error) {
        // Membership has raised its alarm. What could not be found out is another matter, and is thrown.
        if (isCordonError(error, 'ghost_member')) return false;
        throw error;
      }
    },
    of: (leaves) =>
      leaves.flatMap((leaf) => {
        const member = members.get(spelled(leaf));
        return member ? [member] : [];
      }),
  };
}

const spelled = ({ device, generation, signatureKey }: Omit<Leaf, 'leafIndex'>) =>
  `${device} ${generation} ${signatureKey}`;

export const peopleOf = (members: readonly Member[]): Named[] => [
  ...new Map(members.map(({ person, name }) => [person, { person, name }])).values(),
];

/** Each once, by the newest name. */
export const together = (...groups: readonly (readonly Named[])[]): Named[] => [
  ...new Map(groups.flat().map(({ person, name }) => [person, { person, name }])).values(),
];

/** The devices that a post goes to. */
export const othersIn = (context: Pick<Context, 'device'>, { members }: Pick<ConversationRecord, 'members'>) =>
  members.map(({ device }) => device).filter((device) => device !== context.device);
