/** Keeps answers that are dear to make for a moment; whoever asks for one that is being made waits for it with the others. Real time. */

export interface Brief<T> {
  get(key: string, make: () => Promise<T>): Promise<T>;
}

/** An answer lasts at least so many times as long as it took to make, so that however many ask, making it leaves most of the time to others. */
const TIMES = 4;

/** `lasting`: milliseconds, at least. `most`: how many are kept. */
export function briefly<T>({ lasting, most }: { readonly lasting: number; readonly most: number }): Brief<T> {
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
