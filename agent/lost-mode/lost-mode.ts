/**
 * Lost mode on the device: displays it, reports positions while it lasts, and ends it for the user (ADR 77). The agent reads a position, sends
 * it and forgets it. No position reaches its store or its log.
 */
import { CordonError } from '../../shared/errors.ts';
import { type Coordinates, type LostMode, POSITION_EVERY } from '../../shared/lost-mode/lost-mode.ts';
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import type { LostModeId } from '../../shared/protocol/ids.ts';
import type { ReportItem } from '../../shared/protocol/report-item.ts';
import type { Sensors } from '../evidence/sensors.ts';

/** Ended modes that the device remembers, so that none of them begins again after a restore of the server from a backup. */
export const MOST_ENDED = 50;

export interface LostModeStore {
  lostMode(): LostMode | null;
  /** Ids of ended modes, newest first. */
  endedLostModes(): readonly LostModeId[];
  saveLostMode(mode: LostMode): void;
  /** Forgets the mode, remembers that it has ended, and puts the report into the outbox, in one transaction. */
  endLostMode(id: LostModeId, report: ReportItem | null): void;
  /** Display name that an admin gave the device; empty without one. */
  displayName(): string;
  saveDisplayName(name: string): void;
}

export interface LostModePorts {
  readonly store: LostModeStore;
  readonly sensors: Sensors;
  /** Sends a frame. Returns false without a connection. */
  readonly send: (frame: DeviceFrame) => boolean;
  readonly isConnected: () => boolean;
  /** Returns the device's time (`enforcement/device-clock.ts`). */
  readonly deviceNow: () => number;
  /** Shows lost mode on the desktop. */
  readonly announce: ((mode: LostMode) => void) | undefined;
  readonly onReport: () => void;
  readonly onChange: () => void;
  readonly onFailure: (error: unknown) => void;
}

export interface LostModeWork {
  receive(frame: Extract<ServerFrame, { kind: 'lost-mode' }>): void;
  /** Lost mode that is on; null if it is off. */
  current(): LostMode | null;
  /** Ends lost mode for the user. Throws `conflict` if it is off. */
  end(): void;
  start(): void;
  /** The server has accepted the connection. Reports a position if it is due. */
  welcomed(): void;
  /** Reports the position if it is due. Ends an expired mode. */
  maintain(): Promise<void>;
}

export function createLostModeWork(ports: LostModePorts): LostModeWork {
  const { store, deviceNow } = ports;
  let sentAt = Number.NEGATIVE_INFINITY;
  let sending: Promise<void> | null = null;

  const current = (): LostMode | null => {
    const mode = store.lostMode();
    return mode && deviceNow() < mode.until ? mode : null;
  };

  function finish(id: LostModeId, report: ReportItem | null): void {
    store.endLostMode(id, report);
    if (report) ports.onReport();
    ports.onChange();
  }

  const isDue = (): boolean => ports.isConnected() && performance.now() - sentAt >= POSITION_EVERY;

  async function sendPosition(): Promise<void> {
    for (let mode = current(); mode && isDue(); mode = current()) {
      sentAt = performance.now();
      const { position } = await ports.sensors();
      // The mode may have ended, and another may have begun, while the sensors were read.
      if (current()?.id !== mode.id) continue;
      if (!ports.send({ kind: 'position', mode: mode.id, position: position && coordinatesOf(position) })) {
        sentAt = Number.NEGATIVE_INFINITY;
        return;
      }
    }
  }

  /** Reports the position if it is due. The sensors are read only once at a time. */
  function report(): Promise<void> {
    sending ??= sendPosition()
      .catch(ports.onFailure)
      .finally(() => {
        sending = null;
      });
    return sending;
  }

  return {
    receive({ mode }) {
      const stored = store.lostMode();
      if (mode?.id === stored?.id) return;
      if (stored) store.endLostMode(stored.id, null);
      if (mode && store.endedLostModes().includes(mode.id)) {
        finish(mode.id, { type: 'lost-mode-ended', mode: mode.id, by: 'earlier', at: deviceNow() });
        return;
      }
      if (mode) {
        store.saveLostMode(mode);
        sentAt = Number.NEGATIVE_INFINITY;
        // The user sees lost mode before the first position leaves the device.
        ports.announce?.(mode);
        void report();
      }
      ports.onChange();
    },
    current,
    end() {
      const mode = current();
      if (!mode) throw new CordonError('conflict', 'Lost mode is off.');
      finish(mode.id, { type: 'lost-mode-ended', mode: mode.id, by: 'user', at: deviceNow() });
    },
    start() {
      const mode = current();
      if (mode) ports.announce?.(mode);
    },
    welcomed: () => void report(),
    async maintain() {
      const stored = store.lostMode();
      if (stored && current() === null) finish(stored.id, null);
      await report();
    },
  };
}

const coordinatesOf = ({ latitude, longitude, accuracy }: Coordinates): Coordinates => ({
  latitude,
  longitude,
  accuracy: Math.min(accuracy, 20_000_000),
});
