/**
 * The key that this enrolment signs messages with. It is kept as the certificate's is, outside of what a wipe takes: a wipe takes what was said,
 * not who one is.
 */
import { CordonError } from '../../shared/errors.ts';
import { makeSigningKey } from '../../shared/seal/signing-key.ts';
import type { SigningKey } from '../../shared/seal/terms.ts';
import type { MessageStore } from './message-store.ts';

export interface EnrolmentKey {
  /** Makes it when this enrolment has none yet; then what an earlier one has left goes. */
  load(): Promise<SigningKey>;
  /** Throws `unavailable` before it was loaded. */
  get(): SigningKey;
}

interface Kept {
  readonly generation: number;
  readonly publicKey: string;
  /** base64. */
  readonly seed: string;
}

export function createEnrolmentKey(store: MessageStore, generation: number): EnrolmentKey {
  let key: SigningKey | null = null;

  const made = async (earlier: boolean): Promise<SigningKey> => {
    const fresh = await makeSigningKey();
    const seed = Buffer.from(fresh.privateKey).toString('base64');
    const kept: Kept = { generation, publicKey: fresh.publicKey, seed };
    store.transaction(() => {
      store.saveMessagingValue('signing', Buffer.from(JSON.stringify(kept)));
      // Enrolled anew: counters, states and packages were the earlier enrolment's.
      if (!earlier) return;
      for (const name of ['taken', 'posts']) store.saveMessagingValue(name, Buffer.from('0'));
      store.saveMessagingValue('restored', Buffer.from('yes'));
      store.forgetMail();
    });
    return fresh;
  };

  return {
    async load() {
      if (key) return key;
      const text = store.messagingValue('signing')?.toString();
      const held: Kept | null = text === undefined ? null : JSON.parse(text);
      key =
        held?.generation === generation
          ? { publicKey: held.publicKey, privateKey: Buffer.from(held.seed, 'base64') }
          : await made(held !== null);
      return key;
    },
    get() {
      if (!key) throw new CordonError('unavailable', 'Messages are just being opened; try again in a moment.');
      return key;
    },
  };
}
