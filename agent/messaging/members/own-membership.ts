import { CordonError } from '../../../shared/errors.ts';
import type { ApproverSet } from '../../../shared/order/approvers.ts';
import type { Signer } from '../../../shared/order/dsse.ts';
import { judgeMessagingCertificate, signMessagingKey } from '../../../shared/order/messaging-certificate.ts';
import { messagingKeyResponse } from '../../../shared/protocol/device-http.ts';
import type { DeviceId } from '../../../shared/protocol/ids.ts';
import type { Instant } from '../../../shared/time/clock.ts';
import type { MembershipClient } from './membership-client.ts';

export interface OwnMembership {
  /**
   * State of this device's messaging key. `unknown`: the server has not certified the key yet. `waiting`: the server has certified the key,
   * but the organization has not countersigned it yet. `member`: both have signed.
   */
  readonly state: 'unknown' | 'waiting' | 'member';
  /** Identifier of the device's user, from the certificate of the messaging key; null before the server has certified the key. */
  readonly person: string | null;
  readonly name: string | null;
}

export interface OwnMembershipCheck {
  handIn(signatureKey: string): Promise<OwnMembership>;
  own(): OwnMembership;
  reset(): void;
}

export function createOwnMembership(ports: {
  readonly identity: { readonly device: DeviceId; readonly installation: string; readonly generation: number };
  readonly client: Pick<MembershipClient, 'ask'>;
  readonly signer: () => Signer;
  readonly approverSet: () => ApproverSet;
  readonly now: () => Instant;
}): OwnMembershipCheck {
  let own: OwnMembership = { state: 'unknown', person: null, name: null };

  async function handIn(signatureKey: string): Promise<OwnMembership> {
    const { device, installation, generation } = ports.identity;
    const approverSet = ports.approverSet();
    if (own.state === 'member') return own;
    let response = messagingKeyResponse.parse(await ports.client.ask('GET', '/device/messaging-key'));
    if (!response.certificate) {
      const at = new Date(ports.now()).toISOString();
      const envelope = signMessagingKey({ installation, device, generation, signatureKey, at }, ports.signer());
      response = messagingKeyResponse.parse(await ports.client.ask('POST', '/device/messaging-key', { envelope }));
    }
    if (!response.certificate) return own;
    const { certificate, certifiedBy, countersignedBy } = judgeMessagingCertificate(response.certificate, approverSet);
    const isOwnKey =
      certificate.device === device &&
      certificate.generation === generation &&
      certificate.installation === installation;
    if (!isOwnKey || certifiedBy.size === 0) {
      throw new CordonError('unverified_member', 'The server sent this device a certificate of another device.');
    }
    if (certificate.signatureKey !== signatureKey) {
      throw new CordonError(
        'messaging_key_taken',
        'This enrollment has registered another messaging key before. Enroll the device again with a new activation link.',
      );
    }
    const { person, name } = certificate;
    own = { state: countersignedBy.size > 0 ? 'member' : 'waiting', person, name };
    return own;
  }

  return {
    handIn,
    own: () => own,
    reset() {
      own = { ...own, state: 'unknown' };
    },
  };
}
