/** Bandwidth limit for the downloads of all devices together. */
import { setTimeout as delay } from 'node:timers/promises';
import { CordonError } from '../shared/errors.ts';

/** Longest wait of one request in milliseconds. A device whose turn is later tries again. */
const LONGEST_WAIT = 10_000;

export interface Bandwidth {
  /** Reserves the bytes. Returns the milliseconds to wait before they may be sent. Throws `unavailable` with the seconds until another attempt. */
  reserve(bytes: number, now: number): number;
  /** Reserves the bytes, and resolves when they may be sent. Rejects as `reserve`. */
  wait(bytes: number): Promise<void>;
}

/** `bytesPerSecond`: 0 for no limit. */
export function createBandwidth(bytesPerSecond: number): Bandwidth {
  /** Time at which all reserved bytes are sent. */
  let free = 0;
  const reserve: Bandwidth['reserve'] = (bytes, now) => {
    if (bytesPerSecond === 0) return 0;
    const wait = Math.max(0, free - now);
    if (wait > LONGEST_WAIT) {
      throw new CordonError('unavailable', 'The bandwidth for packages and files is in use. Try again later.', {
        retryAfter: Math.ceil(wait / 1000),
      });
    }
    free = Math.max(free, now) + (bytes / bytesPerSecond) * 1000;
    return wait;
  };
  return {
    reserve,
    async wait(bytes) {
      const wait = reserve(bytes, performance.now());
      if (wait > 0) await delay(wait);
    },
  };
}
