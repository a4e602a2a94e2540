/** Deadlines for the waits of benchmarks. Without them, a frame that never arrives would stop the whole run. */

/** Milliseconds for one wait. The longest wait of a benchmark on a quiet machine takes a few seconds. */
const WAIT = 60_000;

/** Resolves like `work`. Rejects if `work` takes longer than `limit` milliseconds. `what`: noun phrase for the error. */
export async function within<T>(what: string, work: Promise<T>, limit = WAIT): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} did not end within ${limit / 1000} s`)), limit);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
