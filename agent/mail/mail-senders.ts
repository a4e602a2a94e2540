import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Vault } from '../messaging/keys/vault.ts';
import type { Member } from '../messaging/members/member.ts';
import type { Membership } from '../messaging/members/membership.ts';
import type { MailStore } from './mail-store.ts';

const DAY = 86_400_000;
/**
 * Milliseconds for which a sender is remembered, the same as for private mail keys. An order may hold a mail while its sender enrolls
 * again.
 */
const KEPT_FOR = 400 * DAY;
/**
 * Maximum number of enrollments that a device remembers. The number for a mail connector is higher, because it receives mail from every
 * device of the organization.
 */
const MOST = 100;
export const MOST_OF_CONNECTOR = 10_000;

/**
 * Verified enrollments that send mail to this device. The server proves only current enrollments. Under an order, a mail may wait until its
 * sender's enrollment has ended. This device therefore remembers verified enrollments (ADR 58).
 */
export interface MailSenders {
  /** Throws `unverified_member`. */
  memberOf(device: DeviceId, generation: number): Promise<Member>;
  remember(members: readonly Member[]): void;
}

interface Remembered {
  readonly member: Member;
  readonly at: number;
}

export function createMailSenders(ports: {
  readonly store: Pick<MailStore, 'mailValue' | 'saveMailValue'>;
  readonly vault: Pick<Vault, 'seal' | 'unseal'>;
  readonly membership: Pick<Membership, 'memberOf'>;
  readonly now: () => number;
  readonly most?: number;
}): MailSenders {
  const { store, vault, membership, now, most = MOST } = ports;

  const all = (): readonly Remembered[] => {
    const sealed = store.mailValue('senders');
    return sealed ? vault.unseal<Remembered[]>('mail senders', sealed) : [];
  };
  const isSame = (one: Member, other: Member) =>
    one.device === other.device && one.generation === other.generation && one.signatureKey === other.signatureKey;

  const remember = (members: readonly Member[]): void => {
    const known = all();
    const isKnown = (member: Member) =>
      known.some((each) => isSame(each.member, member) && each.at > now() - DAY && each.at <= now());
    if (members.every(isKnown)) return;
    const others = known.filter(
      ({ member, at }) => at > now() - KEPT_FOR && !members.some((each) => isSame(each, member)),
    );
    const kept = [...others, ...members.map((member) => ({ member, at: now() }))].slice(-most);
    store.saveMailValue('senders', vault.seal('mail senders', kept));
  };

  return {
    async memberOf(device, generation) {
      const known = all().find(
        ({ member, at }) => member.device === device && member.generation === generation && at > now() - KEPT_FOR,
      );
      if (known) return known.member;
      const member = await membership.memberOf(device, generation);
      remember([member]);
      return member;
    },
    remember,
  };
}
