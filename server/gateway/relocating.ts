/**
 * Another IP database says other things of the same addresses. Those of the devices that are connected here are located by it anew, in slices between
 * which the loop turns, and whoever is somewhere else by it is told so, as when it connected. Devices that are refused hear it when they next knock.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { JurisdictionPort, TimekeepingPort } from './ports.ts';
import type { DeviceSession } from './session.ts';

/** Devices whose locations are written together: some milliseconds. */
const SLICE = 32;

/** Of a session all that this is about. */
export type Located = Pick<
  DeviceSession,
  'device' | 'generation' | 'address' | 'areas' | 'use' | 'open' | 'welcomed' | 'send'
>;

export interface Relocating {
  /** Takes up the database that is in use, and locates whoever was located by another. One pass at a time. */
  look(): Promise<void>;
  /** The same for one that has just been welcomed: the database may have changed while it came in. */
  relocate(session: Located): Promise<void>;
  progress(): { readonly done: number; readonly of: number } | null;
}

export function createRelocating({
  jurisdiction,
  sessions,
  clock,
  timekeeping,
}: {
  readonly jurisdiction: Pick<JurisdictionPort, 'locateAnew' | 'followIpDatabase' | 'currentIpDatabase'>;
  readonly sessions: { all(): Iterable<Located>; live(device: DeviceId): Located | undefined };
  readonly clock: Clock;
  readonly timekeeping: Pick<TimekeepingPort, 'trusted'>;
}): Relocating {
  let progress: { done: number; readonly of: number } | null = null;
  let again = false;

  async function relocate(session: Located): Promise<void> {
    const { use } = jurisdiction.currentIpDatabase();
    if (session.use === use) return;
    const areas = await jurisdiction.locateAnew(session);
    session.use = use;
    if (areas === null) return;
    session.areas = areas;
    session.send({
      kind: 'address',
      time: clock.now(),
      ...(timekeeping.trusted() ? {} : { doubtful: true as const }),
      areas: [...areas],
    });
  }

  async function pass(): Promise<void> {
    const { use } = jurisdiction.currentIpDatabase();
    const others = [...sessions.all()].filter(
      (one) => one.welcomed && one.use !== use && sessions.live(one.device) === one,
    );
    const mine = { done: 0, of: others.length };
    progress = mine;
    for (let from = 0; from < others.length; from += SLICE) {
      await Promise.all(others.slice(from, from + SLICE).map(relocate));
      mine.done = Math.min(others.length, from + SLICE);
      await turn();
    }
  }

  return {
    async look() {
      again = true;
      if (progress) return;
      progress = { done: 0, of: 0 };
      try {
        while (again) {
          again = false;
          await jurisdiction.followIpDatabase();
          await pass();
        }
      } finally {
        progress = null;
      }
    },
    relocate,
    progress: () => progress && { ...progress },
  };
}
