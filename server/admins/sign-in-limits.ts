/**
 * Limits of sign-in attempts. They never lock an account, so a stranger cannot lock out an admin.
 * - The server processes attempts of one source on one account one after another. After five failures, it waits before the next attempt, at
 *   first briefly and at most two seconds. A successful sign-in resets the wait. A source is a known browser (`known-browser.ts`), an IPv4
 *   address or an IPv6 /64.
 * - Password hashes wait in a bounded queue that serves the sources in rotation. Sign-ins never use more than `HASHES_AT_ONCE` threads.
 * - The server counts wrong authenticator codes after a correct password, per account. Only a person who knows the password can reach this
 *   limit. Known browsers have a separate count. The response does not say that the limit was reached, because that would confirm the
 *   password.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { CordonError } from '../../shared/errors.ts';
import { RateLimiterMemory } from '../rate-limiters.ts';
import { createWorkQueue } from './work-queue.ts';

/** Maximum number of threads for password hashes. libuv has four threads, and file access and DNS need the others. */
const HASHES_AT_ONCE = 2;
const HASHES_OF_SOURCE = 8;
const HASHES_WAITING = 64;
const FREE_FAILURES = 5;
const FIRST_GAP = 100;
const LONGEST_GAP = 2_000;
/**
 * Maximum number of unfinished sign-in attempts of one source (browser or IP address) on one account. The server processes these attempts
 * one after another, and refuses more attempts.
 */
const WAITING_OF_PAIR = 8;
const MOST_PAIRS = 10_000;
const QUARTER_HOUR = 15 * 60_000;
const CODES_PER_QUARTER_HOUR = 10;

export const KNOWN_BROWSER = 'browser:';

export interface SignInLimits {
  /**
   * Runs a sign-in attempt (`work`) after all earlier attempts of the same source (browser or IP address) on the account. A rejection of
   * `work` counts as a failed attempt. Throws `rate_limited` if too many attempts of the source wait.
   */
  attempt<T>(account: string, source: string, work: () => Promise<T>): Promise<T>;
  hash<T>(source: string, work: () => Promise<T>): Promise<T>;
  /**
   * Returns false after too many wrong authenticator codes with the correct password. The caller must then refuse the next code unchecked.
   */
  mayTryCode(account: string, source: string): Promise<boolean>;
  wrongCode(account: string, source: string): Promise<void>;
}

/**
 * Minimum wait in milliseconds before the next sign-in attempt of the same source (browser or IP address) on an account. `failures`: number
 * of failed attempts so far.
 */
export function gapAfter(failures: number): number {
  return failures < FREE_FAILURES ? 0 : Math.min(LONGEST_GAP, FIRST_GAP * 2 ** (failures - FREE_FAILURES));
}

interface Pair {
  failures: number;
  waiting: number;
  lastAt: number;
  tail: Promise<unknown>;
}

export interface SignInLimitsOptions {
  /** Maximum number of wrong authenticator codes after a correct password, per quarter of an hour. */
  readonly codes?: number;
  /** Monotonic time in milliseconds, because the waits must not depend on corrections of the clock. */
  readonly now?: () => number;
  readonly pause?: (milliseconds: number) => Promise<unknown>;
}

export function createSignInLimits({
  codes = CODES_PER_QUARTER_HOUR,
  now = () => performance.now(),
  pause = sleep,
}: SignInLimitsOptions = {}): SignInLimits {
  const pairs = new Map<string, Pair>();
  const known = (source: string) => source.startsWith(KNOWN_BROWSER);
  const hashes = createWorkQueue({
    atOnce: HASHES_AT_ONCE,
    ofSource: HASHES_OF_SOURCE,
    total: HASHES_WAITING,
    reserved: known,
  });
  const wrongCodes = new RateLimiterMemory({ points: codes, duration: QUARTER_HOUR / 1000 });
  const codeKey = (account: string, source: string) => (known(source) ? `${account}\n${source}` : account);

  function pairOf(account: string, source: string): Pair {
    const key = `${account}\n${source}`;
    const at = now();
    const found = pairs.get(key);
    const pair =
      found && (found.waiting > 0 || at - found.lastAt < QUARTER_HOUR)
        ? found
        : { failures: 0, waiting: 0, lastAt: at, tail: Promise.resolve() };
    // Move the source's entry to the end of the map, so that the loop below removes the entries that were unused for the longest time
    // first.
    pairs.delete(key);
    pairs.set(key, pair);
    for (const [old, { waiting }] of pairs) {
      if (pairs.size <= MOST_PAIRS) break;
      if (waiting === 0) pairs.delete(old);
    }
    return pair;
  }

  async function evaluate<T>(pair: Pair, work: () => Promise<T>): Promise<T> {
    const gap = gapAfter(pair.failures) - (now() - pair.lastAt);
    if (gap > 0) await pause(gap);
    try {
      const result = await work();
      pair.failures = 0;
      return result;
    } catch (error) {
      pair.failures += 1;
      throw error;
    } finally {
      pair.lastAt = now();
      pair.waiting -= 1;
    }
  }

  return {
    async attempt(account, source, work) {
      const pair = pairOf(account, source);
      if (pair.waiting >= WAITING_OF_PAIR) {
        const retryAfter = Math.max(1, Math.ceil(gapAfter(pair.failures) / 1000));
        const detail = `Too many attempts at once. Try again in ${retryAfter} seconds.`;
        throw new CordonError('rate_limited', detail, { retryAfter });
      }
      pair.waiting += 1;
      const result = pair.tail.then(() => evaluate(pair, work));
      pair.tail = result.catch(() => undefined);
      return result;
    },
    hash: (source, work) => hashes.run(source, work),
    async mayTryCode(account, source) {
      const state = await wrongCodes.get(codeKey(account, source));
      return (state?.consumedPoints ?? 0) < codes;
    },
    async wrongCode(account, source) {
      await wrongCodes.penalty(codeKey(account, source));
    },
  };
}
