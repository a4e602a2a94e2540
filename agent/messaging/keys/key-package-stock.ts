import { KEY_PACKAGE_LIFETIME, makeKeyPackage, publicPackageOf } from '../../../shared/seal/key-package.ts';
import type { Self } from '../../../shared/seal/terms.ts';
import type { KeyPackageStore, MessagingValues } from '../message-store.ts';
import type { RelayClient } from '../relay-client.ts';
import {
  createStoredKeyPackages,
  type MadePackage,
  type StoredKeyPackages,
  type Unconfirmed,
} from './stored-key-packages.ts';
import type { Vault } from './vault.ts';

const DAY = 24 * 60 * 60 * 1000;
/**
 * Milliseconds between replacements of the last-resort key package. If its private half leaks, every conversation that was joined with it
 * is readable.
 */
const LAST_RESORT_FOR = 14 * DAY;

/**
 * Milliseconds after which the device replaces all key packages on the server, so that a device that joins no conversations never has only
 * expired ones. The interval ends 35 days before the expiry, because a welcome may wait 30 days for the device.
 */
const STOCK_FOR = KEY_PACKAGE_LIFETIME - 35 * DAY;

/** Milliseconds before a failed upload is repeated. The delay doubles after each failure. */
const FIRST_AGAIN = 5_000;
const LONGEST_AGAIN = 5 * 60_000;

/**
 * This device's key packages, with which other devices can add it to conversations while it is offline. The device keeps each private half
 * until its welcome arrives or its storage time is over. An upload without a response may have succeeded, so the device repeats it before
 * it makes new key packages.
 */
export interface KeyPackageStock extends Pick<StoredKeyPackages, 'find' | 'wasUsed' | 'used'> {
  /** Sets the number of key packages that the server has; null if the number is unknown, for example after a start. */
  setRemaining(count: number | null): void;
  /** Discards all key packages, because their private halves are lost, or because a copy of this device has them too. */
  replaceAll(): void;
  /**
   * Makes and uploads missing key packages. Throws if the upload fails. During the delay after a failed upload, only calls `wakeAt` with
   * the time of the next attempt.
   */
  work(): Promise<void>;
  /** Ends the delay after a failed upload. Called on a new connection. */
  soon(): void;
}

export function createKeyPackageStock(ports: {
  readonly store: KeyPackageStore & MessagingValues;
  readonly vault: Vault;
  readonly relay: Pick<RelayClient, 'upload'>;
  readonly self: () => Self;
  readonly target: number;
  /**
   * Current time of the machine's own clock, from which the lifetime of a key package is counted. The device's time for orders does not
   * apply, because other devices check the lifetime with their own machine clocks.
   */
  readonly now: () => number;
  readonly wakeAt: (at: number) => void;
}): KeyPackageStock {
  const { target, now } = ports;
  const { upload } = ports.relay;
  const stored = createStoredKeyPackages(ports);
  const { uploads, find, wasUsed, used } = stored;
  let known: number | null = null;
  let again = { at: 0, after: FIRST_AGAIN };

  /** The private halves are stored before the key packages leave this device. */
  const make = async (count: number, renew: boolean, given: Pick<Unconfirmed, 'replace' | 'had'>) => {
    const made: MadePackage[] = [];
    for (const lastResort of [...(renew ? [true] : []), ...Array<boolean>(count).fill(false)])
      made.push({ ...(await makeKeyPackage(ports.self(), { now: now(), lastResort })), lastResort });
    stored.add(made, now(), given);
    return {
      lastResort: made.find(({ lastResort }) => lastResort)?.publicPackage ?? null,
      packages: made.filter(({ lastResort }) => !lastResort).map(({ publicPackage }) => publicPackage),
    };
  };

  /**
   * Finds out whether the server received an unconfirmed upload. A single-use key package that the server received must not be uploaded
   * again: another device may have it already. If the number of key packages on the server has not grown, the upload failed.
   */
  const settle = async (): Promise<void> => {
    const unconfirmed = uploads.unconfirmed();
    if (!unconfirmed) return;
    const { refs, replace, had } = unconfirmed;
    const halves = stored.all().filter(({ ref }) => refs.includes(ref));
    const lastResort = halves.find((each) => each.lastResort);
    known = await upload({ packages: [], lastResort: lastResort ? publicPackageOf(lastResort.half) : null, replace });
    const singles = halves.filter((each) => !each.lastResort).map(({ half }) => publicPackageOf(half));
    // After an upload that replaces all key packages, the server's number cannot show whether the upload failed. The device then makes new
    // key packages.
    if (!replace && known <= had && singles.length > 0) {
      uploads.save({ ...unconfirmed, had: known });
      known = await upload({ packages: singles, lastResort: null, replace: false });
    }
    uploads.confirm(unconfirmed, lastResort?.madeAt ?? 0);
  };

  const supply = async (): Promise<void> => {
    const replace = uploads.replacedAt() < now() - STOCK_FOR;
    if (replace) known = 0;
    const madeAt = now();
    const lastResorts = stored.all().filter(({ lastResort }) => lastResort);
    const newest = Math.max(0, ...lastResorts.map((each) => each.madeAt));
    const renew = replace || newest < now() - LAST_RESORT_FOR;
    // The device makes new key packages only when a third of them is used, so that one request replaces several.
    const missing = known !== null && known <= (target * 2) / 3 ? target - known : 0;
    if (missing === 0 && !renew) return;
    stored.removeOld(now());
    const had = known ?? 0;
    known = await upload({ ...(await make(missing, renew, { replace, had })), replace });
    uploads.confirm({ replace }, madeAt);
  };

  return {
    find,
    wasUsed,
    used,
    setRemaining(count) {
      known = count;
    },
    replaceAll() {
      stored.removeAll();
      known = 0;
    },
    async work() {
      // A remaining delay that is longer than the planned one shows that the clock was set back.
      if (now() < again.at && again.at <= now() + again.after) return ports.wakeAt(again.at);
      try {
        await settle();
        await supply();
        again = { at: 0, after: FIRST_AGAIN };
      } catch (error) {
        again = { at: now() + again.after, after: Math.min(LONGEST_AGAIN, again.after * 2) };
        ports.wakeAt(again.at);
        throw error;
      }
    },
    soon() {
      again = { ...again, at: 0 };
    },
  };
}
