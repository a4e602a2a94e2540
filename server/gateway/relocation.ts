/**
 * Updates the areas of connected devices after a change of the IP database, in slices, and sends each moved device its new areas. Suspended
 * devices receive their areas at their next request.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { Loop } from '../../shared/loops/loop.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { FrameSender } from './frame-sender.ts';
import type { JurisdictionPort, TimekeepingPort } from './ports.ts';
import type { DeviceSession } from './session.ts';

/** Number of devices whose locations are written together. Such a write takes some milliseconds. */
const SLICE = 32;

export interface Located
  extends Pick<DeviceSession, 'device' | 'generation' | 'address' | 'areas' | 'use' | 'locate' | 'open' | 'welcomed'> {
  readonly frames: Pick<FrameSender, 'send'>;
}

export interface Relocation {
  /** Updates every session whose areas come from an earlier IP database. Runs one pass at a time. */
  relocateAll(): Promise<void>;
  /** Updates the areas of one new session, because the IP database may have changed during its upgrade. */
  relocate(session: Located): Promise<void>;
  progress(): { readonly done: number; readonly of: number } | null;
}

export function createRelocation({
  jurisdiction,
  sessions,
  clock,
  timekeeping,
}: {
  readonly jurisdiction: Pick<JurisdictionPort, 'relocate' | 'followIpDatabase' | 'currentIpDatabase'>;
  readonly sessions: { all(): Iterable<Located>; live(device: DeviceId): Located | undefined };
  readonly clock: Clock;
  readonly timekeeping: Pick<TimekeepingPort, 'trusted'>;
}): Relocation {
  let progress: { done: number; readonly of: number } | null = null;

  async function relocate(session: Located): Promise<void> {
    const { use } = jurisdiction.currentIpDatabase();
    if (session.use === use) return;
    const areas = await jurisdiction.relocate(session);
    session.locate(use, areas ?? session.areas);
    if (areas === null) return;
    session.frames.send({
      kind: 'address',
      time: clock.now(),
      ...(timekeeping.trusted() ? {} : { doubtful: true as const }),
      areas: [...areas],
    });
  }

  async function pass(): Promise<void> {
    const { use } = jurisdiction.currentIpDatabase();
    const outdated = [...sessions.all()].filter(
      (one) => one.welcomed && one.use !== use && sessions.live(one.device) === one,
    );
    const current = { done: 0, of: outdated.length };
    progress = current;
    for (let from = 0; from < outdated.length; from += SLICE) {
      await Promise.all(outdated.slice(from, from + SLICE).map(relocate));
      current.done = Math.min(outdated.length, from + SLICE);
      await turn();
    }
  }

  const passes = new Loop({
    run: async () => {
      progress = { done: 0, of: 0 };
      try {
        await jurisdiction.followIpDatabase();
        await pass();
      } finally {
        progress = null;
      }
    },
    // The caller of `relocateAll` logs the error.
    failed: () => undefined,
  });

  return {
    relocateAll: () => passes.runOrThrow(),
    relocate,
    progress: () => progress && { ...progress },
  };
}
