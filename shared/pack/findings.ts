/** Results of an evidence pack's verification as sentences: proved facts, failures, and facts that no pack can prove. */
import { isCordonError } from '../errors.ts';

export interface Finding {
  readonly verdict: 'proven' | 'failed' | 'unproven';
  /**
   * Name of the file that the finding is about. For damage of the zip itself, a place such as `the zip after summary.html`. Null if the
   * finding concerns no single file.
   */
  readonly file: string | null;
  readonly words: string;
}

export class Findings {
  readonly all: Finding[] = [];
  #failures = 0;

  proven(words: string): void {
    this.all.push({ verdict: 'proven', file: null, words });
  }

  unproven(words: string): void {
    this.all.push({ verdict: 'unproven', file: null, words });
  }

  failed(file: string | null, words: string): void {
    this.#failures += 1;
    this.all.push({ verdict: 'failed', file, words });
  }

  /** Number of failures so far. A check compares the numbers before and after its work, and calls `proven` only if it found no failure. */
  get failures(): number {
    return this.#failures;
  }

  /** Calls `check`. If `check` throws an error, records a failure with `file` and `about`, and returns null. */
  try<T>(file: string, check: () => T, about?: string): T | null {
    try {
      return check();
    } catch (error) {
      return this.#refused(file, error, about);
    }
  }

  async tryAsync<T>(file: string, check: () => Promise<T>): Promise<T | null> {
    try {
      return await check();
    } catch (error) {
      return this.#refused(file, error);
    }
  }

  #refused(file: string, error: unknown, about?: string): null {
    if (!isCordonError(error)) throw error;
    const words = about === undefined ? error.message : `${about}: ${error.message}`;
    this.failed(file, words.startsWith(file) ? words : `${file}: ${words}`);
    return null;
  }
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`;
