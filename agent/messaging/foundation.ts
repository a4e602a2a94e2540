import type { Self } from '../../shared/seal/terms.ts';
import type { PersonName } from './conversation/records.ts';
import type { Vault } from './keys/vault.ts';
import type { Membership } from './members/membership.ts';

/** Parts of messaging that the mail modules use too: vault, messaging key and membership. */
export interface MessagingFoundation {
  readonly vault: Vault;
  readonly membership: Pick<Membership, 'memberOf' | 'membersOf' | 'own'>;
  /** Enrollment and messaging key of this device. Throws `unavailable` before the key is loaded. */
  self(): Self;
  /** User of this device, as the organization has confirmed it. Throws `unavailable` before the confirmation. */
  own(): PersonName;
  /** Loads the key of the vault. Returns false if the workspace is locked or wiped. */
  openVault(): Promise<boolean>;
}
