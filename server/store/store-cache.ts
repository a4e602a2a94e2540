/**
 * Bounded cache of values that only one store writes. The store calls `begin` before it writes a value and `end` after the commit. In
 * between, the cache has no value for the key, so a cached value is never older than the database (ADR 47).
 */
import { RecentEntries } from './recent-entries.ts';

export class StoreCache<K, V> {
  readonly #entries: RecentEntries<K, V>;
  /** Number of unfinished writes by key. */
  readonly #writes = new Map<K, number>();
  /** Keys whose last commit failed. PostgreSQL may have committed such a write, or may still commit it. */
  readonly #doubtful = new Set<K>();
  #revision = 0;

  constructor(most: number) {
    this.#entries = new RecentEntries(most);
  }

  get(key: K): V | undefined {
    return this.#entries.get(key);
  }

  /** Number that increases with each write. A read of the database that began at an older revision must not be cached. */
  get revision(): number {
    return this.#revision;
  }

  /** Caches a value and returns the value that was removed because the cache was full. Ignores a value that may be outdated. */
  add(key: K, value: V, revision: number): V | undefined {
    if (revision !== this.#revision || this.#writes.has(key) || this.#doubtful.has(key)) return undefined;
    return this.#entries.set(key, value);
  }

  begin(key: K): void {
    this.#revision += 1;
    this.#writes.set(key, (this.#writes.get(key) ?? 0) + 1);
    this.#entries.delete(key);
  }

  end(key: K, outcome: 'committed' | 'undone' | 'doubtful'): void {
    this.#revision += 1;
    const remaining = (this.#writes.get(key) ?? 1) - 1;
    if (remaining > 0) this.#writes.set(key, remaining);
    else this.#writes.delete(key);
    if (outcome === 'doubtful') this.#doubtful.add(key);
    if (outcome === 'committed') this.#doubtful.delete(key);
  }

  /** Runs `write`, which writes the key's value, and then caches the value. */
  async write(key: K, value: V, write: () => Promise<void>): Promise<void> {
    this.begin(key);
    try {
      await write();
    } catch (error) {
      this.end(key, 'doubtful');
      throw error;
    }
    this.end(key, 'committed');
    this.add(key, value, this.#revision);
  }

  clear(): void {
    this.#revision += 1;
    this.#entries.clear();
  }
}
