/** Statements end by themselves at their time, also at one that came while no server ran. */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { DeviceStore } from './ports.ts';

const RETRY = 60_000;

export interface LapsingPorts {
  readonly store: Pick<DeviceStore, 'nextLapse' | 'lapseStatements' | 'forgetStatements'>;
  readonly clock: Clock;
  /** Tells whoever follows from the device's statement. */
  readonly lapsed: (device: DeviceId) => Promise<void>;
}

export function createLapsing({ store, clock, lapsed }: LapsingPorts) {
  let failed: ((error: unknown) => void) | null = null;
  let next: { readonly at: number; readonly cancel: () => void } | null = null;

  function schedule(at: number): void {
    if (!failed || (next && next.at <= at)) return;
    next?.cancel();
    next = { at, cancel: clock.at(at, () => void lapse()) };
  }

  async function lapse(): Promise<void> {
    next = null;
    const now = clock.now();
    try {
      const devices = await store.lapseStatements(now);
      // Forgotten last: after a crash in between they are found again.
      for (const device of devices) await lapsed(device);
      if (devices.length > 0) await store.forgetStatements(now);
      const at = await store.nextLapse();
      if (at !== null) schedule(at);
    } catch (error) {
      failed?.(error);
      schedule(now + RETRY);
    }
  }

  return {
    /** A statement was made that lapses at `at`. */
    schedule,
    /** From the start of the server on. Returns what stops it. */
    keep: async (onError: (error: unknown) => void): Promise<() => void> => {
      failed = onError;
      await lapse();
      return () => {
        failed = null;
        next?.cancel();
      };
    },
  };
}
