/**
 * Time as a port. Evidence, orders, lists, grace, exemptions and device clocks run on a `Clock`; sockets, backoff, sessions,
 * activation codes, rate limits and certificates run on real time and never take one. The clock is chosen at the composition
 * root: a released server always gets `SystemClock`, and none of its listeners can set it.
 */

/** Milliseconds since the Unix epoch, UTC. */
export type Instant = number;

export interface Clock {
  now(): Instant;
  /** Runs `task` once, when `now()` has reached `due` (at the next turn of the loop if it has already). Returns the cancellation. */
  at(due: Instant, task: () => void): () => void;
}

/** `setTimeout` fires at once beyond 2^31-1 ms, so longer waits are cut into pieces. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

export class SystemClock implements Clock {
  now(): Instant {
    return Date.now();
  }

  at(due: Instant, task: () => void): () => void {
    let timer: NodeJS.Timeout;
    const wait = () => {
      const left = due - Date.now();
      timer = left > LONGEST_TIMEOUT ? setTimeout(wait, LONGEST_TIMEOUT) : setTimeout(task, Math.max(0, left));
      timer.unref();
    };
    wait();
    return () => clearTimeout(timer);
  }
}

interface Alarm {
  due: Instant;
  order: number;
  task: () => void;
}

/** A clock that somebody drives: replay and demo only. It stands still until `jump`. */
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
