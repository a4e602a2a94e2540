/**
 * How the clocks of a simulation's processes are driven. A replay's clock stands at an instant until it is moved to the next. A demo's runs
 * with the machine's and so far ahead of it: processes that are equally far ahead agree without telling each other.
 */
import type { Clock, Instant } from '../../shared/time/clock.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { SystemClock } from '../../shared/time/system-clock.ts';

/** Milliseconds. */
export type Drive = { readonly at: Instant } | { readonly ahead: number };

export interface Driven extends Clock {
  /** Never back. Alarms that are overdue then fire, each once. */
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

interface Alarm {
  readonly due: Instant;
  readonly task: () => void;
  cancel: () => void;
}

class RunningClock implements Driven {
  readonly #machine = new SystemClock();
  readonly #alarms = new Set<Alarm>();
  #ahead: number;
  /** The machine's own clock may be put back; this one stands still then. */
  #reached = 0;

  constructor(ahead: number) {
    this.#ahead = ahead;
  }

  now(): Instant {
    this.#reached = Math.max(this.#reached, this.#machine.now() + this.#ahead);
    return this.#reached;
  }

  at(due: Instant, task: () => void): () => void {
    const alarm: Alarm = { due, task, cancel: () => undefined };
    this.#alarms.add(alarm);
    this.#wait(alarm);
    return () => {
      this.#alarms.delete(alarm);
      alarm.cancel();
    };
  }

  drive(to: Drive): void {
    if (!('ahead' in to) || to.ahead < this.#ahead) throw new RangeError('this clock runs, and goes forward only');
    this.#ahead = to.ahead;
    const now = this.now();
    const waiting = [...this.#alarms].sort((a, b) => a.due - b.due);
    for (const alarm of waiting) {
      // One that fired before it in this jump may have cancelled it.
      if (!this.#alarms.has(alarm)) continue;
      alarm.cancel();
      if (alarm.due <= now) this.#fire(alarm);
      else this.#wait(alarm);
    }
  }

  #wait(alarm: Alarm): void {
    alarm.cancel = this.#machine.at(alarm.due - this.#ahead, () => {
      // Timers are a little early at times.
      if (this.now() < alarm.due) this.#wait(alarm);
      else this.#fire(alarm);
    });
  }

  #fire(alarm: Alarm): void {
    if (this.#alarms.delete(alarm)) alarm.task();
  }
}
