/** Bounds on what a device asks about others, in memory: proofs cost work, and a search is no way to copy everybody's names. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';

const MINUTE_SECONDS = 60;
/** People and devices together. An agent asks about each once a minute at most. */
const ASKED_PER_MINUTE = 3000;
/** As one types. */
const SEARCHES_PER_MINUTE = 120;

export interface AskLimits {
  /** Throws `rate_limited` with `retryAfter` in seconds. */
  members(asker: DeviceId, count: number): Promise<void>;
  search(asker: DeviceId): Promise<void>;
}

export function createAskLimits(): AskLimits {
  const asked = new RateLimiterMemory({ points: ASKED_PER_MINUTE, duration: MINUTE_SECONDS });
  const searches = new RateLimiterMemory({ points: SEARCHES_PER_MINUTE, duration: MINUTE_SECONDS });

  async function spend(limiter: RateLimiterMemory, asker: DeviceId, count: number): Promise<void> {
    try {
      await limiter.consume(asker, count);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      const retryAfter = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
      const detail = `A device asks about so many others a minute and no more: try again in ${retryAfter} seconds.`;
      throw new CordonError('rate_limited', detail, { retryAfter });
    }
  }

  return {
    members: (asker, count) => spend(asked, asker, count),
    search: (asker) => spend(searches, asker, 1),
  };
}
