/** A clock that somebody drives: replay and demo only. It stands still until `jump`. */
import type { Clock, Instant } from './clock.ts';

interface Alarm {
  due: Instant;
  order: number;
  task: () => void;
}

export class DrivenClock implements Clock {
  #now: Instant;
  #count = 0;
  readonly #alarms = new Set<Alarm>();

  constructor(start: Instant) {
    this.#now = start;
  }

  now(): Instant {
    return this.#now;
  }

  at(due: Instant, task: () => void): () => void {
    const alarm: Alarm = { due, order: this.#count++, task };
    this.#alarms.add(alarm);
    // Due already: a jump will not come for it, so it runs on the next turn, as SystemClock would.
    if (due <= this.#now) setImmediate(() => this.#fire(alarm));
    return () => this.#alarms.delete(alarm);
  }

  /** Moves to `to` (never back) and fires each overdue alarm once, in due order. */
  jump(to: Instant): void {
    if (to < this.#now) throw new RangeError(`the clock stands at ${this.#now} and cannot go back to ${to}`);
    this.#now = to;
    for (;;) {
      const next = [...this.#alarms]
        .filter((alarm) => alarm.due <= this.#now)
        .sort((a, b) => a.due - b.due || a.order - b.order)[0];
      if (!next) return;
      this.#fire(next);
    }
  }

  #fire(alarm: Alarm): void {
    if (this.#alarms.delete(alarm)) alarm.task();
  }
}
