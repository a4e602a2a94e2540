/**
 * Lost mode: a device displays that it is lost and reports its coordinates, until an admin or the user ends the mode, or until it expires
 * (ADR 77). At the end, the server deletes the coordinates at once. They are in a file of their own, never in the store, a backup, a log or the
 * ledger.
 */
import { CordonError } from '../../shared/errors.ts';
import { Loop } from '../../shared/loops/loop.ts';
import {
  type Coordinates,
  coordinatesSchema,
  type LostMode,
  MOST_POSITIONS,
  POSITION_EVERY,
} from '../../shared/lost-mode/lost-mode.ts';
import { type DeviceId, type LostModeId, newLostModeId } from '../../shared/protocol/ids.ts';
import type { Clock, Instant } from '../../shared/time/clock.ts';
import type { Bus } from '../bus/bus.ts';
import type { LostModeEnd, LostModeStore, PositionFile, StoredLostMode } from './ports.ts';

const DAY = 86_400_000;
const MINUTE = 60_000;
/** Minimum milliseconds between two stored positions. A device that reports more often loses the additional ones. */
const SHORTEST_INTERVAL = POSITION_EVERY / 5;

export interface LostModePorts {
  readonly store: LostModeStore;
  readonly positions: PositionFile;
  /** Encryption under the installation's key (`certs/custody.ts`). */
  readonly sealer: { seal(plain: Buffer, purpose: string): string; unseal(text: string, purpose: string): Buffer };
  readonly bus: Bus;
  readonly clock: Clock;
}

/** Texts that the device displays, and the days after which lost mode ends. */
export interface LostModeWish {
  readonly reason: string;
  readonly contact: string;
  readonly days: number;
}

export interface LostModeState extends StoredLostMode {
  /** Number of stored positions, and the time of the newest one. */
  readonly positions: { readonly count: number; readonly newestAt: number | null };
}

export type LostModes = ReturnType<typeof createLostModes>;

/** Reason for which lost mode ends without a request; null while it lasts. Pure. */
export function endOf(
  { until, enrolled }: Pick<StoredLostMode, 'until'> & { readonly enrolled: boolean },
  now: number,
): LostModeEnd | null {
  if (!enrolled) return 'enrollment';
  return now >= until ? 'expiry' : null;
}

export function createLostModes({ store, positions, sealer, bus, clock }: LostModePorts) {
  /** Open lost modes by device. One server process has the store, so this memory is complete. */
  const open = new Map<DeviceId, StoredLostMode>();
  /** Time of the newest report in each open mode. */
  const reportedAt = new Map<LostModeId, number>();
  let expiry: Loop | null = null;

  const lasting = (device: DeviceId): StoredLostMode | null => {
    const mode = open.get(device);
    return mode && clock.now() < mode.until ? mode : null;
  };

  /** Ends the modes in the store first, so that no position arrives after the deletion. Returns the number of ended modes. */
  async function endModes(modes: readonly StoredLostMode[], by: LostModeEnd): Promise<number> {
    if (modes.length === 0) return 0;
    const ended = await store.end(modes, by, clock.now());
    for (const { id, device } of modes) {
      if (open.get(device)?.id === id) open.delete(device);
      reportedAt.delete(id);
    }
    positions.destroy(modes.map(({ id }) => id));
    for (const { device } of modes) bus.publish({ kind: 'lost-mode', device });
    return ended;
  }

  async function startModes(
    devices: readonly DeviceId[],
    { reason, contact, days }: LostModeWish,
  ): Promise<readonly StoredLostMode[]> {
    const startedAt = clock.now();
    const until = startedAt + days * DAY;
    const started = await store.start(
      devices.map((device) => ({ id: newLostModeId(), device, reason, contact, startedAt, until })),
    );
    if (started.length === 0) return [];
    positions.open(started.map(({ id }) => id));
    for (const mode of started) open.set(mode.device, mode);
    expiry?.requestAt(until);
    for (const { device } of started) bus.publish({ kind: 'lost-mode', device });
    return started;
  }

  /** Reads the open modes at the start of the server, and deletes positions that a crash has left. */
  async function load(): Promise<void> {
    for (const mode of await store.open()) open.set(mode.device, mode);
    const lasting = [...open.values()].map(({ id }) => id);
    positions.open(lasting);
    positions.keepOnly(lasting);
  }

  /** Ends expired modes and those of ended enrollments. Returns the time of the next run. */
  async function sweep(): Promise<Instant | null> {
    let next: number | null = null;
    for (const mode of await store.open()) {
      const by = endOf(mode, clock.now());
      if (by) await endModes([mode], by);
      else next = Math.min(next ?? mode.until, mode.until);
    }
    return next;
  }

  const purposeOf = (mode: LostModeId, at: number) => `lost-position ${mode} ${at}`;

  function requireLasting(device: DeviceId): StoredLostMode {
    const mode = lasting(device);
    if (mode) return mode;
    throw new CordonError('conflict', 'The device is not in lost mode. The server keeps no position of it.', {
      device,
    });
  }

  return {
    /** Starts lost mode for `days` days. Throws `conflict` if the device is not enrolled, or is in lost mode already. */
    async start(device: DeviceId, wish: LostModeWish): Promise<LostModeState> {
      const [started] = await startModes([device], wish);
      if (!started) {
        const detail = 'The device is not enrolled, or is in lost mode already. Nothing was changed.';
        throw new CordonError('conflict', detail, { device });
      }
      return { ...started, positions: { count: 0, newestAt: null } };
    },

    /** Starts lost mode on each device that is enrolled and not in lost mode. Returns the number of these devices. */
    startAll: async (devices: readonly DeviceId[], wish: LostModeWish): Promise<number> =>
      (await startModes(devices, wish)).length,

    /** Newest lost mode of the device, which may have ended; null if there was none. */
    async state(device: DeviceId): Promise<LostModeState | null> {
      const mode = await store.newest(device);
      if (!mode) return null;
      const listed = lasting(device) ? positions.list(mode.id) : [];
      return { ...mode, positions: { count: listed.length, newestAt: listed[0]?.at ?? null } };
    },

    /** Positions of a device in lost mode, newest first. Throws `conflict` if lost mode is off. */
    positions(device: DeviceId): (Coordinates & { readonly at: number })[] {
      const mode = requireLasting(device);
      return positions.list(mode.id).map(({ at, sealed }) => {
        const text = sealer.unseal(sealed, purposeOf(mode.id, at)).toString();
        return { ...coordinatesSchema.parse(JSON.parse(text)), at };
      });
    },

    /** Ends lost mode on behalf of an admin, and deletes the positions. Throws `conflict` if lost mode is off. */
    async end(device: DeviceId): Promise<void> {
      await endModes([requireLasting(device)], 'admin');
    },

    /** Ends lost mode of each device that is in lost mode, and deletes the positions. Returns the number of these devices. */
    endAll: (devices: readonly DeviceId[]): Promise<number> =>
      endModes(
        devices.flatMap((device) => lasting(device) ?? []),
        'admin',
      ),

    /** Lost mode that the device must have in this enrollment; null if it must be off. */
    current(device: DeviceId, generation: number): LostMode | null {
      const mode = lasting(device);
      if (!mode || mode.generation !== generation) return null;
      const { id, reason, contact, startedAt, until } = mode;
      return { id, reason, contact, startedAt, until };
    },

    /** Takes a position that the device reported. Ignores a report for a mode that has ended, and one that comes too soon. */
    async report(
      device: DeviceId,
      generation: number,
      { mode: id, position }: { readonly mode: LostModeId; readonly position: Coordinates | null },
    ): Promise<void> {
      const mode = lasting(device);
      if (mode?.id !== id || mode.generation !== generation) return;
      const at = clock.now();
      if (at - (reportedAt.get(id) ?? Number.NEGATIVE_INFINITY) < SHORTEST_INTERVAL) return;
      reportedAt.set(id, at);
      if (position) {
        const sealed = sealer.seal(Buffer.from(JSON.stringify(position)), purposeOf(id, at));
        positions.add(id, { at, sealed }, MOST_POSITIONS);
      }
      await store.reported(id, at, position !== null);
      bus.publish({ kind: 'devices' });
    },

    /** The device reported the end of this mode. */
    async endedOnDevice(
      device: DeviceId,
      generation: number,
      { mode: id, by }: { readonly mode: LostModeId; readonly by: 'user' | 'earlier' },
    ): Promise<void> {
      const mode = open.get(device);
      if (mode?.id !== id || mode.generation !== generation) return;
      await endModes([mode], by === 'user' ? 'user' : 'device');
    },

    /** Ends due modes, now and at their expiry. Returns the function that stops this work. */
    async startExpiry(failed: (error: unknown) => void): Promise<() => Promise<void>> {
      await load();
      const loop = new Loop({ run: sweep, failed, clock, retryAfter: MINUTE });
      expiry = loop;
      await loop.run();
      const unsubscribe = bus.subscribe((wake) => {
        // Either wake may mean that the enrollment of a lost device has ended.
        if ((wake.kind === 'ended' || wake.kind === 'device') && open.has(wake.device)) loop.request();
      });
      return () => {
        unsubscribe();
        return loop.stop();
      };
    },
  };
}
