/**
 * Comparison of devices' clocks with the server's clock. Each device has one vote, and only a majority proves that the server's clock is
 * wrong. The functions are pure.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';

const HOUR = 3_600_000;
const TOLERANCE = HOUR;
const FEWEST = 3;
/** Maximum number of devices whose clocks are compared, which limits memory. */
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
  /**
   * Stores the time of a device's clock as the device's vote on whether the server's clock is correct. `wall`: current time of the device's
   * clock. `mono`: the server's monotonic time, by which votes expire.
   */
  add(device: DeviceId, wall: Instant, mono: number): void;
  /**
   * Compares the times that devices have sent with the server's wall-clock time `now`. Each call repeats the comparison, because the
   * server's clock may have changed after the devices sent their times.
   */
  result(now: Instant, mono: number): VoteResult;
}

export function createDeviceVotes(): DeviceVotes {
  /**
   * Vote of each device. `base`: time of the device's clock minus the server's monotonic time. The server's wall clock is not part of a
   * vote, so that a change of the wall clock does not change stored votes.
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

/** Result of the votes. `ahead`: milliseconds by which each device is ahead of the server. */
export function judgeVotes(ahead: readonly number[]): VoteResult {
  const devices = ahead.length;
  const sorted = [...ahead].sort((a, b) => a - b);
  const median = sorted[Math.floor(devices / 2)] ?? 0;
  const together = ahead.filter((each) => Math.abs(each - median) <= TOLERANCE).length;
  const contradicts = devices >= FEWEST && Math.abs(median) > TOLERANCE && together * 2 > devices;
  return { devices, ahead: contradicts ? median : null };
}
