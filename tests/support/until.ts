/** Longest pause between two attempts. With longer pauses, a test would wait for nothing. */
const LONGEST_PAUSE = 1_000;

/**
 * Repeats an attempt until it succeeds. After `within` milliseconds, the last error is thrown. The pause grows with the duration of an
 * attempt, because attempts that start a process would otherwise keep a core busy.
 */
export async function until<T>(attempt: () => Promise<T> | T, within = 10_000, every = 50): Promise<T> {
  const deadline = Date.now() + within;
  for (;;) {
    const began = performance.now();
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    const pause = Math.max(every, Math.min(2 * (performance.now() - began), LONGEST_PAUSE));
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}
