/**
 * Reads of one kind that are asked for in the same turn of the loop become one statement: with Kysely a statement costs far more than
 * a row. What an answer says was committed when the statement ran, which is after every one of its askers asked.
 */

/**
 * Keys that are not found are missing from the map. `read` gets each key once, `most` of them at a time. With `patience`, in milliseconds, a
 * question waits so long for others to join it instead of for the next turn.
 */
export function groupedReads<K, V>(
  read: (keys: readonly K[]) => Promise<ReadonlyMap<K, V>>,
  { most = 500, patience = 0 }: { readonly most?: number; readonly patience?: number } = {},
): (key: K) => Promise<V | undefined> {
  let waiting: { readonly keys: Set<K>; readonly answer: Promise<ReadonlyMap<K, V>> } | null = null;

  function gather(first: K) {
    const keys = new Set([first]);
    const turn = (go: () => void) => (patience > 0 ? setTimeout(go, patience) : setImmediate(go));
    const answer = new Promise<void>((go) => void turn(go)).then(() => {
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
