/**
 * Clocks of a simulation's processes. A replay's clock stands still until the next step. A demo's clock runs with the machine's clock plus
 * a lead: processes with the same lead agree without communication.
 */
import type { Clock, Instant } from '../../shared/time/clock.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { SystemClock } from '../../shared/time/system-clock.ts';

/** Milliseconds. */
export type Drive = { readonly at: Instant } | { readonly ahead: number };

export interface Driven extends Clock {
  /** Never backwards. Overdue timers then fire, each once. */
  drive(to: Drive): void;
}

export function openClock(start: Drive): Driven {
  if ('ahead' in start) return new RunningClock(start.ahead);
  const clock = new DrivenClock(start.at);
  return {
    now: () => clock.now(),
    at: (due, task) => clock.at(due, task),
    drive(to) {
      if (!('at' in to)) throw new RangeError('this clock stands still between its jumps');
      clock.jump(to.at);
    },
  };
}

interface Timer {
  readonly due: Instant;
  readonly task: () => void;
  cancel: () => void;
}

class RunningClock implements Driven {
  readonly #machine = new SystemClock();
  readonly #timers = new Set<Timer>();
  #ahead: number;
  /** The machine's own clock may be set back. This one then stands still. */
  #reached = 0;

  constructor(ahead: number) {
    this.#ahead = ahead;
  }

  now(): Instant {
    this.#reached = Math.max(this.#reached, this.#machine.now() + this.#ahead);
    return this.#reached;
  }

  at(due: Instant, task: () => void): () => void {
    const timer: Timer = { due, task, cancel: () => undefined };
    this.#timers.add(timer);
    this.#wait(timer);
    return () => {
      this.#timers.delete(timer);
      timer.cancel();
    };
  }

  drive(to: Drive): void {
    if (!('ahead' in to) || to.ahead < this.#ahead) throw new RangeError('this clock runs, and goes forward only');
    this.#ahead = to.ahead;
    const now = this.now();
    const waiting = [...this.#timers].sort((a, b) => a.due - b.due);
    for (const timer of waiting) {
      // An timer that fired earlier in this jump may have canceled this one.
      if (!this.#timers.has(timer)) continue;
      timer.cancel();
      if (timer.due <= now) this.#fire(timer);
      else this.#wait(timer);
    }
  }

  #wait(timer: Timer): void {
    timer.cancel = this.#machine.at(timer.due - this.#ahead, () => {
      // Timers sometimes fire a little early.
      if (this.now() < timer.due) this.#wait(timer);
      else this.#fire(timer);
    });
  }

  #fire(timer: Timer): void {
    if (this.#timers.delete(timer)) timer.task();
  }
}
