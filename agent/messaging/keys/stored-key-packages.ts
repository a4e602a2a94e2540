import { KEY_PACKAGE_LIFETIME, type makeKeyPackage } from '../../../shared/seal/key-package.ts';
import type { KeyPackageStore, MessagingValues, StoredKeyPackage } from '../message-store.ts';
import type { Vault } from './vault.ts';

const DAY = 24 * 60 * 60 * 1000;

/**
 * Milliseconds for which private halves of single-use key packages are kept: an order may hold a welcome for as long as the order lasts.
 * The last-resort private half opens many welcomes, so it is deleted earlier, when its key package expires.
 */
const HALF_FOR = 400 * DAY;

/** Maximum number of used key packages whose hash references are kept: as many as a server stores for one device. */
const MOST_USED = 200;

export interface Unconfirmed {
  readonly refs: readonly string[];
  readonly replace: boolean;
  readonly had: number;
}

interface StoredHalf {
  readonly madeAt: number;
  readonly half: string;
}

export type MadePackage = Awaited<ReturnType<typeof makeKeyPackage>> & { readonly lastResort: boolean };

export interface StoredKeyPackages {
  add(made: readonly MadePackage[], madeAt: number, upload: Pick<Unconfirmed, 'replace' | 'had'>): void;
  all(): readonly {
    readonly ref: string;
    readonly lastResort: boolean;
    readonly madeAt: number;
    readonly half: Buffer;
  }[];
  removeAll(): void;
  removeOld(now: number): void;
  readonly uploads: {
    unconfirmed(): Unconfirmed | null;
    save(unconfirmed: Unconfirmed): void;
    /**
     * Records the server's confirmation of an upload. `madeAt`: time at which the uploaded key packages were made. After an upload that
     * replaced all key packages, the device stores this time to plan the next replacement.
     */
    confirm(upload: Pick<Unconfirmed, 'replace'>, madeAt: number): void;
    /** When all key packages were last replaced; 0 if they must be replaced now. */
    replacedAt(): number;
  };
  find(references: readonly string[]): { readonly reference: string; readonly half: Uint8Array } | null;
  wasUsed(references: readonly string[]): boolean;
  /** Records the use of a key package. Runs in the transaction that stores the joined conversation. */
  used(reference: string): void;
}

export function createStoredKeyPackages(ports: {
  readonly store: KeyPackageStore & MessagingValues;
  readonly vault: Vault;
}): StoredKeyPackages {
  const { store, vault } = ports;
  const place = (reference: string) => `key package ${reference}`;
  const opened = ({ ref, body, lastResort }: StoredKeyPackage) => {
    const { madeAt, half } = vault.unseal<StoredHalf>(place(ref), body);
    return { ref, lastResort, madeAt, half: Buffer.from(half, 'base64') };
  };
  const saveReplacedAt = (at: number) => store.saveMessagingValue('key-packages', Buffer.from(String(at)));
  const saveUnconfirmed = (them: Unconfirmed | null) =>
    store.saveMessagingValue('unconfirmed-key-packages', Buffer.from(JSON.stringify(them)));
  const usedBefore = () => store.messagingValue('used-key-packages')?.toString().split(' ') ?? [];

  return {
    add(made, madeAt, upload) {
      store.transaction(() => {
        for (const { reference, privatePackage, lastResort } of made) {
          const half: StoredHalf = { madeAt, half: Buffer.from(privatePackage).toString('base64') };
          store.addKeyPackage({ ref: reference, body: vault.seal(place(reference), half), lastResort });
        }
        saveUnconfirmed({ ...upload, refs: made.map(({ reference }) => reference) });
      });
    },
    all: () => store.keyPackages().map(opened),
    removeAll() {
      store.transaction(() => {
        for (const { ref } of store.keyPackages()) store.removeKeyPackage(ref);
        saveReplacedAt(0);
        saveUnconfirmed(null);
      });
    },
    removeOld(now) {
      for (const { ref, lastResort, madeAt } of store.keyPackages().map(opened)) {
        if (madeAt < now - (lastResort ? KEY_PACKAGE_LIFETIME : HALF_FOR)) store.removeKeyPackage(ref);
      }
    },
    uploads: {
      unconfirmed: () => JSON.parse(store.messagingValue('unconfirmed-key-packages')?.toString() ?? 'null'),
      save: saveUnconfirmed,
      confirm({ replace }, madeAt) {
        store.transaction(() => {
          saveUnconfirmed(null);
          if (replace) saveReplacedAt(madeAt);
        });
      },
      replacedAt: () => Number(store.messagingValue('key-packages')?.toString()) || 0,
    },
    find(references) {
      const stored = store.keyPackages().find(({ ref }) => references.includes(ref));
      return stored ? { reference: stored.ref, half: opened(stored).half } : null;
    },
    wasUsed: (references) => usedBefore().some((reference) => references.includes(reference)),
    used(reference) {
      const stored = store.keyPackages().find(({ ref }) => ref === reference);
      if (!stored || stored.lastResort) return;
      store.removeKeyPackage(reference);
      store.saveMessagingValue(
        'used-key-packages',
        Buffer.from([...usedBefore(), reference].slice(-MOST_USED).join(' ')),
      );
    },
  };
}
