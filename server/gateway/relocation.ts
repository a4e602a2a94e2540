/**
 * Locates the addresses of connected devices again after a change of the IP database, and sends new areas to each device whose areas
 * changed. A suspended device receives its areas with its next request.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { Loop } from '../../shared/loops/loop.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Clock } from '../../shared/time/clock.ts';
import type { FrameSender } from './frame-sender.ts';
import type { JurisdictionPort, TimekeepingPort } from './ports.ts';
import type { DeviceSession } from './session.ts';

const SLICE = 32;

export interface Located
  extends Pick<DeviceSession, 'device' | 'generation' | 'address' | 'areas' | 'use' | 'locate' | 'open' | 'welcomed'> {
  readonly frames: Pick<FrameSender, 'send'>;
}

export interface Relocation {
  /** Locates the address of every session that still has areas from an earlier IP database. Concurrent calls share one run. */
  relocateAll(): Promise<void>;
  /** Locates the address of one new session again if the IP database changed while the device was connecting. */
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
    // Do not log the error here: the caller of `relocateAll` receives and logs it.
    failed: () => undefined,
  });

  return {
    relocateAll: () => passes.runOrThrow(),
    relocate,
    progress: () => progress && { ...progress },
  };
}
