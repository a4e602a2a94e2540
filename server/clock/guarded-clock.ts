/**
 * The clock of a released server. It follows the machine's wall clock, but it does not follow a jump: orders, lists and the time
 * that devices receive all come from here. After a jump it counts on from its own last time by the monotonic clock until `accept`.
 */
import { setTimeout as later } from 'node:timers';
import type { Clock, Instant } from '../../shared/time/clock.ts';

/** The machine's clocks. All values are in milliseconds. */
export interface MachineClocks {
  wall(): Instant;
  /** Never jumps. It may stop while the machine sleeps. */
  monotonic(): number;
  /** Time since the machine started, sleep included. Coarse. */
  uptime(): number;
  /** Names this start of the machine. Null where the system does not say. */
  readonly boot: string | null;
}

/** A larger step between two readings is a jump. NTP daemons correct smaller errors by slewing or by one step at their start. */
export const JUMP = 60_000;
/** `setTimeout` fires at once beyond 2^31-1 ms, so longer waits are cut into pieces. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

export class GuardedClock implements Clock {
  readonly #machine: MachineClocks;
  /** Wall time minus monotonic time, at the last reading that was followed. */
  #base: number;
  /** Wall time minus uptime, at the same reading. */
  #sleepBase: number;
  #held = false;
  readonly #alarms = new Set<{ readonly due: Instant; readonly task: () => void; timer?: NodeJS.Timeout }>();

  constructor(machine: MachineClocks) {
    this.#machine = machine;
    this.#base = machine.wall() - machine.monotonic();
    this.#sleepBase = machine.wall() - machine.uptime();
  }

  now(): Instant {
    const wall = this.#machine.wall();
    const base = wall - this.#machine.monotonic();
    if (!this.#held && Math.abs(base - this.#base) <= JUMP) {
      this.#base = base;
      return wall;
    }
    // After a sleep the monotonic clock is behind, and the uptime is not.
    const sleepBase = wall - this.#machine.uptime();
    if (Math.abs(sleepBase - this.#sleepBase) <= JUMP) return this.#follow(wall);
    this.#held = true;
    return Math.floor(this.#sleepBase + this.#machine.uptime());
  }

  /** How far the wall clock is ahead of this clock after a jump. Negative: it is behind. Null: there was no jump, or it was undone. */
  jump(): number | null {
    const now = this.now();
    return this.#held ? this.#machine.wall() - now : null;
  }

  /** Takes the wall clock's time from now on. */
  accept(): void {
    this.#follow(this.#machine.wall());
    for (const alarm of this.#alarms) this.#arm(alarm);
  }

  at(due: Instant, task: () => void): () => void {
    const alarm = { due, task };
    this.#alarms.add(alarm);
    this.#arm(alarm);
    return () => this.#cancel(alarm);
  }

  #follow(wall: Instant): Instant {
    this.#held = false;
    this.#base = wall - this.#machine.monotonic();
    this.#sleepBase = wall - this.#machine.uptime();
    return wall;
  }

  #arm(alarm: { readonly due: Instant; readonly task: () => void; timer?: NodeJS.Timeout }): void {
    clearTimeout(alarm.timer);
    const left = Math.min(LONGEST_TIMEOUT, Math.max(0, alarm.due - this.now()));
    alarm.timer = later(() => {
      // A piece of a long wait is over, or the clock was set back.
      if (this.now() < alarm.due - 1) return this.#arm(alarm);
      this.#alarms.delete(alarm);
      alarm.task();
    }, left).unref();
  }

  #cancel(alarm: { timer?: NodeJS.Timeout; readonly due: Instant; readonly task: () => void }): void {
    clearTimeout(alarm.timer);
    this.#alarms.delete(alarm);
  }
}
