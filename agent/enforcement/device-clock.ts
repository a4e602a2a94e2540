/**
 * The time on a device. Neither a changed clock of the device nor a wrong clock of the server starts or ends an order. Authenticated time
 * (the server's, or a signed list's own date) sets the floor. From there the monotonic clock counts. A reboot hides how long the device was
 * off. The device then uses its wall clock, but no time before the reached one and none more than seven days past the floor. The device
 * does not use a server's time far ahead of that until the wall clock agrees, or the server has repeated the time for hours (ADR 30).
 */
import type { Instant } from '../../shared/time/clock.ts';

/** The device's own clocks. A simulation gives wrong clocks. */
export interface DeviceTime {
  /** The wall clock, which may be wrong by years. */
  wall(): Instant;
  /** Milliseconds of a clock that only runs forward while the device is up, sleep included. */
  monotonic(): number;
  /** Identifier of this boot. `monotonic` readings of two boots cannot be compared. */
  readonly boot: string;
  /** Runs `task` after `ms` on the monotonic clock. Returns a function that cancels the timer. */
  after(ms: number, task: () => void): () => void;
}

/** Clock state in the store. `anchor`: the device's time at one reading of the monotonic clock of one boot. */
export interface ClockState {
  readonly floor: Instant;
  /** Highest time ever computed from the floor and the monotonic clock alone. */
  readonly reached: Instant;
  readonly anchor: { readonly time: Instant; readonly monotonic: number; readonly boot: string };
  /** The anchor comes from authenticated time of the same boot, so the monotonic clock has counted all time since then. */
  readonly counted?: boolean;
  /** A server's time that is implausibly far ahead, and when the device first received it. */
  readonly claim?: { readonly time: Instant; readonly monotonic: number; readonly boot: string } | null;
}

const HOUR = 3_600_000;
/** Maximum difference of two agreeing clocks. The device uses a server's time that is ahead by less at once. */
export const CLOCKS_AGREE = HOUR;
/** After a reboot the device knows its time by the wall clock at best, which can be off by a time zone and a day. */
export const LEAP_AFTER_REBOOT = 26 * HOUR;
/**
 * The device accepts an implausible time that the server has repeated for this long, because the device's own clock may be the broken one.
 */
export const CLAIM_HOLDS_FOR = 6 * HOUR;

/** Limit after the last authenticated time, up to which the device follows its wall clock after a reboot. */
export const WALL_TRUST = 7 * 24 * 3_600_000;

export interface ClockReading {
  readonly monotonic: number;
  readonly boot: string;
}

export function firstClock(authenticated: Instant, reading: ClockReading): ClockState {
  return { floor: authenticated, reached: authenticated, anchor: { time: authenticated, ...reading }, counted: true };
}

/** Clock state with this reading as its anchor. The device stores this state, so that a crash loses no elapsed time. */
export function advanceClock(state: ClockState, monotonic: number): ClockState {
  const elapsed = Math.max(0, monotonic - state.anchor.monotonic);
  return {
    ...state,
    reached: state.reached + elapsed,
    anchor: { ...state.anchor, time: state.anchor.time + elapsed, monotonic: state.anchor.monotonic + elapsed },
  };
}

/**
 * Clock state after an authenticated time. The floor never becomes lower: a server whose clock is set back must not move devices back. An
 * implausible time becomes a claim and changes nothing else. `wall`: the device's own clock.
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
  const isRepeated = claim && since !== null && Math.abs(server - (claim.time + since)) <= CLOCKS_AGREE;
  if (!isRepeated) return { ...now, claim: { time: server, ...reading } };
  return since >= CLAIM_HOLDS_FOR ? firstClock(server, reading) : { ...now, claim };
}

/** True when the device's own clocks show that the server's time may be correct. */
function isPlausible(state: ClockState, server: Instant, reading: ClockReading, wall: Instant): boolean {
  const ahead = server - clockNow(state, reading.monotonic);
  if (ahead <= CLOCKS_AGREE || Math.abs(wall - server) <= CLOCKS_AGREE) return true;
  if (state.counted) return false;
  // The wall clock shows a past time, so it is wrong and does not tell how long the device was off.
  return ahead <= LEAP_AFTER_REBOOT || wall < state.reached - CLOCKS_AGREE;
}

/** Clock state after a signed document with a date: the present time is not earlier than the date. An implausible date changes nothing. */
export function atLeast(state: ClockState, signed: Instant, reading: ClockReading, wall: Instant): ClockState {
  const now = advanceClock(state, reading.monotonic);
  if (!isPlausible(state, signed, reading, wall)) return now;
  if (signed > now.anchor.time) {
    // A date far ahead shows that some time was not counted, so the true time may be even later.
    const counted = state.counted === true && signed - now.anchor.time <= CLOCKS_AGREE;
    return { ...firstClock(Math.max(signed, state.floor), reading), counted, claim: now.claim ?? null };
  }
  return { ...now, floor: Math.max(now.floor, signed), reached: Math.max(now.reached, signed) };
}

/** Clock state at the start of the agent. In the same boot the monotonic clock continues; after a reboot the wall clock counts. */
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
  /** Time at which approvers signed the correction. The true time is not earlier. */
  readonly earliest: Instant;
}

/**
 * Clock state after a time correction, the only way to move the time back; null when the correction does not concern this device. A
 * correction concerns a device whose floor is in the wrong interval while its own clock is still before the interval. A repeated old
 * correction therefore has no effect later.
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
  /** The last stored time before this start. */
  readonly left: Instant;
  /** Applies the server's time. Returns false when the time is implausible and was not used. */
  authenticate(server: Instant): boolean;
  atLeast(signed: Instant): void;
  /**
   * Applies a correction; false when the correction does not concern this device. `keep` calls `save` in its own transaction, which may run
   * several times on a full disk. The device's time changes to `after` when `keep` returns.
   */
  correct(wrong: WrongTime, keep: (after: Instant, save: () => void) => void): boolean;
  /** A server's time that the device has received and does not use yet. */
  claimed(): Instant | null;
  /** Stores the present time. Runs with every change of enforcement and every minute. */
  keep(): void;
}

export function openDeviceClock(time: DeviceTime, store: ClockStore): DeviceClock {
  const reading = () => ({ monotonic: time.monotonic(), boot: time.boot });
  const stored = store.clock();
  let state = stored ? resumeClock(stored, reading(), time.wall()) : firstClock(time.wall(), reading());
  const keep = () => {
    state = advanceClock(state, time.monotonic());
    store.saveClock(state);
  };
  keep();
  return {
    left: stored?.anchor.time ?? state.anchor.time,
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
    correct(wrong, keep) {
      const corrected = correctClock(state, wrong, reading(), time.wall());
      if (corrected === null) return false;
      keep(Math.floor(corrected.anchor.time), () => store.saveClock(corrected));
      state = corrected;
      return true;
    },
    claimed: () => (state.claim ? Math.floor(state.claim.time + time.monotonic() - state.claim.monotonic) : null),
    keep,
  };
}
