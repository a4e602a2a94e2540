/**
 * The key packages by which others let this device in while it is away: so many lie at the server, their private halves here. A half is kept until
 * its welcome came or its time is over; what the server never got is in nobody's way.
 */
import { KEY_PACKAGE_LIFETIME, makeKeyPackage } from '../../shared/seal/key-package.ts';
import type { Self } from '../../shared/seal/terms.ts';
import type { DeviceService } from './device-service.ts';
import type { KeyPackageStore, MessagingValues, StoredKeyPackage } from './message-store.ts';
import type { Vault } from './vault.ts';

const DAY = 24 * 60 * 60 * 1000;
/** The one of last resort opens every conversation that was begun with it, so it does not get old. */
const LAST_RESORT_FOR = 14 * DAY;

/**
 * Then all that lie at the server are replaced, used or not: a device that nobody brings in would else offer only such as have expired. It is long
 * enough before, for a welcome may wait 30 days for its device, which must still have the half that opens it.
 */
const STOCK_FOR = KEY_PACKAGE_LIFETIME - 35 * DAY;

/**
 * An order may hold a welcome for its device as long as it lasts, and what follows on it can be read by nobody else. A half that waits for one opens
 * nothing besides; that of a last resort, which every conversation begun with it has in common, goes with its package.
 */
const HALF_FOR = 400 * DAY;

/** References of used ones that are remembered: as many as lie at a server at most. */
const MOST_USED = 200;

interface KeptHalf {
  readonly madeAt: number;
  /** Base64. */
  readonly half: string;
}

export interface KeyPackageStock {
  /** The server has so many left; null: unknown, as after a start. */
  left(count: number | null): void;
  /** All that were handed in count for nothing: their private halves are lost, or may be in two places. */
  replaceAll(): void;
  /** Makes and hands in what is missing. */
  work(): Promise<void>;
  /** The private half for one of these references. */
  find(references: readonly string[]): { readonly reference: string; readonly half: Uint8Array } | null;
  /** One of these was used before, and gone with it. */
  wasUsed(references: readonly string[]): boolean;
  /** Inside the step that has used it. */
  used(reference: string): void;
}

export function createKeyPackageStock(ports: {
  readonly store: KeyPackageStore & MessagingValues;
  readonly vault: Vault;
  readonly service: Pick<DeviceService, 'handIn'>;
  readonly self: () => Self;
  /** How many are to lie at the server. */
  readonly target: number;
  /** Real time: key packages are for others, as certificates are. */
  readonly now: () => number;
}): KeyPackageStock {
  const { store, vault, target, now } = ports;
  let known: number | null = null;

  const place = (reference: string) => `key package ${reference}`;
  const halfOf = ({ ref, body }: StoredKeyPackage) => vault.unseal<KeptHalf>(place(ref), body);
  /** When all that lie at the server were last replaced; 0: they are to be, or none was ever handed in. */
  const handedInAt = () => Number(store.messagingValue('key-packages')?.toString()) || 0;
  const saveHandedInAt = (at: number) => store.saveMessagingValue('key-packages', Buffer.from(String(at)));
  const usedBefore = () => store.messagingValue('used-key-packages')?.toString().split(' ') ?? [];

  const make = async (count: number, lastResort: boolean): Promise<Uint8Array[]> => {
    const made: Awaited<ReturnType<typeof makeKeyPackage>>[] = [];
    for (let at = 0; at < count; at += 1) made.push(await makeKeyPackage(ports.self(), { now: now(), lastResort }));
    store.transaction(() => {
      for (const { reference, privatePackage } of made) {
        const kept: KeptHalf = { madeAt: now(), half: Buffer.from(privatePackage).toString('base64') };
        store.addKeyPackage({ ref: reference, body: vault.seal(place(reference), kept), lastResort });
      }
    });
    return made.map(({ publicPackage }) => publicPackage);
  };

  const forgetOld = () => {
    for (const stored of store.keyPackages()) {
      const kept = stored.lastResort ? KEY_PACKAGE_LIFETIME : HALF_FOR;
      if (halfOf(stored).madeAt < now() - kept) store.removeKeyPackage(stored.ref);
    }
  };

  return {
    left(count) {
      known = count;
    },
    replaceAll() {
      store.transaction(() => {
        for (const { ref } of store.keyPackages()) store.removeKeyPackage(ref);
        saveHandedInAt(0);
      });
      known = 0;
    },
    async work() {
      const replace = handedInAt() < now() - STOCK_FOR;
      if (replace) known = 0;
      const madeAt = now();
      const lastResortMade = Math.max(
        0,
        ...store.keyPackages().flatMap((stored) => (stored.lastResort ? [halfOf(stored).madeAt] : [])),
      );
      const renew = replace || lastResortMade < now() - LAST_RESORT_FOR;
      // Not for each one that goes: a request for a few at once.
      const missing = known !== null && known <= (target * 2) / 3 ? target - known : 0;
      if (missing === 0 && !renew) return;
      forgetOld();
      const [lastResort = null] = renew ? await make(1, true) : [];
      known = await ports.service.handIn({ packages: await make(missing, false), lastResort, replace });
      if (replace) saveHandedInAt(madeAt);
    },
    find(references) {
      const stored = store.keyPackages().find(({ ref }) => references.includes(ref));
      return stored ? { reference: stored.ref, half: Buffer.from(halfOf(stored).half, 'base64') } : null;
    },
    wasUsed: (references) => usedBefore().some((reference) => references.includes(reference)),
    used(reference) {
      const stored = store.keyPackages().find(({ ref }) => ref === reference);
      if (!stored || stored.lastResort) return;
      store.removeKeyPackage(reference);
      const used = [...usedBefore(), reference].slice(-MOST_USED);
      store.saveMessagingValue('used-key-packages', Buffer.from(used.join(' ')));
    },
  };
}
