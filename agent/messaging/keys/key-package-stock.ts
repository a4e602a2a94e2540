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
/** The package of last resort protects every conversation that was joined with it, so the device replaces it often. */
const LAST_RESORT_FOR = 14 * DAY;

/**
 * Interval after which the device replaces all packages on the server: without new conversations they would all expire. The margin covers a
 * welcome, which may wait 30 days for the device and needs the private half.
 */
const STOCK_FOR = KEY_PACKAGE_LIFETIME - 35 * DAY;

/** Delay in real milliseconds after a failed upload, doubled after each further failure. */
const FIRST_AGAIN = 5_000;
const LONGEST_AGAIN = 5 * 60_000;

/**
 * Key packages with which other devices add this device while it is offline. The packages are on the server, their private halves here. A half stays until
 * its welcome arrives or its time is over. A lost response may hide a successful upload, so unconfirmed packages are uploaded again before new ones are made.
 */
export interface KeyPackageStock extends Pick<StoredKeyPackages, 'find' | 'wasUsed' | 'used'> {
  /** Sets the number of packages on the server; null when the number is unknown, for example after a start. */
  left(count: number | null): void;
  /** Discards all packages: their private halves are lost, or exist in two places. */
  replaceAll(): void;
  /** Makes and uploads missing packages. After a failure, waits and calls `wakeAt`. */
  work(): Promise<void>;
  /** Ends the wait after a failure, because of a new connection. */
  soon(): void;
}

export function createKeyPackageStock(ports: {
  readonly store: KeyPackageStore & MessagingValues;
  readonly vault: Vault;
  readonly relay: Pick<RelayClient, 'upload'>;
  readonly self: () => Self;
  readonly target: number;
  /** Real time, because other devices check the lifetime of key packages. */
  readonly now: () => number;
  /** Requests a call of `work` at the given time, or earlier. */
  readonly wakeAt: (at: number) => void;
}): KeyPackageStock {
  const { target, now } = ports;
  const { upload } = ports.relay;
  const stored = createStoredKeyPackages(ports);
  const { uploads, find, wasUsed, used } = stored;
  let known: number | null = null;
  let again = { at: 0, after: FIRST_AGAIN };

  /** Stores the private halves before the packages leave this device. */
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
   * Finds out whether the server has the unconfirmed packages. A package that was given to another device must not be uploaded again: this device could
   * join only one of two conversations. If the server's number has not grown, no package arrived. A repeated last resort is harmless.
   */
  const settle = async (): Promise<void> => {
    const unconfirmed = uploads.unconfirmed();
    if (!unconfirmed) return;
    const { refs, replace, had } = unconfirmed;
    const halves = stored.all().filter(({ ref }) => refs.includes(ref));
    const lastResort = halves.find((each) => each.lastResort);
    known = await upload({ packages: [], lastResort: lastResort ? publicPackageOf(lastResort.half) : null, replace });
    const singles = halves.filter((each) => !each.lastResort).map(({ half }) => publicPackageOf(half));
    // After a replacement, the server's number does not count the earlier packages, so the device makes new ones.
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
    // Several used packages are replaced with one request.
    const missing = known !== null && known <= (target * 2) / 3 ? target - known : 0;
    if (missing === 0 && !renew) return;
    stored.removeOld(now());
    const had = known ?? 0;
    known = await upload({ ...(await make(missing, renew, { replace, had })), replace });
    uploads.confirm({ replace }, madeAt);
  };

  return {
    ...{ find, wasUsed, used },
    left(count) {
      known = count;
    },
    replaceAll() {
      stored.removeAll();
      known = 0;
    },
    async work() {
      // A longer wait than planned means that the clock was set back.
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
