/** Tries again until it succeeds; after `within` milliseconds the last failure is the test's. */
export async function until<T>(attempt: () => Promise<T> | T, within = 10_000, every = 50): Promise<T> {
  const deadline = Date.now() + within;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}
