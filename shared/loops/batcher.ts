/**
 * Batcher: combines the requests of one turn of the event loop into one query, such as one SQL statement instead of hundreds. The query
 * starts after the last of these requests, so its response is never older than a request.
 */

export interface BatcherOptions {
  /** Maximum number of keys in one query. SQLite and PostgreSQL limit the number of parameters of an SQL statement. */
  readonly most?: number;
  /** Milliseconds that a query waits for further keys; 0 to wait for the next turn of the event loop. */
  readonly delay?: number;
}

/**
 * Creates a batcher. `ask`: query for several keys, each of which occurs once. A key that is missing in its response gets the result
 * undefined.
 */
export function createBatcher<K, V>(
  ask: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>,
  { most = 500, delay = 0 }: BatcherOptions = {},
): (key: K) => Promise<V | undefined> {
  let open: { readonly keys: Set<K>; readonly response: Promise<ReadonlyMap<K, V>> } | null = null;

  function begin() {
    const keys = new Set<K>();
    const response = new Promise<void>((go) => {
      if (delay > 0) setTimeout(go, delay);
      else setImmediate(go);
    }).then(() => {
      if (open?.keys === keys) open = null;
      return ask([...keys]);
    });
    return { keys, response };
  }

  return async (key) => {
    if (!open || open.keys.size >= most) open = begin();
    open.keys.add(key);
    return (await open.response).get(key);
  };
}
