/** Bounds on guessing codes, in memory: by address and by code. Only failures count, so a whole office may enrol from one address. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { CordonError } from '../../shared/errors.ts';

const WINDOW_SECONDS = 600;
const GUESSES_BY_ADDRESS = 20;
const GUESSES_OF_CODE = 10;
/** A device renews once in twenty days. */
const RENEWALS_PER_HOUR = 10;

export interface EnrolmentLimits {
  /** Throws `rate_limited` with `retryAfter` in seconds. */
  check(address: string | null, code: string): Promise<void>;
  failed(address: string | null, code: string): Promise<void>;
  renewing(device: string): Promise<void>;
}

export function createEnrolmentLimits(): EnrolmentLimits {
  const byAddress = new RateLimiterMemory({ points: GUESSES_BY_ADDRESS, duration: WINDOW_SECONDS });
  const byCode = new RateLimiterMemory({ points: GUESSES_OF_CODE, duration: WINDOW_SECONDS });
  const renewals = new RateLimiterMemory({ points: RENEWALS_PER_HOUR, duration: 3600 });
  // Ids are short; what is longer is no id, and must not fill the memory.
  const keys = (address: string | null, code: string) => [address ?? 'unknown', code.slice(0, 32)] as const;

  return {
    check: async (address, code) => {
      const [addressKey, codeKey] = keys(address, code);
      const states = await Promise.all([byAddress.get(addressKey), byCode.get(codeKey)]);
      const [atAddress, atCode] = states;
      if (atAddress && atAddress.consumedPoints >= GUESSES_BY_ADDRESS) throw limited(atAddress);
      if (atCode && atCode.consumedPoints >= GUESSES_OF_CODE) throw limited(atCode);
    },
    failed: async (address, code) => {
      const [addressKey, codeKey] = keys(address, code);
      await Promise.all([byAddress.penalty(addressKey), byCode.penalty(codeKey)]);
    },
    renewing: async (device) => {
      try {
        await renewals.consume(device);
      } catch (refusal) {
        throw refusal instanceof RateLimiterRes ? limited(refusal) : refusal;
      }
    },
  };
}

function limited(state: RateLimiterRes): CordonError {
  const retryAfter = Math.max(1, Math.ceil(state.msBeforeNext / 1000));
  return new CordonError('rate_limited', `Too many attempts: try again in ${retryAfter} seconds.`, { retryAfter });
}
