import { isCordonError } from '../../shared/errors.ts';
import type { MailKeyStatement } from '../../shared/protocol/mail-http.ts';
import { MAIL_KEY_LIFETIME, makeMailKey, readMailKey } from '../../shared/seal/mail-key.ts';
import type { Self } from '../../shared/seal/terms.ts';
import type { MailClient } from './mail-client.ts';

const DAY = 86_400_000;
/** Milliseconds after which this enrollment publishes a new mail key. Other devices may still use the older key until it expires. */
const RENEW_AFTER = MAIL_KEY_LIFETIME / 3;
/**
 * Milliseconds for which a private key is kept after the last day on which a mail could be sealed to it. The server keeps a mail for 30
 * days. An order may hold it for longer, so the time is the same as for a held invitation to a conversation: 400 days.
 */
const KEEP_AFTER = 400 * DAY;

export interface StoredMailKey {
  readonly generation: number;
  readonly number: number;
  readonly createdAt: number;
  readonly statement: MailKeyStatement;
  /** Sealed private key. */
  readonly privateKey: Buffer;
  /** True after the server has confirmed the key. */
  readonly published: boolean;
}

/** Store of mail keys. Each change is durable when its method returns. */
export interface MailKeyStore {
  mailKeys(): readonly StoredMailKey[];
  /** Stores a key, or replaces the key with the same generation and number. */
  saveMailKey(key: StoredMailKey): void;
  removeMailKey(generation: number, number: number): void;
  /** Largest number of a key of this enrollment, also of removed keys; 0 before the first key. */
  lastMailKeyNumber(generation: number): number;
}

/** Encryption of private keys on the disk. `context` is authenticated: a key sealed with one context cannot be opened with another. */
export interface MailKeySeal {
  sealBytes(context: string, plain: Uint8Array): Buffer;
  openBytes(context: string, sealed: Uint8Array): Buffer;
}

/** Mail keys of this enrollment. Other devices seal mail to them. */
export interface MailKeys {
  /**
   * Publishes a new key when one is due, repeats a publication without a response, and removes old private keys. Returns the time of the
   * next change, in Unix milliseconds.
   */
  work(): Promise<number>;
  /** Private key with the given number; null if this device does not have it. */
  privateKey(generation: number, number: number): Uint8Array<ArrayBuffer> | null;
}

export function createMailKeys(ports: {
  readonly store: MailKeyStore;
  readonly seal: MailKeySeal;
  readonly client: Pick<MailClient, 'submitKey' | 'keysOf'>;
  readonly installation: string;
  readonly self: () => Self;
  /** Current time by the machine's clock, because other devices check mail keys with their machine clocks too (`verifyMailKey`). */
  readonly now: () => number;
}): MailKeys {
  const { store, seal, client, installation, self, now } = ports;

  async function make(after: number): Promise<StoredMailKey> {
    const number = after + 1;
    const { generation } = self();
    const { key, statement, privateKey } = await makeMailKey(self(), { installation, number, now: now() });
    const sealed = seal.sealBytes(contextOf(generation, number), privateKey);
    privateKey.fill(0);
    const made = { generation, number, createdAt: key.createdAt, statement, privateKey: sealed, published: false };
    // The private key must be stored durably before any sender can use the public key.
    store.saveMailKey(made);
    return made;
  }

  /**
   * The server refuses a key number that is not larger than the newest one it knows, for example after a restore of this device from a
   * backup.
   */
  async function publish(key: StoredMailKey): Promise<void> {
    try {
      await client.submitKey(key.statement);
    } catch (error) {
      if (!isCordonError(error, 'conflict')) throw error;
      const [theirs] = await client.keysOf([self().device]);
      if (!theirs || theirs.generation !== key.generation) throw error;
      const { number } = readMailKey(theirs.statement);
      if (theirs.statement.payload !== key.statement.payload) {
        const next = await make(Math.max(number, key.number));
        await client.submitKey(next.statement);
        return store.saveMailKey({ ...next, published: true });
      }
    }
    store.saveMailKey({ ...key, published: true });
  }

  function removeOld(): void {
    for (const { generation, number, createdAt } of store.mailKeys()) {
      if (createdAt + MAIL_KEY_LIFETIME + KEEP_AFTER < now()) store.removeMailKey(generation, number);
    }
  }

  return {
    async work() {
      removeOld();
      const { generation } = self();
      const newest = store
        .mailKeys()
        .filter((key) => key.generation === generation)
        .at(-1);
      // A creation time in the future shows that the clock was wrong. Other devices refuse such a key.
      const isDue = !newest || newest.createdAt + RENEW_AFTER <= now() || newest.createdAt > now() + DAY;
      const key = isDue ? await make(store.lastMailKeyNumber(generation)) : newest;
      if (!key.published) await publish(key);
      return key.createdAt + RENEW_AFTER;
    },
    privateKey(generation, number) {
      const key = store.mailKeys().find((each) => each.generation === generation && each.number === number);
      return key ? new Uint8Array(seal.openBytes(contextOf(generation, number), key.privateKey)) : null;
    },
  };
}

const contextOf = (generation: number, number: number) => `mail key ${generation} ${number}`;
