/**
 * What time it is for a device (VERDICT.md, "Time on a device"), so that turning its clock starts nothing and ends nothing.
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
