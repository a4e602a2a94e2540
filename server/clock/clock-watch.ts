/**
 * Watch over the server's clock, because a wrong clock would start and end orders on every device. While the clock is in doubt, the
 * server's time no longer follows the machine (`guarded-clock.ts`), the server raises a warning, and devices receive no authenticated time.
 */
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { Loop } from '../../shared/loops/loop.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import { createDeviceVotes } from './device-votes.ts';
import type { GuardedClock, MachineClocks } from './guarded-clock.ts';
import { CLOCK_TOLERANCE, checkStart, type Heartbeat, type MeasuredTime, type StartFacts } from './start-check.ts';

export interface ClockStore {
  /** Newest time that this server wrote into the store, read from indexed columns; null for an empty store. */
  newestTime(): Promise<StartFacts['newest']>;
  heartbeat(): Promise<Heartbeat | null>;
  saveHeartbeat(beat: Heartbeat): Promise<void>;
  acceptClock(entry: EntryDraft<'clock.accepted'>): Promise<void>;
  /** Latest time that the server wrote before its clock was set back; null if the clock never was. */
  aheadUntil(): Promise<Instant | null>;
  /**
   * Records that the clock was set back to `now`. `aheadUntil`: latest time that the server wrote before. Contacts of devices that the server
   * dated after `now` get the date `now`, because they would count as the newest time of the store at the next start. Sessions that began
   * after `now` end.
   */
  recordSetBack(set: { readonly now: Instant; readonly aheadUntil: Instant }): Promise<void>;
}

export interface ClockLog {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

/**
 * Cause of doubt about the clock. `jumped`: this machine's clock was changed. `devices`: the clocks of most devices differ from this
 * machine's clock.
 */
export interface ClockDoubt {
  readonly cause: 'jumped' | 'devices';
  /** Milliseconds by which the machine's clock (`jumped`) or the clocks of most devices (`devices`) are ahead of the server's time. */
  readonly ahead: number;
}

export interface ClockWatch {
  doubt(): ClockDoubt | null;
  trusted(): boolean;
  /** True if the server's clock was ahead, and documents that the server signed at that time may still begin in the future. */
  mayHaveFutureDates(): boolean;
  noteDeviceTime(device: DeviceId, wall: Instant): void;
  stop(): Promise<void>;
}

/**
 * Clock watch that always trusts the server's clock and checks nothing. The server uses this watch with a simulated clock, which a test or
 * the demo controls.
 */
export const UNWATCHED: ClockWatch = {
  doubt: () => null,
  trusted: () => true,
  mayHaveFutureDates: () => false,
  noteDeviceTime: () => undefined,
  stop: async () => undefined,
};

const CHECK_EVERY = 10_000;
const BEAT_EVERY = 60_000;
/** Milliseconds between two queries of the time source while the clock is in doubt. */
const MEASURE_EVERY = 60_000;

export interface ClockPorts {
  readonly clock: GuardedClock;
  readonly machine: MachineClocks;
  readonly store: ClockStore;
  readonly measure: () => Promise<MeasuredTime | null>;
  readonly log: ClockLog;
}

export interface StartOptions extends Pick<StartFacts, 'released' | 'authorityEnds' | 'longestSilence' | 'accepted'> {}

/**
 * Checks at the start, before the first write, whether the machine's clock is plausible. Returns null for a plausible clock, and a ledger
 * entry for an implausible clock that an admin accepted. Otherwise throws `clock_implausible`. `store` has earlier times for the
 * comparison; null if the server's database is empty.
 */
export async function admitClock(
  ports: Omit<ClockPorts, 'store'> & { readonly store: ClockStore | null },
  options: StartOptions,
): Promise<EntryDraft<'clock.accepted'> | null> {
  const { clock, machine, store } = ports;
  const [newest, heartbeat, measured] = await Promise.all([
    store?.newestTime() ?? null,
    store?.heartbeat() ?? null,
    ports.measure(),
  ]);
  const now = clock.now();
  const facts = { now, uptime: machine.uptime(), boot: machine.boot, newest, heartbeat, measured, ...options };
  const { objection } = checkStart(facts);
  if (objection === null) return null;
  ports.log.warn({ objection }, 'an admin has accepted this clock with CORDON_ACCEPT_CLOCK');
  return {
    kind: 'clock.accepted',
    at: now,
    subject: null,
    public: { newest: newest?.at ?? null, measuredAhead: measured === null ? null : Math.round(measured.ahead) },
  };
}

export async function watchClock(
  ports: ClockPorts,
  accepted: EntryDraft<'clock.accepted'> | null,
): Promise<ClockWatch> {
  const { clock, machine, store, log } = ports;
  const votes = createDeviceVotes();
  let doubt: ClockDoubt | null = null;
  let measuredAt = Number.NEGATIVE_INFINITY;
  let measured: MeasuredTime | null = null;
  let beatAt = Number.NEGATIVE_INFINITY;

  if (accepted !== null) {
    await store.acceptClock(accepted);
    const { newest } = accepted.public;
    if (typeof newest === 'number' && newest > accepted.at)
      await store.recordSetBack({ now: accepted.at, aheadUntil: newest });
  }
  let aheadUntil = await store.aheadUntil();

  async function check(): Promise<void> {
    const mono = machine.monotonic();
    const jump = clock.jump();
    const majority = votes.result(clock.now(), mono);
    const suspicious = jump !== null || majority.ahead !== null;
    if (suspicious && mono - measuredAt >= MEASURE_EVERY) {
      measured = await ports.measure();
      measuredAt = mono;
    }
    const before = clock.now();
    const next = suspicious ? judge(jump, majority.ahead) : null;
    const now = clock.now();
    if (jump !== null && jump < 0 && now < before) {
      await store.recordSetBack({ now, aheadUntil: before });
      aheadUntil = await store.aheadUntil();
    }
    if (next?.cause !== doubt?.cause) report(next);
    doubt = next;
    if (mono - beatAt < BEAT_EVERY) return;
    beatAt = mono;
    await store.saveHeartbeat({ at: clock.now(), uptime: machine.uptime(), boot: machine.boot });
  }

  /** Decides whether the clock is in doubt. After a jump, only a time source or most devices can confirm the machine's new time. */
  function judge(jump: number | null, devicesAhead: number | null): ClockDoubt | null {
    const wallIsRight = measured !== null && Math.abs(measured.ahead) <= CLOCK_TOLERANCE;
    if (jump !== null) {
      const byDevices = devicesAhead !== null && Math.abs(devicesAhead - jump) <= 2 * CLOCK_TOLERANCE;
      if (!wallIsRight && !byDevices) return { cause: 'jumped', ahead: jump };
      const source = wallIsRight ? measured?.source : 'most devices';
      log.warn({ jump, source }, "the machine's clock jumped, and the server follows it: a time source confirms it");
      clock.accept();
      return null;
    }
    // Without a jump, the server's time is the machine's wall clock.
    return devicesAhead === null || wallIsRight ? null : { cause: 'devices', ahead: devicesAhead };
  }

  function report(next: ClockDoubt | null): void {
    if (next === null) log.info({}, "the server's clock is no longer in doubt");
    else
      log.error(
        { ...next },
        next.cause === 'jumped'
          ? "the machine's clock jumped; the server continues on its own time, and devices get no time from it"
          : "most devices disagree with the server's clock; devices get no time from it",
      );
  }

  const failed = (error: unknown) => log.error({ err: error }, 'the clock could not be checked');
  const watch = new Loop({ run: check, failed, every: CHECK_EVERY });
  await watch.run();

  return {
    doubt: () => doubt,
    trusted: () => doubt === null,
    mayHaveFutureDates: () => aheadUntil !== null && clock.now() < aheadUntil,
    noteDeviceTime(device, wall) {
      votes.add(device, wall, machine.monotonic());
      if (votes.result(clock.now(), machine.monotonic()).ahead !== null) watch.request();
    },
    async stop() {
      await watch.stop();
      await store.saveHeartbeat({ at: clock.now(), uptime: machine.uptime(), boot: machine.boot }).catch(failed);
    },
  };
}
