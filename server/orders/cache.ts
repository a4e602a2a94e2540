/** Cache of responses that are expensive to compute. Requests during a computation share its result. Lifetimes are in real time. */

export interface Cache<T> {
  get(key: string, make: () => Promise<T>): Promise<T>;
}

/**
 * Minimum lifetime of a response as a multiple of its computation time. Repeated computations thus use a small part of the processor time.
 */
const TIMES = 4;

/** Creates a cache. `lasting` is the minimum lifetime of a response in milliseconds, and `most` the maximum number of responses. */
export function createCache<T>({ lasting, most }: { readonly lasting: number; readonly most: number }): Cache<T> {
  const kept = new Map<string, { readonly answer: Promise<T>; until: number }>();

  return {
    get(key, make) {
      const now = performance.now();
      for (const [old, { until }] of kept) if (until <= now) kept.delete(old);
      const known = kept.get(key);
      if (known) return known.answer;
      const entry = { answer: make(), until: Number.POSITIVE_INFINITY };
      const { answer } = entry;
      kept.set(key, entry);
      const [oldest] = kept.keys();
      if (kept.size > most && oldest !== undefined) kept.delete(oldest);
      answer.then(
        () => {
          const made = performance.now();
          entry.until = made + Math.max(lasting, TIMES * (made - now));
        },
        () => kept.get(key) === entry && kept.delete(key),
      );
      return answer;
    },
  };
}
