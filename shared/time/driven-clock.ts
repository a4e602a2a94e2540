/** Simulated clock, for replay and demo only. Its time changes only by a call of `jump`. */
import type { Clock, Instant } from './clock.ts';

interface Timer {
  due: Instant;
  order: number;
  task: () => void;
}

export class DrivenClock implements Clock {
  #now: Instant;
  #count = 0;
  readonly #timers = new Set<Timer>();

  constructor(start: Instant) {
    this.#now = start;
  }

  now(): Instant {
    return this.#now;
  }

  at(due: Instant, task: () => void): () => void {
    const timer: Timer = { due, order: this.#count++, task };
    this.#timers.add(timer);
    // A task that is already due runs in the next turn of the event loop, as with `SystemClock`.
    if (due <= this.#now) setImmediate(() => this.#fire(timer));
    return () => this.#timers.delete(timer);
  }

  /** Sets the time to `to`, never backward, and runs each overdue task once, in the order of due times. */
  jump(to: Instant): void {
    if (to < this.#now) throw new RangeError(`the clock is at ${this.#now} and cannot go back to ${to}`);
    this.#now = to;
    for (;;) {
      const next = [...this.#timers]
        .filter((timer) => timer.due <= this.#now)
        .sort((a, b) => a.due - b.due || a.order - b.order)[0];
      if (!next) return;
      this.#fire(next);
    }
  }

  #fire(timer: Timer): void {
    if (this.#timers.delete(timer)) timer.task();
  }
}
