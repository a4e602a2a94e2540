/**
 * The time on a device, which decides when orders start and end (ADR 30).
 *
 * The last authenticated time is the floor. The device adds the time that the monotonic clock has counted since then. After a reboot, the
 * device uses its wall clock, but never a time before the last stored time, and never more than seven days after the floor. A server time
 * far ahead takes effect only when the wall clock agrees, or when the server has repeated it for hours.
 */
import type { Instant } from '../../shared/time/clock.ts';

export interface DeviceTime {
  /** Time of the machine's wall clock, which may be wrong by years. */
  wall(): Instant;
  /** Milliseconds of the monotonic clock, which runs while the device is on or asleep. */
  monotonic(): number;
  /** Identifier of this boot. `monotonic` values from two boots cannot be compared. */
  readonly boot: string;
  /** Runs `task` after `ms` milliseconds on the monotonic clock. The returned function cancels the timer. */
  after(ms: number, task: () => void): () => void;
}

/** Clock state in the store. `anchor`: a pair of the device's time and the value that the monotonic clock of one boot had at that time. */
export interface ClockState {
  /** Last authenticated time: the server's time, or the date of a signed order list. */
  readonly floor: Instant;
  /**
   * Latest time that the device knows: the last trusted time, plus the time that the monotonic clock has counted since then. If the wall
   * clock shows an earlier time after a reboot, the wall clock is wrong.
   */
  readonly latestTime: Instant;
  readonly anchor: { readonly time: Instant; readonly monotonic: number; readonly boot: string };
  /**
   * True if the time in the field `anchor` is authenticated and from the current boot. The monotonic clock has then counted all time since
   * the anchor.
   */
  readonly counted?: boolean;
  /**
   * Implausibly late time of the server, which the device does not use, and the moment when the device first received it. Null if there is
   * none.
   */
  readonly claim?: { readonly time: Instant; readonly monotonic: number; readonly boot: string } | null;
}

const HOUR = 3_600_000;
/** Maximum difference between two clocks that agree. The device accepts a server time at once if it is ahead by at most this value. */
export const CLOCKS_AGREE = HOUR;
/** Maximum plausible jump of time after a reboot, because the wall clock can be wrong by a time zone and a day. */
export const REBOOT_TOLERANCE = 26 * HOUR;
/** Time for which the server must repeat an implausible time before the device accepts it. The device's own clock may be the wrong one. */
export const CLAIM_REPEATED_FOR = 6 * HOUR;

/** After a reboot, the device follows its wall clock, but at most this long after the last authenticated time. */
export const WALL_CLOCK_TRUSTED_FOR = 7 * 24 * 3_600_000;

export interface ClockReading {
  readonly monotonic: number;
  readonly boot: string;
}

export function firstClock(authenticated: Instant, reading: ClockReading): ClockState {
  return {
    floor: authenticated,
    latestTime: authenticated,
    anchor: { time: authenticated, ...reading },
    counted: true,
  };
}

/**
 * Adds the time that the monotonic clock has counted since its last recorded value, and records the given value of this clock. The device
 * stores the result often, because a reboot resets the monotonic clock.
 */
export function advanceClock(state: ClockState, monotonic: number): ClockState {
  const elapsed = Math.max(0, monotonic - state.anchor.monotonic);
  return {
    ...state,
    latestTime: state.latestTime + elapsed,
    anchor: { ...state.anchor, time: state.anchor.time + elapsed, monotonic: state.anchor.monotonic + elapsed },
  };
}

/**
 * Applies the server's time. The floor (the last authenticated time) never decreases, so a server whose clock is set back does not set
 * devices back. An implausible time is only stored as `claim`.
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
  return since >= CLAIM_REPEATED_FOR ? firstClock(server, reading) : { ...now, claim };
}

function isPlausible(state: ClockState, server: Instant, reading: ClockReading, wall: Instant): boolean {
  const ahead = server - clockNow(state, reading.monotonic);
  if (ahead <= CLOCKS_AGREE || Math.abs(wall - server) <= CLOCKS_AGREE) return true;
  if (state.counted) return false;
  // A wall clock that shows a time known to be past is wrong, so it cannot show how long the device was off.
  return ahead <= REBOOT_TOLERANCE || wall < state.latestTime - CLOCKS_AGREE;
}

/** Applies the date of a signed document, which proves that this date is not in the future. An implausible date changes nothing. */
export function atLeast(state: ClockState, signed: Instant, reading: ClockReading, wall: Instant): ClockState {
  const now = advanceClock(state, reading.monotonic);
  if (!isPlausible(state, signed, reading, wall)) return now;
  if (signed > now.anchor.time) {
    // A document's date far ahead of the device's time shows that the device's clock missed some of the elapsed time. The true time may be
    // even later.
    const counted = state.counted === true && signed - now.anchor.time <= CLOCKS_AGREE;
    return { ...firstClock(Math.max(signed, state.floor), reading), counted, claim: now.claim ?? null };
  }
  return { ...now, floor: Math.max(now.floor, signed), latestTime: Math.max(now.latestTime, signed) };
}

/** Clock state at the agent's start. In the same boot, the monotonic clock continues. After a reboot, the wall clock is used. */
export function resumeClock(state: ClockState, reading: ClockReading, wall: Instant): ClockState {
  if (state.anchor.boot === reading.boot && reading.monotonic >= state.anchor.monotonic) {
    return advanceClock(state, reading.monotonic);
  }
  const limited = Math.min(Math.max(state.floor, wall), state.floor + WALL_CLOCK_TRUSTED_FOR);
  return { ...state, anchor: { time: Math.max(state.latestTime, limited), ...reading }, counted: false, claim: null };
}

/** Time correction that approvers signed (`shared/order/time-correction.ts`): the server's time was wrong from `from` to `until`. */
export interface WrongTime {
  readonly from: Instant;
  readonly until: Instant;
  /** Time at which approvers signed the correction. The true time cannot be earlier. */
  readonly earliest: Instant;
}

/**
 * Applies a time correction, which alone can set the device's time back. Returns null if the correction does not concern this device: its
 * floor must be inside the wrong interval, and its wall clock before the interval. An old correction that arrives again after the interval
 * therefore has no effect.
 */
export function correctClock(
  state: ClockState,
  { from, until, earliest }: WrongTime,
  reading: ClockReading,
  wall: Instant,
): ClockState | null {
  if (state.floor < from || state.floor > until || wall >= from || wall < earliest - CLOCKS_AGREE) return null;
  const time = Math.min(Math.max(earliest, wall), earliest + WALL_CLOCK_TRUSTED_FOR);
  return { floor: earliest, latestTime: time, anchor: { time, ...reading }, counted: false, claim: null };
}

export const clockNow = (state: ClockState, monotonic: number): Instant =>
  state.anchor.time + Math.max(0, monotonic - state.anchor.monotonic);

export interface ClockStore {
  clock(): ClockState | null;
  saveClock(state: ClockState): void;
}

export interface DeviceClock {
  now(): Instant;
  /** Time that the device stored last before the agent started. */
  readonly lastStored: Instant;
  /** Applies the server's time. Returns false if the time is implausible and therefore not used. */
  authenticate(server: Instant): boolean;
  atLeast(signed: Instant): void;
  /**
   * Applies a time correction. Returns false if the correction does not concern this device. `keep` must call `save` in its own
   * transaction, which may run several times on a full disk. The device's time changes to `after` when `keep` returns.
   */
  correct(wrong: WrongTime, keep: (after: Instant, save: () => void) => void): boolean;
  claimed(): Instant | null;
  save(): void;
}

export function openDeviceClock(time: DeviceTime, store: ClockStore): DeviceClock {
  const reading = () => ({ monotonic: time.monotonic(), boot: time.boot });
  const stored = store.clock();
  let state = stored ? resumeClock(stored, reading(), time.wall()) : firstClock(time.wall(), reading());
  const save = () => {
    state = advanceClock(state, time.monotonic());
    store.saveClock(state);
  };
  save();
  return {
    lastStored: stored?.anchor.time ?? state.anchor.time,
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
    save,
  };
}
