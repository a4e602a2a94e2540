/**
 * Cache of responses that are expensive to compute. Concurrent requests for the same response share one computation. Lifetimes use real
 * time, not the server's corrected clock.
 */

export interface Cache<T> {
  get(key: string, make: () => Promise<T>): Promise<T>;
}

/**
 * Minimum ratio of a response's lifetime in the cache to the duration of its computation. It limits the processor time that repeated
 * computations use.
 */
const LIFETIME_FACTOR = 4;

/** `lasting` is the minimum lifetime of a response in milliseconds, and `most` the maximum number of cached responses. */
export function createCache<T>({ lasting, most }: { readonly lasting: number; readonly most: number }): Cache<T> {
  const entries = new Map<string, { readonly response: Promise<T>; until: number }>();

  return {
    get(key, make) {
      const now = performance.now();
      for (const [old, { until }] of entries) if (until <= now) entries.delete(old);
      const cached = entries.get(key);
      if (cached) return cached.response;
      const entry = { response: make(), until: Number.POSITIVE_INFINITY };
      const { response } = entry;
      entries.set(key, entry);
      const [oldest] = entries.keys();
      if (entries.size > most && oldest !== undefined) entries.delete(oldest);
      response.then(
        () => {
          const end = performance.now();
          entry.until = end + Math.max(lasting, LIFETIME_FACTOR * (end - now));
        },
        () => entries.get(key) === entry && entries.delete(key),
      );
      return response;
    },
  };
}
