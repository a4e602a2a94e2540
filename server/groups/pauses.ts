/** Pauses of long work, so that the event loop serves other requests meanwhile. */

/** Milliseconds of work between two pauses. */
const WORK = 10;
/**
 * Number of evaluation steps (`Expression.cost`) between two readings of the clock, because a reading takes longer than a short evaluation.
 */
const STEPS_PER_LOOK = 2_000;

export interface Pauses {
  /** True if the work has run long enough and should pause. `steps`: number of steps since the last call. */
  isDue(steps: number): boolean;
  pause(): Promise<void>;
}

export function createPauses(now: () => number = () => performance.now()): Pauses {
  let since = now();
  let steps = 0;
  return {
    isDue(done) {
      steps += done;
      if (steps < STEPS_PER_LOOK) return false;
      steps = 0;
      return now() - since >= WORK;
    },
    async pause() {
      await new Promise<void>((resume) => setImmediate(resume));
      since = now();
    },
  };
}
