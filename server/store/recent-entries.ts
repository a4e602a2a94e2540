/** Map with a bound. When it is full, the entry that was used longest ago is removed. */
export class RecentEntries<K, V> {
  readonly #entries = new Map<K, V>();
  readonly #most: number;

  constructor(most: number) {
    this.#most = most;
  }

  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    // A map keeps its entries in the order of insertion, so the first key is the one that was used longest ago.
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** Sets a value. Returns the value that was removed because the map was full. */
  set(key: K, value: V): V | undefined {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size <= this.#most) return undefined;
    const [oldest] = this.#entries;
    if (oldest) this.#entries.delete(oldest[0]);
    return oldest?.[1];
  }

  delete(key: K): void {
    this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }
}
