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
 * Milliseconds between replacements of the last-resort key package. Every conversation that was joined with it depends on its secrecy, so
 * the device replaces it often.
 */
const LAST_RESORT_FOR = 14 * DAY;

/**
 * Milliseconds after which the device replaces all key packages on the server. Without new conversations, they would all expire. A welcome
 * may wait 30 days for the device and needs the private half, so the interval leaves a margin.
 */
const STOCK_FOR = KEY_PACKAGE_LIFETIME - 35 * DAY;

/** Real milliseconds before an upload is repeated after a failure. The delay doubles after each further failure. */
const FIRST_AGAIN = 5_000;
const LONGEST_AGAIN = 5 * 60_000;

/**
 * Stock of key packages, with which other devices can add this device while it is offline. The server has the key packages, and this device
 * has their private halves. A private half is kept until its welcome arrives or its time is over. If a response is lost, the upload may
 * still have succeeded. The device therefore uploads unconfirmed key packages again before it makes new ones.
 */
export interface KeyPackageStock extends Pick<StoredKeyPackages, 'find' | 'wasUsed' | 'used'> {
  /** Sets the number of key packages on the server; null if the number is unknown, for example after a start. */
  left(count: number | null): void;
  /** Discards all key packages, because their private halves are lost or exist on two devices. */
  replaceAll(): void;
  /** Makes and uploads missing key packages. After a failure, calls `wakeAt` and waits. */
  work(): Promise<void>;
  /** Ends the delay after a failure. Called on a new connection. */
  soon(): void;
}

export function createKeyPackageStock(ports: {
  readonly store: KeyPackageStore & MessagingValues;
  readonly vault: Vault;
  readonly relay: Pick<RelayClient, 'upload'>;
  readonly self: () => Self;
  readonly target: number;
  /** Current real time. Other devices check the lifetime of key packages against real time. */
  readonly now: () => number;
  /** Requests a call of `work` at the given time or earlier. */
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
   * Determines whether the server has the unconfirmed key packages. The device must not upload a key package again after the server gave it
   * to another device, because it can accept only one welcome. If the server's number has not grown, the upload failed. Repeating the
   * last-resort key package is harmless.
   */
  const settle = async (): Promise<void> => {
    const unconfirmed = uploads.unconfirmed();
    if (!unconfirmed) return;
    const { refs, replace, had } = unconfirmed;
    const halves = stored.all().filter(({ ref }) => refs.includes(ref));
    const lastResort = halves.find((each) => each.lastResort);
    known = await upload({ packages: [], lastResort: lastResort ? publicPackageOf(lastResort.half) : null, replace });
    const singles = halves.filter((each) => !each.lastResort).map(({ half }) => publicPackageOf(half));
    // After a replacement of all key packages, the server's number does not include the earlier ones. The device therefore makes new ones.
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
    // The device waits until several key packages are used, and replaces them with one request.
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
    left(count) {
      known = count;
    },
    replaceAll() {
      stored.removeAll();
      known = 0;
    },
    async work() {
      // If the remaining delay is longer than planned, the clock was set back.
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
