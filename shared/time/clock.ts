/**
 * Interface for the time, so that a simulated clock can replace the machine's clock. Evidence, orders, order lists, grace periods,
 * exemptions and device clocks use a `Clock`. Sockets, retries, sessions, activation codes, rate limits and certificates always use the
 * machine's clock. A released server always uses `SystemClock` (`system-clock.ts`), and no listener can change it.
 */

/** Time in milliseconds since the Unix epoch, UTC. */
export type Instant = number;

export interface Clock {
  now(): Instant;
  /** Runs `task` once, as soon as `now()` has reached `due`. Returns a function that cancels the task. */
  at(due: Instant, task: () => void): () => void;
}
