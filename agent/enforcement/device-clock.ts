/**
 * The time on a device. Neither a changed device clock nor a wrong server clock may start or end an order. The last authenticated time (the
 * server's time or the date of a signed order list) is the floor. The device adds the monotonic clock's time to the floor.
 * A reboot hides how long the device was off. The device then uses its wall clock within limits: never earlier than the last stored time,
 * and at most seven days after the floor.
 * A server time far ahead of the device's time is not used at once. The device uses it when the wall clock agrees, or when the server has
 * repeated it for hours (ADR 30).
 */
import type { Instant } from '../../shared/time/clock.ts';

/** The device's own clocks. A simulation can supply wrong clocks. */
export interface DeviceTime {
  /** Time of the wall clock, which may be wrong by years. */
  wall(): Instant;
  /** Milliseconds of the monotonic clock, which runs while the device is on or asleep. */
  monotonic(): number;
  /** Identifier of this boot. `monotonic` values from two boots cannot be compared. */
  readonly boot: string;
  /** Runs `task` after `ms` on the monotonic clock. Returns a function that cancels the timer. */
  after(ms: number, task: () => void): () => void;
}

/** Clock state in the store. `anchor`: a pair of the device's time and the value that the monotonic clock of one boot had at that time. */
export interface ClockState {
  readonly floor: Instant;
  /** Latest time that the device ever computed from the floor and the monotonic clock. The wall clock has no part in it. */
  readonly reached: Instant;
  readonly anchor: { readonly time: Instant; readonly monotonic: number; readonly boot: string };
  /** True if the anchor is an authenticated time from the same boot. The monotonic clock has then counted all time since the anchor. */
  readonly counted?: boolean;
  /**
   * `claim`: an implausibly late time that the server sent and the device does not use, with the time at which the device first received
   * it; null if there is none.
   */
  readonly claim?: { readonly time: Instant; readonly monotonic: number; readonly boot: string } | null;
}

const HOUR = 3_600_000;
/**
 * Two clocks agree if they differ by at most this. The device uses a server time at once if it is ahead of the device's time by at most
 * this.
 */
export const CLOCKS_AGREE = HOUR;
/**
 * Maximum plausible jump of time after a reboot. The device then knows the time only from its wall clock, which can be wrong by a time zone
 * and a day.
 */
export const REBOOT_TOLERANCE = 26 * HOUR;
/**
 * Time for which the server must repeat an implausible time before the device accepts it. The server may be right, because the device's own
 * clock may be wrong.
 */
export const CLAIM_HOLDS_FOR = 6 * HOUR;

/** After a reboot, the device follows its wall clock, but at most this long after the last authenticated time. */
export const WALL_TRUST = 7 * 24 * 3_600_000;

export interface ClockReading {
  readonly monotonic: number;
  readonly boot: string;
}

export function firstClock(authenticated: Instant, reading: ClockReading): ClockState {
  return { floor: authenticated, reached: authenticated, anchor: { time: authenticated, ...reading }, counted: true };
}

/**
 * Moves the anchor of the clock state to the given value of the monotonic clock. The device stores the clock state often, so that a crash
 * loses no elapsed time.
 */
export function advanceClock(state: ClockState, monotonic: number): ClockState {
  const elapsed = Math.max(0, monotonic - state.anchor.monotonic);
  return {
    ...state,
    reached: state.reached + elapsed,
    anchor: { ...state.anchor, time: state.anchor.time + elapsed, monotonic: state.anchor.monotonic + elapsed },
  };
}

/**
 * Returns the clock state after the server has sent its time. The floor (the last authenticated time) never decreases, so a server whose
 * clock is set back does not set devices back. An implausible time is only stored as `claim`. `wall`: time of the device's wall clock.
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

/** Returns true if the device's own clocks show that the server's time may be correct. */
function isPlausible(state: ClockState, server: Instant, reading: ClockReading, wall: Instant): boolean {
  const ahead = server - clockNow(state, reading.monotonic);
  if (ahead <= CLOCKS_AGREE || Math.abs(wall - server) <= CLOCKS_AGREE) return true;
  if (state.counted) return false;
  // If the wall clock shows a time that is known to be past, the wall clock is wrong. It then cannot show how long the device was off.
  return ahead <= REBOOT_TOLERANCE || wall < state.reached - CLOCKS_AGREE;
}

/**
 * Returns the clock state after a signed document with a date. The document proves that its date is not in the future. An implausible date
 * changes nothing.
 */
export function atLeast(state: ClockState, signed: Instant, reading: ClockReading, wall: Instant): ClockState {
  const now = advanceClock(state, reading.monotonic);
  if (!isPlausible(state, signed, reading, wall)) return now;
  if (signed > now.anchor.time) {
    // If the document's date is far ahead of the device's time, the device's clock did not count some of the elapsed time. The true time
    // may be even later than the document's date.
    const counted = state.counted === true && signed - now.anchor.time <= CLOCKS_AGREE;
    return { ...firstClock(Math.max(signed, state.floor), reading), counted, claim: now.claim ?? null };
  }
  return { ...now, floor: Math.max(now.floor, signed), reached: Math.max(now.reached, signed) };
}

/**
 * Returns the clock state at the agent's start. In the same boot, the monotonic clock continues. After a reboot, the wall clock is used.
 */
export function resumeClock(state: ClockState, reading: ClockReading, wall: Instant): ClockState {
  if (state.anchor.boot === reading.boot && reading.monotonic >= state.anchor.monotonic) {
    return advanceClock(state, reading.monotonic);
  }
  const limited = Math.min(Math.max(state.floor, wall), state.floor + WALL_TRUST);
  return { ...state, anchor: { time: Math.max(state.reached, limited), ...reading }, counted: false, claim: null };
}

/** Time correction that approvers signed (`shared/order/time-correction.ts`): the server's time was wrong from `from` to `until`. */
export interface WrongTime {
  readonly from: Instant;
  readonly until: Instant;
  /** Time at which approvers signed the correction. The true time cannot be earlier. */
  readonly earliest: Instant;
}

/**
 * Returns the clock state after a time correction, or null if the correction does not concern this device. Only a correction can set the
 * device's time back. It concerns a device if the device's floor is inside the wrong interval and its wall clock is before the interval. If
 * an old correction arrives again after the interval, it therefore has no effect.
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
  /** Time that the device last stored before the agent started. */
  readonly left: Instant;
  /** Applies the server's time. Returns false if the time is implausible and therefore not used. */
  authenticate(server: Instant): boolean;
  atLeast(signed: Instant): void;
  /**
   * Applies a correction. Returns false if the correction does not concern this device. `keep` must call `save` in its own transaction,
   * which may run several times on a full disk. The device's time changes to `after` when `keep` returns.
   */
  correct(wrong: WrongTime, keep: (after: Instant, save: () => void) => void): boolean;
  /** Implausible server time that the device does not use yet; null if there is none. */
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
