/**
 * A bounded queue for expensive work, such as password hashes. A few pieces of work run at once. Each source has its own waiting line, and
 * the lines take turns, so a source that floods the queue delays mostly itself.
 */
import { CordonError } from '../../shared/errors.ts';

export interface WorkQueue {
  /** Runs the work when its turn comes. Throws `rate_limited` when too much work waits. */
  run<T>(source: string, work: () => Promise<T>): Promise<T>;
}

export interface WorkQueueOptions {
  readonly atOnce: number;
  /** Maximum number of waiting pieces of work for one source. */
  readonly ofSource: number;
  /** Maximum number of waiting pieces of work in total, without sources for which `reserved` is true. */
  readonly total: number;
  readonly reserved?: (source: string) => boolean;
}

export function createWorkQueue({ atOnce, ofSource, total, reserved = () => false }: WorkQueueOptions): WorkQueue {
  /** Sources in the order of their turns. */
  const lines = new Map<string, (() => void)[]>();
  let running = 0;
  let waiting = 0;

  function next(): void {
    if (running >= atOnce) return;
    const [first] = lines;
    if (!first) return;
    const [source, line] = first;
    lines.delete(source);
    const start = line.shift();
    // Moves the source to the end, so that the other sources come first.
    if (line.length > 0) lines.set(source, line);
    if (!reserved(source)) waiting -= 1;
    running += 1;
    start?.();
  }

  function turn(source: string): Promise<void> {
    const line = lines.get(source) ?? [];
    const full = line.length >= ofSource || (!reserved(source) && waiting >= total);
    if (full) {
      throw new CordonError('rate_limited', 'Too many attempts at once. Try again in a few seconds.', {
        retryAfter: 2,
      });
    }
    if (!reserved(source)) waiting += 1;
    return new Promise((start) => {
      line.push(start);
      lines.set(source, line);
      next();
    });
  }

  return {
    async run(source, work) {
      await turn(source);
      try {
        return await work();
      } finally {
        running -= 1;
        next();
      }
    },
  };
}
