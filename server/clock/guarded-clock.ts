/**
 * Clock of a released server. It follows the machine's wall clock but not its jumps, because orders and the devices' time depend on it.
 * After a jump, the clock continues by the monotonic clock, until the server calls `accept`.
 */
import { setTimeout as later } from 'node:timers';
import type { Clock, Instant } from '../../shared/time/clock.ts';

/** Clocks of this machine. All values are in milliseconds. */
export interface MachineClocks {
  wall(): Instant;
  /** Monotonic time, which may stop while the machine sleeps. */
  monotonic(): number;
  /** Time since the start of the machine, including sleep, with low precision. */
  uptime(): number;
  /** Identifier that changes with each boot of the machine; null on systems without such an identifier. */
  readonly boot: string | null;
}

/**
 * Milliseconds from which a change of the wall clock is a jump. NTP daemons correct smaller errors gradually, or in one step at their
 * start.
 */
export const JUMP = 60_000;
/** Longest timeout in milliseconds. `setTimeout` fires at once beyond 2^31-1 ms, so a longer wait consists of several timeouts. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

export class GuardedClock implements Clock {
  readonly #machine: MachineClocks;
  #base: number;
  #sleepBase: number;
  #held = false;
  readonly #listeners: (() => void)[] = [];
  readonly #alerts = new Set<{ readonly at: Instant; readonly task: () => void; timer?: NodeJS.Timeout }>();

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
    // Sleep stops the monotonic clock, but not the uptime.
    const sleepBase = wall - this.#machine.uptime();
    if (Math.abs(sleepBase - this.#sleepBase) <= JUMP) return this.#follow(wall);
    this.#held = true;
    return Math.floor(this.#sleepBase + this.#machine.uptime());
  }

  /**
   * Milliseconds by which the machine's wall clock is ahead of this clock after a jump. Null without a jump, or if a second jump reversed
   * the first jump.
   */
  jump(): number | null {
    const now = this.now();
    return this.#held ? this.#machine.wall() - now : null;
  }

  accept(): void {
    this.#follow(this.#machine.wall());
    for (const alert of this.#alerts) this.#arm(alert);
    for (const listener of this.#listeners) listener();
  }

  /** Calls `listener` whenever the clock has followed a jump, because documents that the server dated before may now be in the future. */
  onAccept(listener: () => void): void {
    this.#listeners.push(listener);
  }

  at(at: Instant, task: () => void): () => void {
    const alert = { at, task };
    this.#alerts.add(alert);
    this.#arm(alert);
    return () => this.#cancel(alert);
  }

  #follow(wall: Instant): Instant {
    this.#held = false;
    this.#base = wall - this.#machine.monotonic();
    this.#sleepBase = wall - this.#machine.uptime();
    return wall;
  }

  #arm(alert: { readonly at: Instant; readonly task: () => void; timer?: NodeJS.Timeout }): void {
    clearTimeout(alert.timer);
    const wait = Math.min(LONGEST_TIMEOUT, Math.max(0, alert.at - this.now()));
    alert.timer = later(() => {
      // Wait again if the long wait has not ended yet, or if the clock was set back.
      if (this.now() < alert.at - 1) return this.#arm(alert);
      this.#alerts.delete(alert);
      alert.task();
    }, wait).unref();
  }

  #cancel(alert: { timer?: NodeJS.Timeout; readonly at: Instant; readonly task: () => void }): void {
    clearTimeout(alert.timer);
    this.#alerts.delete(alert);
  }
}
