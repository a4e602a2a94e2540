/**
 * Stores the ends of device sessions, and repeats a failed write later. Otherwise a device that disconnects while the database is
 * unreachable would still count as connected.
 */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Connections } from './connections.ts';
import type { DeviceUpgrades } from './device-upgrades.ts';
import type { DevicesPort, Log } from './ports.ts';
import type { DeviceSession } from './session.ts';

type Ended = Pick<DeviceSession, 'device' | 'generation' | 'address' | 'epoch'>;

export interface Departures {
  /**
   * Stores the end of a session. Remove the session from the list of sessions first, because a device with a listed session still counts as
   * connected.
   */
  record(session: Ended): void;
  retry(): void;
}

interface Ports {
  readonly devices: Pick<DevicesPort, 'disconnected'>;
  readonly upgrades: Pick<DeviceUpgrades, 'isConnected'>;
  readonly endAddressEvidence: Connections['endAddressEvidence'];
  readonly log: Log;
}

export function createDepartures({ devices, upgrades, endAddressEvidence, log }: Ports): Departures {
  /**
   * Ended sessions whose end could not be stored, by device, for another attempt. The end of a newer session replaces the end of an older
   * session.
   */
  const waiting = new Map<DeviceId, Ended>();

  async function store(ended: Ended): Promise<void> {
    const { device, epoch, address } = ended;
    const wasLast = !upgrades.isConnected(device);
    if (epoch > 0) await devices.disconnected({ device, epoch });
    if (wasLast) await endAddressEvidence(ended, address);
  }

  function attempt(ended: Ended): void {
    store(ended).catch((error: unknown) => {
      const { device, generation, address, epoch } = ended;
      const stored = waiting.get(device);
      if (!stored || stored.epoch <= epoch) waiting.set(device, { device, generation, address, epoch });
      log.error({ device, error: String(error) }, 'a disconnection was not recorded; the server tries again');
    });
  }

  return {
    record: attempt,
    retry() {
      const failed = [...waiting.values()];
      waiting.clear();
      for (const ended of failed) attempt(ended);
    },
  };
}
