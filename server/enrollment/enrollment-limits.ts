/**
 * Rate limits of enrollment, in memory. A caller who proves possession (of the code's secret, or of the device's key) is limited by the
 * proved code or device. All other callers are limited by source network. Therefore a stranger cannot use up another caller's limit, and a
 * failed guess never blocks the owner of a code. Both secrets have at least 128 bits, so no limit is needed against guessing.
 */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { sourceNetwork } from '../../shared/areas/source-network.ts';
import { CordonError } from '../../shared/errors.ts';

const UNPROVEN_SECONDS = 600;
/**
 * Maximum number of enrollment requests without a valid code from one address in the period. It leaves room for the typing errors of an
 * office.
 */
const UNPROVEN_OF_SOURCE = 20;
const REDEMPTIONS_SECONDS = 600;
/** A machine repeats a request whose response was lost. */
const REDEMPTIONS_OF_CODE = 30;
/** A device renews once in twenty days. */
const RENEWALS_PER_HOUR = 10;

/** Limits on enrollment attempts. Each function throws `rate_limited` with `retryAfter` in seconds. */
export interface EnrollmentLimits {
  /** Counts a request that proved nothing. Call it after the cheap comparison failed, and never before. */
  unproven(address: string | null): Promise<void>;
  /** Counts a request with the right secret of the code. */
  redeeming(code: string): Promise<void>;
  /** Counts a request that the device's own key signed. */
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
