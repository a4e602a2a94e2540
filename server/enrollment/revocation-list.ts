/**
 * Certificate revocation list (CRL) for outside verifiers, issued after each revocation and once a day. The server's own listeners read
 * revocations from the store instead. All times are real time, except in ledger entries.
 */
import type { Authority } from '../../certs/authority.ts';
import type { Revoked } from '../../certs/certificate.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { Loop } from '../../shared/loops/loop.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
export const CRL_LIFETIME = 7 * DAY;
/**
 * Age of the newest revocation list at which the server issues a new one. If the issue fails, the newest list stays valid for six more
 * days, in which an admin can find the cause.
 */
const CRL_REFRESH = DAY;
/** Remaining validity of the newest revocation list below which the server raises an alert once a day. */
const CRL_ALERT = 4 * DAY;
const CHECK_INTERVAL = 60_000;

export interface StoredCrl {
  readonly number: number;
  readonly der: Buffer;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly entries: number;
}

export interface RevocationStore {
  /** Newest list, for publication. Rejects while the high-water mark cannot be written. */
  newestCrl(): Promise<StoredCrl | null>;
  /** Time at which the newest list was issued, also while the list cannot be published; null without a list. */
  newestCrlDate(): Promise<number | null>;
  countRevoked(endsAfter: number): Promise<number>;
  /** Revoked certificates that expire after `endsAfter`, oldest revocation first. */
  revoked(endsAfter: number): Promise<Revoked[]>;
  /** Stores a revocation list. Returns false and changes nothing if another server has already issued a list with the same number. */
  addCrl(crl: StoredCrl, entry: EntryDraft<'crl.issued'>): Promise<boolean>;
}

export interface RevocationListPorts {
  readonly store: RevocationStore;
  readonly authority: Pick<Authority, 'crl'>;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly raise: (alert: { at: number; device: null; code: string; detail: string }) => Promise<void>;
  readonly log: { error(facts: object, message: string): void };
  /** Real time. Default: the machine's clock. */
  readonly now?: () => number;
}

export type RevocationList = ReturnType<typeof createRevocationList>;

export function createRevocationList({ store, authority, clock, bus, raise, log, ...ports }: RevocationListPorts) {
  const { now: realNow = () => Date.now() } = ports;
  let alertedAt = Number.NEGATIVE_INFINITY;
  const refreshing = new Loop({
    run: () => refresh(),
    failed: (error) => log.error({ err: error }, 'the revocation list could not be created'),
  });

  async function refresh(now = realNow()): Promise<void> {
    const newest = await store.newestCrl();
    if (newest && !isDue(newest, now) && !(await misses(newest))) return;
    const number = (newest?.number ?? 0) + 1;
    const revoked = await store.revoked(coveredFrom(now));
    const [thisUpdate, nextUpdate] = [now, now + CRL_LIFETIME];
    const der = authority.crl({ number, thisUpdate, nextUpdate, revoked });
    const entry = {
      kind: 'crl.issued',
      at: clock.now(),
      subject: null,
      public: { number, entries: revoked.length, nextUpdate },
    } as const;
    // The list is not stored if another server issued a list first. The next check then issues a further list if entries are missing.
    await store.addCrl({ number, der, thisUpdate, nextUpdate, entries: revoked.length }, entry);
  }

  /**
   * True if a revoked certificate is missing from the list. Compares numbers and not times: a revocation can commit after a list with a
   * later date, and a clock can be set back. Revocations are permanent, so an equal number means a complete list.
   */
  async function misses({ thisUpdate, entries }: StoredCrl): Promise<boolean> {
    return (await store.countRevoked(coveredFrom(thisUpdate))) !== entries;
  }

  async function alertIfEnding(now: number): Promise<void> {
    const newest = await store.newestCrl();
    const remaining = (newest?.nextUpdate ?? now) - now;
    if (remaining > CRL_ALERT || now - alertedAt < DAY) return;
    alertedAt = now;
    const detail = `The revocation list expires in ${Math.max(0, Math.floor(remaining / HOUR))} hours, and the server cannot issue a new one. The reason is in the server's log.`;
    await raise({ at: clock.now(), device: null, code: 'crl_ending', detail });
  }

  /** Issues a revocation list if one is due. Never throws: failures are logged, and raise an alert while the newest list is still valid. */
  async function check(now = realNow()): Promise<void> {
    await refreshing.run();
    try {
      await alertIfEnding(now);
    } catch (error) {
      log.error({ err: error }, 'the alert about the end of the revocation list could not be raised');
    }
  }

  return {
    refresh,
    check,
    /** Time at which the newest revocation list was issued; null without a list. */
    date: () => store.newestCrlDate(),
    /**
     * The newest revocation list, issued immediately if there is none. If a list is being issued, waits for it, because a reader may
     * request the list right after a revocation.
     */
    current: async (): Promise<StoredCrl> => {
      await refreshing.idle();
      const newest = await store.newestCrl();
      if (newest) return newest;
      await refreshing.runOrThrow();
      const created = await store.newestCrl();
      if (!created) throw new Error('the store has no revocation list after its creation');
      return created;
    },
    /** Issues lists regularly. Resolves when the first list exists, with the function that stops the schedule. */
    start: async (): Promise<() => Promise<void>> => {
      const watch = new Loop({ run: () => check(), failed: () => undefined, every: CHECK_INTERVAL });
      await watch.run();
      const unsubscribe = bus.subscribe((wake) => {
        if (wake.kind === 'ended') watch.request();
      });
      return async () => {
        unsubscribe();
        await watch.stop();
      };
    },
  };
}

/** The list must contain a revoked certificate once more after the certificate's expiry (RFC 5280, section 3.3). */
export const CRL_COVERS = 2 * CRL_REFRESH;
const coveredFrom = (thisUpdate: number): number => thisUpdate - CRL_COVERS;

const isDue = (crl: StoredCrl, now: number): boolean => now - crl.thisUpdate >= CRL_REFRESH || now < crl.thisUpdate;
