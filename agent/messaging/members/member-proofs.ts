import { CordonError, isCordonError } from '../../../shared/errors.ts';
import type { ApproverSet } from '../../../shared/order/approvers.ts';
import { membersResponse } from '../../../shared/protocol/device-http.ts';
import type { LedgerWatch } from './ledger-watch.ts';
import type { Member } from './member.ts';
import type { About } from './member-cache.ts';
import { verifyMember } from './member-proof.ts';
import type { MembershipClient } from './membership-client.ts';

export interface MemberProofPorts {
  readonly installation: string;
  readonly client: Pick<MembershipClient, 'askLater'>;
  readonly watch: Pick<LedgerWatch, 'newest' | 'accept'>;
  /** Called when the server presents a device as a member that the organization has not confirmed. */
  readonly raiseGhost: (detail: string) => void;
}

/**
 * Query for the member devices of conversations. The server must prove that the organization confirmed each device's messaging key. A
 * device with an invalid proof is left out of the result and causes an alert.
 */
export interface MemberProofs {
  fetch(about: About, approverSet: ApproverSet): Promise<readonly Member[]>;
}

export function createMemberProofs({ installation, client, watch, raiseGhost }: MemberProofPorts): MemberProofs {
  /**
   * Leaves out each device for which the server shows several keys, and raises an alert. An honest server shows only one enrollment and one
   * key per device.
   */
  function onePerDevice(members: readonly Member[]): Member[] {
    return [...Map.groupBy(members, ({ device }) => device)].flatMap(([device, proven]) => {
      if (proven.length === 1) return proven;
      raiseGhost(
        `The server shows several messaging keys of ${device} at the same time. The device trusts none of them.`,
      );
      return [];
    });
  }

  return {
    async fetch(about, approverSet) {
      const known = watch.newest();
      const { members: proofs } = membersResponse.parse(await client.askLater('POST', '/device/members', about));
      const [first] = proofs;
      if (!first) return [];
      const { checkpoint: note, key } = first.certified;
      const tree = await watch.accept({ note, key }, known);
      const members: Member[] = [];
      for (const proof of proofs) {
        try {
          if ([proof.certified, proof.countersigned].some(({ checkpoint }) => checkpoint !== note)) {
            throw new CordonError(
              'unverified_member',
              'The server uses several ledger trees in one response about members.',
            );
          }
          members.push(await verifyMember(proof, { installation, approverSet, tree }));
        } catch (error) {
          if (!isCordonError(error, 'unverified_member')) throw error;
          raiseGhost(error.message);
        }
      }
      return onePerDevice(members);
    },
  };
}
