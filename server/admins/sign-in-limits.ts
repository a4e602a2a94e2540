/**
 * How often one may try to sign in. Three limits at once: an address against one account (guessing a password), an address against all
 * (spraying one password), and an account from everywhere (many addresses). The first is the tight one, so that a stranger who guesses
 * elsewhere does not lock the owner out.
 */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { CordonError } from '../../shared/errors.ts';

const QUARTER_HOUR = 15 * 60;

export interface SignInLimits {
  /** Counts one attempt; throws `rate_limited` with `retryAfter` in seconds. */
  attempt(subject: string, address: string): Promise<void>;
  /** A success takes back its own address's count against the account. */
  succeeded(subject: string, address: string): Promise<void>;
}

export function createSignInLimits({ perPair = 5, perAddress = 50, perSubject = 100 } = {}): SignInLimits {
  const pair = new RateLimiterMemory({ points: perPair, duration: QUARTER_HOUR, keyPrefix: 'pair' });
  const address = new RateLimiterMemory({ points: perAddress, duration: QUARTER_HOUR, keyPrefix: 'address' });
  const subject = new RateLimiterMemory({ points: perSubject, duration: QUARTER_HOUR, keyPrefix: 'subject' });
  return {
    async attempt(who, from) {
      try {
        await pair.consume(`${who}\n${from}`);
        await address.consume(from);
        await subject.consume(who);
      } catch (error) {
        if (!(error instanceof RateLimiterRes)) throw error;
        const retryAfter = Math.max(1, Math.ceil(error.msBeforeNext / 1000));
        throw new CordonError('rate_limited', `Too many attempts; try again in ${retryAfter} seconds.`, { retryAfter });
      }
    },
    async succeeded(who, from) {
      await pair.delete(`${who}\n${from}`);
    },
  };
}
