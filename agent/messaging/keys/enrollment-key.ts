import { CordonError } from '../../../shared/errors.ts';
import { makeSigningKey } from '../../../shared/seal/signing-key.ts';
import type { SigningKey } from '../../../shared/seal/terms.ts';
import type { MessageStore } from '../message-store.ts';

/**
 * Key with which the device signs messages. An enrollment can register only one such key with the server. A wipe therefore deletes
 * messages, but keeps this key and the certificate's key.
 */
export interface EnrollmentKey {
  /** Makes the signing key if this enrollment has none, and then deletes the data of the earlier enrollment. */
  load(): Promise<SigningKey>;
  /** Returns the signing key. Throws `unavailable` if `load` has not run. */
  get(): SigningKey;
}

interface StoredKey {
  readonly generation: number;
  readonly publicKey: string;
  readonly seed: string;
}

export function createEnrollmentKey(store: MessageStore, generation: number): EnrollmentKey {
  let key: SigningKey | null = null;

  const made = async (earlier: boolean): Promise<SigningKey> => {
    const fresh = await makeSigningKey();
    const seed = Buffer.from(fresh.privateKey).toString('base64');
    const made: StoredKey = { generation, publicKey: fresh.publicKey, seed };
    store.transaction(() => {
      store.saveMessagingValue('signing', Buffer.from(JSON.stringify(made)));
      // The stored counters, MLS states and key packages belong to the earlier enrollment, so the device resets them.
      if (!earlier) return;
      for (const name of ['acknowledged', 'posts']) store.saveMessagingValue(name, Buffer.from('0'));
      store.saveMessagingValue('restored', Buffer.from('yes'));
      store.forgetItems();
    });
    return fresh;
  };

  return {
    async load() {
      if (key) return key;
      const text = store.messagingValue('signing')?.toString();
      const stored: StoredKey | null = text === undefined ? null : JSON.parse(text);
      key =
        stored?.generation === generation
          ? { publicKey: stored.publicKey, privateKey: Buffer.from(stored.seed, 'base64') }
          : await made(stored !== null);
      return key;
    },
    get() {
      if (!key) throw new CordonError('unavailable', 'The agent is still opening the messages. Try again in a moment.');
      return key;
    },
  };
}
