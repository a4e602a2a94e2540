/**
 * What time it is for a device, so that turning its clock starts nothing and ends nothing.
 *
 * Authenticated time (the server's, or a signed list's own date) sets the floor. From there the monotonic clock counts. After a
 * reboot nobody knows how long the device was off, so its wall clock is heard, but never before what was reached already and
 * never more than seven days past the floor.
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
}

/** How far the wall clock is believed past the last authenticated time. */
export const WALL_TRUST = 7 * 24 * 3_600_000;

export interface ClockReading {
  readonly monotonic: number;
  readonly boot: string;
}

/** The clock of a device that has just been given its first authenticated time. */
export function firstClock(authenticated: Instant, reading: ClockReading): ClockState {
  return { floor: authenticated, reached: authenticated, anchor: { time: authenticated, ...reading } };
}

/** The same state, anchored at this reading: what is stored, so that a crash loses no time that has passed. */
export function advanceClock(state: ClockState, monotonic: number): ClockState {
  const elapsed = Math.max(0, monotonic - state.anchor.monotonic);
  return {
    floor: state.floor,
    reached: state.reached + elapsed,
    anchor: { ...state.anchor, time: state.anchor.time + elapsed, monotonic: state.anchor.monotonic + elapsed },
  };
}

/** Authenticated time arrived. It never lowers the floor: a server that is set back takes no device back with it. */
export function authenticateClock(state: ClockState, server: Instant, reading: ClockReading): ClockState {
  return firstClock(Math.max(server, state.floor), reading);
}

/** Something signed carries a date: it is at least so late. */
export function atLeast(state: ClockState, signed: Instant, reading: ClockReading): ClockState {
  const now = advanceClock(state, reading.monotonic);
  if (signed > now.anchor.time) return firstClock(Math.max(signed, state.floor), reading);
  return { ...now, floor: Math.max(now.floor, signed), reached: Math.max(now.reached, signed) };
}

/** Picks up what was stored: in the same boot the monotonic clock has gone on, after a reboot the wall clock is heard. */
export function resumeClock(state: ClockState, reading: ClockReading, wall: Instant): ClockState {
  if (state.anchor.boot === reading.boot && reading.monotonic >= state.anchor.monotonic) {
    return advanceClock(state, reading.monotonic);
  }
  const believed = Math.min(Math.max(state.floor, wall), state.floor + WALL_TRUST);
  return { ...state, anchor: { time: Math.max(state.reached, believed), ...reading } };
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
  authenticate(server: Instant): void;
  atLeast(signed: Instant): void;
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
      state = authenticateClock(state, server, reading());
      store.saveClock(state);
    },
    atLeast(signed) {
      state = atLeast(state, signed, reading());
      store.saveClock(state);
    },
    keep,
  };
}
