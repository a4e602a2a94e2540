/**
 * The time on a device, so that neither a changed clock of the device nor a wrong clock of the server starts or ends an order.
 *
 * Authenticated time (the server's, or a signed list's own date) sets the floor. From there the monotonic clock counts. A reboot hides
 * how long the device was off. The device then uses its wall clock, but no time before the reached one and none more than seven days
 * past the floor.
 *
 * A server's time far ahead of that is held until the wall clock agrees with it or the server has kept to it for hours (ADR 30).
 */
import type { Instant } from '../../shared/time/clock.ts';

/** The device's own clocks. A simulation gives wrong ones. */
export interface DeviceTime {
  /** The wall clock: may be wrong, years off. */
  wall(): Instant;
  /** Milliseconds of a clock that only runs forward while the device is up, sleep included. */
  monotonic(): number;
  /** Names this boot: `monotonic` readings of two boots have nothing to do with each other. */
  readonly boot: string;
  /** Runs `task` after `ms` on the monotonic clock. Returns the cancellation. */
  after(ms: number, task: () => void): () => void;
}

/** What is kept of it: `anchor` is the device's time at one reading of the monotonic clock of one boot. */
export interface ClockState {
  /** The last authenticated time. */
  readonly floor: Instant;
  /** The highest time ever computed from the floor and the monotonic clock alone. */
  readonly reached: Instant;
  readonly anchor: { readonly time: Instant; readonly monotonic: number; readonly boot: string };
  /** The anchor goes back to authenticated time of the same boot, so that the monotonic clock has counted everything since. */
  readonly counted?: boolean;
  /** A server's time that is implausibly far ahead, and when the device first received it. */
  readonly claim?: { readonly time: Instant; readonly monotonic: number; readonly boot: string } | null;
}

const HOUR = 3_600_000;
/** Two clocks that differ by less agree. A server's time that is less ahead than this is never held. */
export const CLOCKS_AGREE = HOUR;
/** After a reboot the device knows its time by the wall clock at best, which can be off by a time zone and a day. */
export const LEAP_AFTER_REBOOT = 26 * HOUR;
/** A server that keeps to its time for this long is believed in the end: the device's own clock may be the broken one. */
export const CLAIM_HOLDS_FOR = 6 * HOUR;

/** How far the wall clock is believed past the last authenticated time. */
export const WALL_TRUST = 7 * 24 * 3_600_000;

export interface ClockReading {
  readonly monotonic: number;
  readonly boot: string;
}

/** The clock of a device that has just been given its first authenticated time. */
export function firstClock(authenticated: Instant, reading: ClockReading): ClockState {
  return { floor: authenticated, reached: authenticated, anchor: { time: authenticated, ...reading }, counted: true };
}

/** The same state, anchored at this reading: what is stored, so that a crash loses no time that has passed. */
export function advanceClock(state: ClockState, monotonic: number): ClockState {
  const elapsed = Math.max(0, monotonic - state.anchor.monotonic);
  return {
    ...state,
    reached: state.reached + elapsed,
    anchor: { ...state.anchor, time: state.anchor.time + elapsed, monotonic: state.anchor.monotonic + elapsed },
  };
}

/**
 * Authenticated time arrived. It never lowers the floor: a server that is set back takes no device back with it. An implausible time
 * becomes a claim and changes nothing else. `wall`: the device's own clock.
 */
export function authenticateClock(
  state: ClockState,
  server: Instant,
  reading: ClockReading,
  wall: Instant,
): ClockState {
  if (isPlausible(state, server, reading, wall)) return firstClock(Math.max(server, state.floor), reading);
  const now = advanceClock(state, reading.monotonic);
  const { claim } = state;
  const since = claim && claim.boot === reading.boot ? reading.monotonic - claim.monotonic : null;
  const kept = claim && since !== null && Math.abs(server - (claim.time + since)) <= CLOCKS_AGREE;
  if (!kept) return { ...now, claim: { time: server, ...reading } };
  return since >= CLAIM_HOLDS_FOR ? firstClock(server, reading) : { ...now, claim };
}

/** Whether a server's time may be true, by what the device knows itself. */
function isPlausible(state: ClockState, server: Instant, reading: ClockReading, wall: Instant): boolean {
  const ahead = server - clockNow(state, reading.monotonic);
  if (ahead <= CLOCKS_AGREE || Math.abs(wall - server) <= CLOCKS_AGREE) return true;
  if (state.counted) return false;
  // The wall clock shows a time that is over: it is broken, and says nothing about how long the device was off.
  return ahead <= LEAP_AFTER_REBOOT || wall < state.reached - CLOCKS_AGREE;
}

/** A signed document carries a date: the time is at least this late. A date that is implausibly far ahead changes nothing. */
export function atLeast(state: ClockState, signed: Instant, reading: ClockReading, wall: Instant): ClockState {
  const now = advanceClock(state, reading.monotonic);
  if (!isPlausible(state, signed, reading, wall)) return now;
  if (signed > now.anchor.time) {
    // A date that is far ahead shows that time has passed uncounted, and the true time may be later still.
    const counted = state.counted === true && signed - now.anchor.time <= CLOCKS_AGREE;
    return { ...firstClock(Math.max(signed, state.floor), reading), counted, claim: now.claim ?? null };
  }
  return { ...now, floor: Math.max(now.floor, signed), reached: Math.max(now.reached, signed) };
}

/** Picks up what was stored: in the same boot the monotonic clock has gone on, after a reboot the wall clock is heard. */
export function resumeClock(state: ClockState, reading: ClockReading, wall: Instant): ClockState {
  if (state.anchor.boot === reading.boot && reading.monotonic >= state.anchor.monotonic) {
    return advanceClock(state, reading.monotonic);
  }
  const believed = Math.min(Math.max(state.floor, wall), state.floor + WALL_TRUST);
  return { ...state, anchor: { time: Math.max(state.reached, believed), ...reading }, counted: false, claim: null };
}

/** A correction that approvers signed (`shared/order/time-correction.ts`): the server's time was wrong from `from` to `until`. */
export interface WrongTime {
  readonly from: Instant;
  readonly until: Instant;
  /** The correction was signed at this time, so the true time is not earlier. */
  readonly earliest: Instant;
}

/**
 * The only way back. It concerns a device whose floor lies in the wrong stretch while its own clock says that the stretch is still ahead:
 * an old correction, shown again when that time has really come, turns no device back. Returns null when it does not concern this device.
 */
export function correctClock(
  state: ClockState,
  { from, until, earliest }: WrongTime,
  reading: ClockReading,
  wall: Instant,
): ClockState | null {
  if (state.floor < from || state.floor > until || wall >= from || wall < earliest - CLOCKS_AGREE) return null;
  const time = Math.min(Math.max(earliest, wall), earliest + WALL_TRUST);
  return { floor: earliest, reached: time, anchor: { time, ...reading }, counted: false, claim: null };
}

export const clockNow = (state: ClockState, monotonic: number): Instant =>
  state.anchor.time + Math.max(0, monotonic - state.anchor.monotonic);

export interface ClockStore {
  clock(): ClockState | null;
  saveClock(state: ClockState): void;
}

export interface DeviceClock {
  now(): Instant;
  /** Where the clock stood when it was last kept before this start. */
  readonly left: Instant;
  /** False: the time is implausible and was not taken. */
  authenticate(server: Instant): boolean;
  atLeast(signed: Instant): void;
  /** True when the correction concerned this device and was applied. */
  correct(wrong: WrongTime): boolean;
  /** A server's time that the device has received and does not use yet. */
  claimed(): Instant | null;
  /** Stores how far time has come; called with every change of enforcement and on every tick. */
  keep(): void;
}

export function openDeviceClock(time: DeviceTime, store: ClockStore): DeviceClock {
  const reading = () => ({ monotonic: time.monotonic(), boot: time.boot });
  const kept = store.clock();
  let state = kept ? resumeClock(kept, reading(), time.wall()) : firstClock(time.wall(), reading());
  const keep = () => {
    state = advanceClock(state, time.monotonic());
    store.saveClock(state);
  };
  keep();
  return {
    left: kept?.anchor.time ?? state.anchor.time,
    now: () => Math.floor(clockNow(state, time.monotonic())),
    authenticate(server) {
      state = authenticateClock(state, server, reading(), time.wall());
      store.saveClock(state);
      return (state.claim ?? null) === null;
    },
    atLeast(signed) {
      state = atLeast(state, signed, reading(), time.wall());
      store.saveClock(state);
    },
    correct(wrong) {
      const corrected = correctClock(state, wrong, reading(), time.wall());
      if (corrected === null) return false;
      state = corrected;
      store.saveClock(state);
      return true;
    },
    claimed: () => (state.claim ? Math.floor(state.claim.time + time.monotonic() - state.claim.monotonic) : null),
    keep,
  };
}
