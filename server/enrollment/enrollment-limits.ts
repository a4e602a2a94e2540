/**
 * Rate limits of enrollment, in memory.
 * - A caller that proves possession of a code's secret or of a device's key uses the limit of this code or device.
 * - All other callers use the limit of their source network.
 *
 * A stranger therefore cannot use up the limit of a code or device. Guesses need no limit, because secrets and keys have at least 128 bits.
 */
import { sourceNetwork } from '../../shared/areas/source-network.ts';
import { CordonError } from '../../shared/errors.ts';
import { RateLimiterMemory, RateLimiterRes } from '../rate-limiters.ts';

const UNPROVEN_SECONDS = 600;
/**
 * Maximum enrollment requests without a valid code from one network within one period (`UNPROVEN_SECONDS`): enough for the typing errors of
 * an office.
 */
const UNPROVEN_OF_SOURCE = 20;
const REDEMPTIONS_SECONDS = 600;
/**
 * Maximum requests for one activation code within one period (`REDEMPTIONS_SECONDS`). A code can need several requests, because a machine
 * repeats a request whose response was lost.
 */
const REDEMPTIONS_OF_CODE = 30;
/** Maximum renewals of one device per hour. A device normally renews its certificate once in twenty days. */
const RENEWALS_PER_HOUR = 10;

/** Limits on enrollment attempts. Each function throws `rate_limited` with `retryAfter` in seconds. */
export interface EnrollmentLimits {
  /**
   * Counts a request without a valid secret or key, by the network that sent it. Call this only for such requests, because the limit must
   * not block valid requests from the same network.
   */
  unproven(address: string | null): Promise<void>;
  redeeming(code: string): Promise<void>;
  renewing(device: string): Promise<void>;
}

export function createEnrollmentLimits(): EnrollmentLimits {
  const unproven = new RateLimiterMemory({ points: UNPROVEN_OF_SOURCE, duration: UNPROVEN_SECONDS });
  const redemptions = new RateLimiterMemory({ points: REDEMPTIONS_OF_CODE, duration: REDEMPTIONS_SECONDS });
  const renewals = new RateLimiterMemory({ points: RENEWALS_PER_HOUR, duration: 3600 });
  return {
    unproven: (address) => consume(unproven, sourceNetwork(address)),
    redeeming: (code) => consume(redemptions, code),
    renewing: (device) => consume(renewals, device),
  };
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    const retryAfter = Math.max(1, Math.ceil(refusal.msBeforeNext / 1000));
    throw new CordonError('rate_limited', `Too many attempts. Try again in ${retryAfter} seconds.`, { retryAfter });
  }
}
