/**
 * Comparison of devices' clocks with the server's clock. Each device has one vote, and only a majority proves that the server's clock is
 * wrong. The functions are pure.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';

const HOUR = 3_600_000;
const TOLERANCE = HOUR;
const FEWEST = 3;
/** Maximum number of stored votes, which limits memory. */
const MOST = 1000;
const VALID_FOR = 24 * HOUR;

export interface VoteResult {
  readonly devices: number;
  /**
   * Milliseconds by which the clocks of most devices are ahead of the server. Null if most devices agree with the server, or if the devices
   * disagree with each other.
   */
  readonly ahead: number | null;
}

export interface DeviceVotes {
  /** `wall`: current time of the device's own clock. `mono`: the server's monotonic time, by which votes expire. */
  add(device: DeviceId, wall: Instant, mono: number): void;
  /**
   * Result of the votes for the server time `now`. A vote is a difference between two clocks, so the result changes with the server's
   * clock.
   */
  result(now: Instant, mono: number): VoteResult;
}

export function createDeviceVotes(): DeviceVotes {
  /**
   * Votes by device. `base`: the device's wall time minus the server's monotonic time. A change of the server's wall clock does not affect
   * it.
   */
  const votes = new Map<DeviceId, { readonly base: number; readonly mono: number }>();
  return {
    add(device, wall, mono) {
      votes.delete(device);
      votes.set(device, { base: wall - mono, mono });
      const [oldest] = votes.keys();
      if (votes.size > MOST && oldest !== undefined) votes.delete(oldest);
    },
    result(now, mono) {
      const fresh = [...votes.values()].filter((vote) => mono - vote.mono <= VALID_FOR);
      return judgeVotes(fresh.map(({ base }) => base + mono - now));
    },
  };
}

/** `ahead`: milliseconds by which each device is ahead of the server. */
export function judgeVotes(ahead: readonly number[]): VoteResult {
  const devices = ahead.length;
  const sorted = [...ahead].sort((a, b) => a - b);
  const median = sorted[Math.floor(devices / 2)] ?? 0;
  const together = ahead.filter((each) => Math.abs(each - median) <= TOLERANCE).length;
  const contradicts = devices >= FEWEST && Math.abs(median) > TOLERANCE && together * 2 > devices;
  return { devices, ahead: contradicts ? median : null };
}
