import { isCordonError } from '../../shared/errors.ts';
import type { Member } from '../messaging/members/member.ts';
import type { Membership } from '../messaging/members/membership.ts';
import type { MailClient } from './mail-client.ts';
import type { MailSenders } from './mail-senders.ts';

/** The organization's mail connectors, as this device has verified them. */
export interface MailConnectors {
  /** Verified mail connectors, connected ones first. */
  verified(): Promise<readonly Member[]>;
  /** True if the last query found a verified mail connector, false if it found none. Null before the first query. */
  exist(): boolean | null;
}

export function createMailConnectors(ports: {
  readonly client: Pick<MailClient, 'connectors'>;
  /** Proof that the connector's enrollment is current. The stored senders (`MailSenders`) would also accept an ended enrollment. */
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
          // The server could name any device as a mail connector. The device therefore requires a mail connector's certificate.
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
