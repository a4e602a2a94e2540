/**
 * Rate limits, in memory, for a device's requests about other devices. Proofs are expensive to compute, and a device must not be able to
 * copy all names by search.
 */
import { CordonError } from '../../shared/errors.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { RateLimiterMemory, RateLimiterRes } from '../rate-limiters.ts';

const MINUTE_SECONDS = 60;
/**
 * Maximum people and devices, counted together, that a device may request per minute. An agent requests each person and device at most once
 * a minute.
 */
const SUBJECTS_PER_MINUTE = 3000;
/** Maximum searches per minute. A user who types a name causes several searches. */
const SEARCHES_PER_MINUTE = 120;

export interface RequestLimits {
  /** Throws `rate_limited`, with `retryAfter` in seconds, if the device exceeds a limit. */
  members(asker: DeviceId, count: number): Promise<void>;
  search(asker: DeviceId): Promise<void>;
}

export function createRequestLimits(): RequestLimits {
  const requested = new RateLimiterMemory({ points: SUBJECTS_PER_MINUTE, duration: MINUTE_SECONDS });
  const searches = new RateLimiterMemory({ points: SEARCHES_PER_MINUTE, duration: MINUTE_SECONDS });

  async function spend(limiter: RateLimiterMemory, asker: DeviceId, count: number): Promise<void> {
    try {
      await limiter.consume(asker, count);
    } catch (refusal) {
      if (!(refusal instanceof RateLimiterRes)) throw refusal;
      const retryAfter = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
      const detail = `The device has asked about too many others. Try again in ${retryAfter} seconds.`;
      throw new CordonError('rate_limited', detail, { retryAfter });
    }
  }

  return {
    members: (asker, count) => spend(requested, asker, count),
    search: (asker) => spend(searches, asker, 1),
  };
}
