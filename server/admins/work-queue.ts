/**
 * Bounded queue for expensive jobs, such as password hashes. It runs a few jobs at once and serves the sources in rotation, so that a
 * source with many jobs delays mainly its own jobs.
 */
import { CordonError } from '../../shared/errors.ts';

export interface WorkQueue {
  /** Resolves with the result of the job. Throws `rate_limited` if too many jobs wait. */
  run<T>(source: string, work: () => Promise<T>): Promise<T>;
}

export interface WorkQueueOptions {
  readonly atOnce: number;
  readonly ofSource: number;
  /** Maximum number of waiting jobs of all sources. Jobs of sources for which `reserved` returns true do not count. */
  readonly total: number;
  readonly reserved?: (source: string) => boolean;
}

export function createWorkQueue({ atOnce, ofSource, total, reserved = () => false }: WorkQueueOptions): WorkQueue {
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
    if (line.length > 0) lines.set(source, line);
    if (!reserved(source)) waiting -= 1;
    running += 1;
    start?.();
  }

  function waitForSlot(source: string): Promise<void> {
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
      await waitForSlot(source);
      try {
        return await work();
      } finally {
        running -= 1;
        next();
      }
    },
  };
}
