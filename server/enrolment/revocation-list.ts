/**
 * The certificate revocation list: made anew when something is revoked and once a day, kept in the store, alarmed about long before it
 * expires. Our own listeners never wait for it (they ask the store); it is for everybody else. Real time throughout, but for the ledger.
 */
import type { Authority } from '../../certs/authority.ts';
import type { Revoked } from '../../certs/certificate.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
export const CRL_LIFETIME = 7 * DAY;
/** Made anew at this age: six days are left in which somebody can find out why that failed. */
const CRL_REFRESH = DAY;
/** Less than this left: an alarm, once a day. */
const CRL_ALARM = 4 * DAY;
const LOOK_EVERY = 60_000;

export interface StoredCrl {
  readonly number: number;
  readonly der: Buffer;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** How many certificates it names. */
  readonly entries: number;
}

export interface RevocationStore {
  newestCrl(): Promise<StoredCrl | null>;
  /** How many `revoked` would give. */
  countRevoked(endsAfter: number): Promise<number>;
  /** Revoked certificates that end after `endsAfter`, oldest revocation first. */
  revoked(endsAfter: number): Promise<Revoked[]>;
  /** False, and nothing happened, when another node has made the list of this number. */
  addCrl(crl: StoredCrl, leaf: LeafDraft<'crl.issued'>): Promise<boolean>;
}

export interface RevocationListPorts {
  readonly store: RevocationStore;
  readonly authority: Pick<Authority, 'crl'>;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly raise: (alarm: { at: number; device: null; code: string; detail: string }) => Promise<void>;
  readonly log: { error(facts: object, message: string): void };
}

export type RevocationList = ReturnType<typeof createRevocationList>;

export function createRevocationList({ store, authority, clock, bus, raise, log }: RevocationListPorts) {
  let alarmedAt = Number.NEGATIVE_INFINITY;
  let running: Promise<void> | null = null;
  let again: Promise<void> | null = null;

  /** Makes a list if one is due at `now`. */
  async function refresh(now = Date.now()): Promise<void> {
    const newest = await store.newestCrl();
    if (newest && !isDue(newest, now) && !(await misses(newest))) return;
    const number = (newest?.number ?? 0) + 1;
    const revoked = await store.revoked(coveredFrom(now));
    const [thisUpdate, nextUpdate] = [now, now + CRL_LIFETIME];
    const der = authority.crl({ number, thisUpdate, nextUpdate, revoked });
    const leaf = {
      kind: 'crl.issued',
      at: clock.now(),
      subject: null,
      public: { number, entries: revoked.length, nextUpdate },
    } as const;
    // When another node was faster, its list has the same entries or the next look makes another.
    await store.addCrl({ number, der, thisUpdate, nextUpdate, entries: revoked.length }, leaf);
  }

  /**
   * Whether something was revoked that the list does not name. Counted, since times do not tell: a revocation can commit after a list that is dated
   * later, and a clock can be set back. What is revoked stays so, so that a list which names as many has them all.
   */
  async function misses({ thisUpdate, entries }: StoredCrl): Promise<boolean> {
    return (await store.countRevoked(coveredFrom(thisUpdate))) !== entries;
  }

  /** One at a time; whoever comes while one runs shares the next, which sees what they changed. */
  function refreshSoon(): Promise<void> {
    if (!running) {
      running = refresh().finally(() => {
        running = null;
      });
      return running;
    }
    again ??= running
      .catch(() => undefined)
      .then(() => {
        again = null;
        return refreshSoon();
      });
    return again;
  }

  async function alarmIfEnding(now: number): Promise<void> {
    const newest = await store.newestCrl();
    const left = (newest?.nextUpdate ?? now) - now;
    if (left > CRL_ALARM || now - alarmedAt < DAY) return;
    alarmedAt = now;
    const detail = `The revocation list ends in ${Math.max(0, Math.floor(left / HOUR))} hours and could not be made anew: look at the log of the server.`;
    await raise({ at: clock.now(), device: null, code: 'crl_ending', detail });
  }

  /** Never throws: what fails is logged, and alarmed about while the newest list still holds. */
  async function look(now = Date.now()): Promise<void> {
    try {
      await refreshSoon();
    } catch (error) {
      log.error({ err: error }, 'the revocation list could not be made');
    }
    try {
      await alarmIfEnding(now);
    } catch (error) {
      log.error({ err: error }, 'the end of the revocation list could not be alarmed about');
    }
  }

  return {
    refresh,
    look,
    /** The newest list; made now when there is none. A device that was just revoked asks at once, so a list on its way is waited for. */
    current: async (): Promise<StoredCrl> => {
      await (again ?? running)?.catch(() => undefined);
      const newest = await store.newestCrl();
      if (newest) return newest;
      await refreshSoon();
      const made = await store.newestCrl();
      if (!made) throw new Error('a revocation list was made and is not there');
      return made;
    },
    /** Resolves when a list is there; then keeps it so. Returns what stops it. */
    start: async (): Promise<() => void> => {
      await look();
      const timer = setInterval(() => void look(), LOOK_EVERY);
      timer.unref();
      const unsubscribe = bus.subscribe((wake) => {
        if (wake.kind === 'ended') void look();
      });
      return () => {
        clearInterval(timer);
        unsubscribe();
      };
    },
  };
}

/** An entry stays until a list after the certificate's own end has carried it (RFC 5280, section 3.3). */
export const CRL_COVERS = 2 * CRL_REFRESH;
const coveredFrom = (thisUpdate: number): number => thisUpdate - CRL_COVERS;

const isDue = (crl: StoredCrl, now: number): boolean => now - crl.thisUpdate >= CRL_REFRESH || now < crl.thisUpdate;
