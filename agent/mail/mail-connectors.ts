import { isCordonError } from '../../shared/errors.ts';
import type { Member } from '../messaging/members/member.ts';
import type { Membership } from '../messaging/members/membership.ts';
import type { MailClient } from './mail-client.ts';
import type { MailSenders } from './mail-senders.ts';

/** The organization's mail connectors. */
export interface MailConnectors {
  /** Verified mail connectors, connected ones first. */
  verified(): Promise<readonly Member[]>;
  /** False if the last query found none; null before the first query. */
  exist(): boolean | null;
}

export function createMailConnectors(ports: {
  readonly client: Pick<MailClient, 'connectors'>;
  /** Proof of a current enrollment. The memory of senders would also accept an ended one. */
  readonly membership: Pick<Membership, 'memberOf'>;
  readonly senders: Pick<MailSenders, 'remember'>;
  readonly onFailure: (what: string, error: unknown) => void;
}): MailConnectors {
  const { client, membership, senders } = ports;
  let exist: boolean | null = null;
  return {
    async verified() {
      const members: Member[] = [];
      for (const { device, generation } of await client.connectors()) {
        try {
          const member = await membership.memberOf(device, generation);
          // The server could name any device. Only a certificate of a mail connector makes a device one.
          if (member.mailConnector) members.push(member);
        } catch (error) {
          if (!isCordonError(error, 'unverified_member')) throw error;
          ports.onFailure('verify a mail connector', error);
        }
      }
      senders.remember(members);
      exist = members.length > 0;
      return members;
    },
    exist: () => exist,
  };
}
