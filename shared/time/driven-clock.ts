/** Clock for replay and demo only. Only `jump` changes its time. */
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
    // A task that is already due runs on the next turn, as with SystemClock.
    if (due <= this.#now) setImmediate(() => this.#fire(timer));
    return () => this.#timers.delete(timer);
  }

  /** Moves to `to` (never back) and runs each overdue task once, in due order. */
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
