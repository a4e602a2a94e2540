/** Clock of the machine, used by every released server and agent. */
import type { Clock, Instant } from './clock.ts';

/** Maximum wait of one timer. For more than 2^31-1 ms, `setTimeout` fires at once, so longer waits are divided. */
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
