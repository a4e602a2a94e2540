/**
 * Reads of one kind that are asked for in the same turn of the loop become one statement: with Kysely a statement costs far more than
 * a row. What an answer says was committed when the statement ran, which is after every one of its askers asked.
 */

/** Keys that are not found are missing from the map. `read` gets each key once, `most` of them at a time. */
export function groupedReads<K, V>(
  read: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>,
  most = 500,
): (key: K) => Promise<V | undefined> {
  let waiting: { readonly keys: Set<K>; readonly answer: Promise<ReadonlyMap<K, V>> } | null = null;

  function gather(first: K) {
    const keys = new Set([first]);
    const answer = new Promise<void>((go) => setImmediate(go)).then(() => {
      if (waiting?.keys === keys) waiting = null;
      return read([...keys]);
    });
    return { keys, answer };
  }

  return async (key) => {
    if (waiting && waiting.keys.size < most) waiting.keys.add(key);
    else waiting = gather(key);
    return (await waiting.answer).get(key);
  };
}
