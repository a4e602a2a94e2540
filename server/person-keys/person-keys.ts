/**
 * Keys that encrypt the personal records of one person (ADR 55). The keys are in a file of their own, apart from the store and its backups.
 * A key serves one person, one kind of record and one period of 30 days. After the retention period of its records, the server destroys
 * the key, and the copies of these records in old backups become unreadable.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { CordonError } from '../../shared/errors.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';

const DAY = 86_400_000;
/** Length of the period of one key, in milliseconds. */
export const KEY_PERIOD = 30 * DAY;
/** Maximum unwrapped keys in memory, about 300 bytes each. */
const MOST_CACHED = 10_000;
/** Maximum keys of one step of `destroyExpired`. Other work of the server runs between two steps. */
const SLICE = 500;

/** Length of an AES-GCM nonce in bytes. */
const NONCE = 12;

/** Kinds of records, with the days for which the store keeps them. `retention-periods.ts` has the same periods. */
export const KEY_USES = { connections: 90, enrollments: 400 } as const;
export type KeyUse = keyof typeof KEY_USES;

export interface KeyName {
  readonly person: PersonId;
  readonly use: KeyUse;
  /** Number of the period: the time of the record in Unix milliseconds, divided by `KEY_PERIOD`. */
  readonly period: number;
}

/** File with the wrapped keys. All methods are synchronous, so that a transaction of the store can use them. */
export interface PersonKeyFile {
  read(names: readonly KeyName[]): readonly (string | null)[];
  /** Stores new keys durably, in one write. Keeps an existing key of the same name. */
  add(keys: readonly (KeyName & { readonly wrapped: string })[]): void;
  /** Keys of periods before the given one, in ascending order after the key `after`. */
  before(use: KeyUse, period: number, after: KeyName | null, limit: number): readonly KeyName[];
  /** Deletes keys, and overwrites their bytes in the file. */
  destroy(names: readonly KeyName[]): void;
}

/** Encryption under the installation's key (`certs/custody.ts`). */
export interface KeyWrapper {
  seal(plain: Buffer, purpose: string): string;
  unseal(text: string, purpose: string): Buffer;
}

/** Position of an encrypted record. The encryption authenticates the position, so one record cannot take the place of another. */
export interface RecordPlace {
  readonly person: PersonId;
  /** Time of the record, which selects the key. */
  readonly at: number;
  readonly row: string;
}

/** Rows that still need keys of a past period, because a legal hold keeps the rows. */
export interface RemainingRecords {
  /** Returns those of the given people who have records of this use from `from` (included) to `until` (excluded). */
  peopleWithRecords(
    use: KeyUse,
    people: readonly PersonId[],
    from: number,
    until: number,
  ): Promise<ReadonlySet<PersonId>>;
}

/** Encryption of personal records, for the modules that write them. */
export interface PersonSealer {
  /** Encrypts records, in order. Creates missing keys in one durable write. */
  seal(use: KeyUse, records: readonly (RecordPlace & { readonly plain: Buffer })[]): string[];
}

export interface PersonKeys extends PersonSealer {
  /** Decrypts a record; null if its key was destroyed. Throws `unavailable` for a damaged record. */
  open(use: KeyUse, place: RecordPlace, sealed: string): Buffer | null;
  /** Destroys the keys whose records are past their retention period. Returns the number of destroyed keys. */
  destroyExpired(now: number, remaining: RemainingRecords): Promise<number>;
}

export function createPersonKeys(file: PersonKeyFile, wrapper: KeyWrapper): PersonKeys {
  const cache = new Map<string, Buffer>();

  function remember(name: KeyName, key: Buffer): Buffer {
    if (cache.size >= MOST_CACHED) cache.clear();
    cache.set(textOf(name), key);
    return key;
  }

  function existing(names: readonly KeyName[]): Map<string, Buffer> {
    const found = new Map<string, Buffer>();
    const unread: KeyName[] = [];
    for (const name of names) {
      const cached = cache.get(textOf(name));
      if (cached) found.set(textOf(name), cached);
      else unread.push(name);
    }
    if (unread.length === 0) return found;
    for (const [index, wrapped] of file.read(unread).entries()) {
      const name = unread[index];
      if (!name || wrapped === null) continue;
      found.set(textOf(name), remember(name, wrapper.unseal(wrapped, purposeOfKey(name))));
    }
    return found;
  }

  function keysFor(names: readonly KeyName[]): Map<string, Buffer> {
    const wanted = new Map(names.map((name) => [textOf(name), name]));
    const keys = existing([...wanted.values()]);
    const missing = [...wanted.values()].filter((name) => !keys.has(textOf(name)));
    if (missing.length === 0) return keys;
    const fresh = missing.map((name) => ({ name, key: randomBytes(32) }));
    file.add(fresh.map(({ name, key }) => ({ ...name, wrapped: wrapper.seal(key, purposeOfKey(name)) })));
    for (const { name, key } of fresh) keys.set(textOf(name), remember(name, key));
    return keys;
  }

  return {
    seal(use, records) {
      const names = records.map(({ person, at }) => nameOf(use, person, at));
      const keys = keysFor(names);
      // One call of the random generator makes all nonces, because a call takes longer than the encryption of a record.
      const nonces = randomBytes(NONCE * records.length);
      return records.map((record, index) => {
        const nonce = nonces.subarray(NONCE * index, NONCE * (index + 1));
        const name = names[index];
        const key = name && keys.get(textOf(name));
        if (!key) throw new Error('a person has no key');
        return encrypt(key, nonce, aadOf(use, record), record.plain);
      });
    },

    open(use, place, sealed) {
      const name = nameOf(use, place.person, place.at);
      const key = existing([name]).get(textOf(name));
      return key ? decrypt(key, aadOf(use, place), sealed) : null;
    },

    async destroyExpired(now, remaining) {
      let destroyed = 0;
      for (const use of Object.keys(KEY_USES) as KeyUse[]) {
        const before = firstNeededPeriod(use, now);
        let after: KeyName | null = null;
        for (;;) {
          const names: readonly KeyName[] = file.before(use, before, after, SLICE);
          after = names.at(-1) ?? null;
          if (after === null) break;
          const unneeded = await unneededOf(use, names, remaining);
          for (const name of unneeded) cache.delete(textOf(name));
          if (unneeded.length > 0) file.destroy(unneeded);
          destroyed += unneeded.length;
        }
      }
      return destroyed;
    },
  };
}

/** First period whose key may still have records within their retention period. The function is pure. */
export function firstNeededPeriod(use: KeyUse, now: number): number {
  // One day is added, because the store keeps records until the end of their last day.
  return Math.floor((now - (KEY_USES[use] + 1) * DAY) / KEY_PERIOD);
}

async function unneededOf(
  use: KeyUse,
  names: readonly KeyName[],
  remaining: RemainingRecords,
): Promise<readonly KeyName[]> {
  const unneeded: KeyName[] = [];
  for (const [period, group] of Map.groupBy(names, (name) => name.period)) {
    const people = group.map(({ person }) => person);
    const needed = await remaining.peopleWithRecords(use, people, period * KEY_PERIOD, (period + 1) * KEY_PERIOD);
    unneeded.push(...group.filter(({ person }) => !needed.has(person)));
  }
  return unneeded;
}

const nameOf = (use: KeyUse, person: PersonId, at: number): KeyName => ({
  person,
  use,
  period: Math.floor(at / KEY_PERIOD),
});
const textOf = ({ person, use, period }: KeyName): string => `${use} ${period} ${person}`;
/** Purpose under which a key is wrapped. It binds the key to its person, use and period. */
export const purposeOfKey = (name: KeyName): string => `person-key ${textOf(name)}`;
const aadOf = (use: KeyUse, { person, row }: RecordPlace): Buffer => Buffer.from(`${use} ${person} ${row}`);

function encrypt(key: Buffer, nonce: Buffer, aad: Buffer, plain: Buffer): string {
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(aad);
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]).toString('base64');
}

function decrypt(key: Buffer, aad: Buffer, sealed: string): Buffer {
  const bytes = Buffer.from(sealed, 'base64');
  try {
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE), { authTagLength: 16 })
      .setAAD(aad)
      .setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(NONCE, -16)), decipher.final()]);
  } catch (error) {
    const detail = 'An encrypted personal record is damaged, or is a record of another person. Restore a backup.';
    throw new CordonError('unavailable', detail, {}, error);
  }
}
