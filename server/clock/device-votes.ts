/** Compares devices' clocks with the server's. One device proves nothing; a majority does. Pure. */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';

const HOUR = 3_600_000;
/** A device's clock may be off by this much without saying anything. */
const TOLERANCE = HOUR;
/** With fewer devices there is no majority worth the name. */
const FEWEST = 3;
/** The newest votes that are kept: enough for a majority, and a bound on memory. */
const MOST = 1000;
/** An older vote says nothing about the clock of today. */
const VALID_FOR = 24 * HOUR;

export interface VoteResult {
  readonly devices: number;
  /** The time by which most devices are ahead of the server. Null: most devices agree with it, or disagree among themselves. */
  readonly ahead: number | null;
}

export interface DeviceVotes {
  /** `wall`: the device's own clock, just now. `mono`: the server's monotonic time, by which votes age. */
  add(device: DeviceId, wall: Instant, mono: number): void;
  /** As of this server time: a vote is about the difference, so it moves along when the server's clock changes. */
  result(now: Instant, mono: number): VoteResult;
}

export function createDeviceVotes(): DeviceVotes {
  /** Each device's wall time minus monotonic time: independent of the server's own wall clock. */
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

/** `ahead`: how far each device is ahead of the server. */
export function judgeVotes(ahead: readonly number[]): VoteResult {
  const devices = ahead.length;
  const sorted = [...ahead].sort((a, b) => a - b);
  const median = sorted[Math.floor(devices / 2)] ?? 0;
  const together = ahead.filter((each) => Math.abs(each - median) <= TOLERANCE).length;
  const contradicts = devices >= FEWEST && Math.abs(median) > TOLERANCE && together * 2 > devices;
  return { devices, ahead: contradicts ? median : null };
}
