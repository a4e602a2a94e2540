/**
 * The key packages by which others let this device in while it is away: so many lie at the server, their private halves here. A half is kept until
 * its welcome came or its time is over, for the server may have it though its answer was lost: so what it has not answered for is handed in again,
 * before any more are made.
 */
import { KEY_PACKAGE_LIFETIME, makeKeyPackage, publicPackageOf } from '../../shared/seal/key-package.ts';
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

/** After a hand-in that failed, ever longer. Real milliseconds. */
const FIRST_AGAIN = 5_000;
const LONGEST_AGAIN = 5 * 60_000;

/** Handed in, and the server has not said that it has them. */
interface Unconfirmed {
  readonly refs: readonly string[];
  readonly replace: boolean;
  /** How many the server had before. */
  readonly had: number;
}

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
  /** Makes and hands in what is missing. After a failure it waits, and asks to be woken. */
  work(): Promise<void>;
  /** There is a new connection: it waits no longer. */
  soon(): void;
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
  /** `work` is to be called again at that time, or before. */
  readonly wakeAt: (at: number) => void;
}): KeyPackageStock {
  const { store, vault, target, now } = ports;
  const { handIn } = ports.service;
  let known: number | null = null;
  let again = { at: 0, after: FIRST_AGAIN };

  const place = (reference: string) => `key package ${reference}`;
  const halfOf = ({ ref, body }: StoredKeyPackage) => vault.unseal<KeptHalf>(place(ref), body);
  /** When all that lie at the server were last replaced; 0: they are to be, or none was ever handed in. */
  const handedInAt = () => Number(store.messagingValue('key-packages')?.toString()) || 0;
  const saveHandedInAt = (at: number) => store.saveMessagingValue('key-packages', Buffer.from(String(at)));
  const usedBefore = () => store.messagingValue('used-key-packages')?.toString().split(' ') ?? [];

  const unconfirmed = (): Unconfirmed | null =>
    JSON.parse(store.messagingValue('unconfirmed-key-packages')?.toString() ?? 'null');
  const saveUnconfirmed = (them: Unconfirmed | null) =>
    store.saveMessagingValue('unconfirmed-key-packages', Buffer.from(JSON.stringify(them)));
  const confirmed = ({ replace }: Pick<Unconfirmed, 'replace'>, madeAt: number) =>
    store.transaction(() => {
      saveUnconfirmed(null);
      if (replace) saveHandedInAt(madeAt);
    });

  /** Their private halves are kept before anybody has them. */
  const make = async (count: number, renew: boolean, given: Pick<Unconfirmed, 'replace' | 'had'>) => {
    const made: (Awaited<ReturnType<typeof makeKeyPackage>> & { readonly lastResort: boolean })[] = [];
    for (const lastResort of [...(renew ? [true] : []), ...Array<boolean>(count).fill(false)])
      made.push({ ...(await makeKeyPackage(ports.self(), { now: now(), lastResort })), lastResort });
    store.transaction(() => {
      for (const { reference, privatePackage, lastResort } of made) {
        const kept: KeptHalf = { madeAt: now(), half: Buffer.from(privatePackage).toString('base64') };
        store.addKeyPackage({ ref: reference, body: vault.seal(place(reference), kept), lastResort });
      }
      saveUnconfirmed({ ...given, refs: made.map(({ reference }) => reference) });
    });
    return {
      lastResort: made.find(({ lastResort }) => lastResort)?.publicPackage ?? null,
      packages: made.filter(({ lastResort }) => !lastResort).map(({ publicPackage }) => publicPackage),
    };
  };

  /**
   * What became of those that the server has not answered for. It may have them after all, and one that has been given out is not handed in twice:
   * it would bring this device into two conversations, of which it could join one. Where there are no more than before, none has come. The last
   * resort is the same however often it comes.
   */
  const settle = async (): Promise<void> => {
    const them = unconfirmed();
    if (!them) return;
    const halves = store
      .keyPackages()
      .flatMap((stored) => (them.refs.includes(stored.ref) ? [{ ...halfOf(stored), single: !stored.lastResort }] : []));
    const bodyOf = ({ half }: KeptHalf) => publicPackageOf(Buffer.from(half, 'base64'));
    const lastResort = halves.find(({ single }) => !single);
    const { replace, had } = them;
    known = await handIn({ packages: [], lastResort: lastResort ? bodyOf(lastResort) : null, replace });
    const singles = halves.filter(({ single }) => single).map(bodyOf);
    // Of what it had before there is nothing left to count by: others take their place.
    if (!replace && known <= had && singles.length > 0) {
      saveUnconfirmed({ ...them, had: known });
      known = await handIn({ packages: singles, lastResort: null, replace: false });
    }
    confirmed(them, lastResort?.madeAt ?? 0);
  };

  const supply = async (): Promise<void> => {
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
    const had = known ?? 0;
    known = await handIn({ ...(await make(missing, renew, { replace, had })), replace });
    confirmed({ replace }, madeAt);
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
        saveUnconfirmed(null);
      });
      known = 0;
    },
    async work() {
      // A clock that was set back would have it wait for as long again.
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
