/**
 * Time as a port. Evidence, orders, lists, grace periods, exemptions and device clocks use a `Clock`. Sockets, backoff, sessions,
 * activation codes, rate limits and certificates use real time. The composition root chooses the clock: a released server always gets
 * `SystemClock` (`system-clock.ts`), and no listener can set it.
 */

/** Time in milliseconds since the Unix epoch, UTC. */
export type Instant = number;

export interface Clock {
  now(): Instant;
  /**
   * Runs `task` once, when `now()` reaches `due` (at the next turn of the event loop if it has). Returns a function that cancels the task.
   */
  at(due: Instant, task: () => void): () => void;
}
