/**
 * Cache of responses that are expensive to compute. Concurrent requests for the same response share one computation. Lifetimes are measured
 * by real time, which corrections of the server's domain clock do not affect.
 */

export interface Cache<T> {
  get(key: string, make: () => Promise<T>): Promise<T>;
}

/**
 * A cached response is valid for at least this multiple of the time that its computation took. Repeated computations thus use a small part
 * of the processor time.
 */
const LIFETIME_FACTOR = 4;

/** Creates a cache. `lasting` is the minimum lifetime of a response in milliseconds, and `most` the maximum number of responses. */
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
