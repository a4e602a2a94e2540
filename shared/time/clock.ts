/**
 * Time as a port. Evidence, orders, lists, grace, exemptions and device clocks run on a `Clock`; sockets, backoff, sessions,
 * activation codes, rate limits and certificates run on real time and never take one. The clock is chosen at the composition
 * root: a released server always gets `SystemClock` (`system-clock.ts`), and none of its listeners can set it.
 */

/** Milliseconds since the Unix epoch, UTC. */
export type Instant = number;

export interface Clock {
  now(): Instant;
  /** Runs `task` once, when `now()` has reached `due` (at the next turn of the loop if it has already). Returns the cancellation. */
  at(due: Instant, task: () => void): () => void;
}
