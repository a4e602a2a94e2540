import { CordonError } from '../../../shared/errors.ts';
import type { SigningKey } from '../../../shared/seal/terms.ts';
import type { PersonName } from '../conversation/records.ts';
import type { Vault } from '../keys/vault.ts';
import type { MessagingValues } from '../message-store.ts';
import type { Membership } from './membership.ts';

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 5 * 60_000;

interface StoredOwner extends PersonName {
  readonly generation: number;
}

/** The organization's confirmation of this device's messaging key, and the user whom the confirmation names. */
export interface Certification {
  /** Returns the user whom the organization's confirmation names. Throws `unavailable` before the organization has confirmed the device. */
  own(): PersonName;
  /**
   * User of the device; while a new enrollment waits for its confirmation, the user of the earlier enrollment, so that stored messages stay
   * readable.
   */
  lastOwn(): PersonName;
  /**
   * True if the device may take part in conversations. If not, asks the server again with growing delays. The server also reports changes
   * without a request.
   */
  check(isConnected: boolean): Promise<boolean>;
  /**
   * Ends the wait between two questions to the server. The next call of `check` then asks at once whether the device may take part in
   * conversations.
   */
  reset(): void;
  /**
   * Called when the server reports a change of verified devices. The next call of `check` asks the server again, because a call in progress
   * may have missed the change.
   */
  membersChanged(): void;
}

export function createCertification(ports: {
  readonly generation: number;
  readonly membership: Pick<Membership, 'own' | 'handIn' | 'membersOf'>;
  readonly store: MessagingValues;
  readonly vault: Vault;
  readonly key: () => SigningKey;
  readonly wakeAt: (at: number) => void;
  readonly onChange: () => void;
}): Certification {
  const { generation, membership, store, vault } = ports;
  let nextAt = 0;
  let wait = FIRST_WAIT;
  let changes = 0;

  const ownOf = (isAccepted: (storedGeneration: number) => boolean): PersonName => {
    const { state, person, name } = membership.own();
    if (state === 'member' && person !== null && name !== null) return { person, name };
    const sealed = vault.state() === 'open' ? store.messagingValue('own') : null;
    const stored = sealed && vault.unseal<StoredOwner>('own', sealed);
    if (stored && isAccepted(stored.generation)) return { person: stored.person, name: stored.name };
    throw new CordonError(
      'unavailable',
      'Your organization has not confirmed this device for messages yet. The device continues by itself after the confirmation.',
    );
  };
  // The previous enrollment of this device may have been for another user, so `own` returns only the user of the current enrollment.
  const own = () => ownOf((of) => of === generation);

  return {
    own,
    lastOwn: () => ownOf(() => true),
    async check(isConnected) {
      const before = membership.own().state;
      if (before === 'member') return true;
      if (!isConnected) return false;
      if (Date.now() < nextAt) {
        ports.wakeAt(nextAt);
        return false;
      }
      const changesBefore = changes;
      const { state, person } = await membership.handIn(ports.key().publicKey);
      if (state === 'member') {
        if (vault.state() === 'open')
          store.saveMessagingValue('own', vault.seal('own', { ...own(), generation } satisfies StoredOwner));
      } else {
        const hasChanged = changes !== changesBefore;
        wait = hasChanged ? FIRST_WAIT : Math.min(LONGEST_WAIT, wait * 2);
        nextAt = hasChanged ? 0 : Date.now() + wait;
        ports.wakeAt(nextAt);
        // This query makes the server report later changes of the devices of this device's user.
        if (person !== null) await membership.membersOf([person]);
      }
      if (state !== before) ports.onChange();
      return state === 'member';
    },
    reset() {
      nextAt = 0;
    },
    membersChanged() {
      changes += 1;
      nextAt = 0;
    },
  };
}
