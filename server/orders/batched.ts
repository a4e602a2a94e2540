/** Gathers what is asked for one by one in the same turn of the loop into one question: when an order comes into force, thousands ask at once. */

/** Keeps a query's parameters below what both databases take. */
const MOST = 500;

export function batched<K, V>(
  ask: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>,
): (key: K) => Promise<V | undefined> {
  let waiting: { key: K; resolve: (value: V | undefined) => void; reject: (error: unknown) => void }[] = [];

  async function flush(): Promise<void> {
    const all = waiting;
    waiting = [];
    for (let from = 0; from < all.length; from += MOST) {
      const some = all.slice(from, from + MOST);
      try {
        const found = await ask([...new Set(some.map(({ key }) => key))]);
        for (const { key, resolve } of some) resolve(found.get(key));
      } catch (error) {
        for (const { reject } of some) reject(error);
      }
    }
  }

  return (key) =>
    new Promise((resolve, reject) => {
      waiting.push({ key, resolve, reject });
      if (waiting.length === 1) setImmediate(() => void flush());
    });
}
