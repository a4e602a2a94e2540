import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { PersonName } from '../messaging/conversation/records.ts';
import type { Vault } from '../messaging/keys/vault.ts';
import type { Membership } from '../messaging/members/membership.ts';
import type { MailStore } from './mail-store.ts';

/** E-mail address in the confirmed certificate of this enrollment. Mail can be sent only from this address. */
export interface OwnAddress {
  /** The address; null if the certificate has none, or if this enrollment has not read its certificate yet. */
  get(): string | null;
  /** Reads the address from the certificate, and stores it for times without a connection. */
  work(): Promise<void>;
}

interface StoredAddress {
  readonly generation: number;
  readonly address: string | null;
}

export function createOwnAddress(ports: {
  readonly device: DeviceId;
  readonly generation: number;
  readonly store: Pick<MailStore, 'mailValue' | 'saveMailValue'>;
  readonly vault: Vault;
  readonly membership: Pick<Membership, 'membersOf'>;
  readonly own: () => PersonName;
}): OwnAddress {
  const { device, generation, store, vault } = ports;
  const stored = (): StoredAddress | null => {
    const sealed = store.mailValue('own-address');
    const found = sealed && vault.unseal<StoredAddress>('own address', sealed);
    return found?.generation === generation ? found : null;
  };
  return {
    get: () => stored()?.address ?? null,
    async work() {
      const { person } = ports.own();
      const members = (await ports.membership.membersOf([person])).get(person) ?? [];
      const self = members.find((member) => member.device === device && member.generation === generation);
      if (!self) return;
      const address = self.email ?? null;
      if (stored()?.address === address) return;
      store.saveMailValue('own-address', vault.seal('own address', { generation, address } satisfies StoredAddress));
    },
  };
}
