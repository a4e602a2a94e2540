/**
 * Interface of clocks. A simulated clock can replace the machine's clock for evidence, orders, order lists, grace periods, exemptions and
 * device clocks. Sockets, retries, sessions, activation codes, rate limits and certificates always use real time.
 */

/** Time in milliseconds since the Unix epoch, UTC. */
export type Instant = number;

export interface Clock {
  now(): Instant;
  /** Runs `task` once, as soon as `now()` has reached `due`. Returns a function that cancels the task. */
  at(due: Instant, task: () => void): () => void;
}
