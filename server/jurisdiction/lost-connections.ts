/**
 * Ends connections that are still open in the store, although an earlier server process stopped. The location evidence of these connections
 * would otherwise never expire. The work takes minutes for a large fleet, and devices may connect meanwhile.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { IntakeStore } from './ports.ts';

const PAGE = 500;

export interface LostConnectionPorts {
  readonly store: Pick<IntakeStore, 'connected'>;
  readonly disconnect: (device: DeviceId, generation: number) => Promise<void>;
}

export function createLostConnections({ store, disconnect }: LostConnectionPorts) {
  /** Devices whose connection started or ended while `endAll` runs; null while it does not run. */
  let observed: Set<DeviceId> | null = null;

  return {
    /** Records that the stored connection of the device belongs to this server. */
    noteConnection: (device: DeviceId): void => void observed?.add(device),
    isLost: (device: DeviceId): boolean => !observed?.has(device),
    /** If a call fails, the next call continues its work. The devices that connected during the failed call stay known. */
    async endAll(work: { readonly stopped: boolean }): Promise<void> {
      observed ??= new Set();
      let after: DeviceId | null = null;
      for (;;) {
        const began = performance.now();
        const page = await store.connected(after, PAGE);
        await Promise.all(page.map(({ device, generation }) => disconnect(device, generation)));
        after = page.at(-1)?.device ?? null;
        if (work.stopped) return;
        if (page.length < PAGE) break;
        // The work pauses between two pages of devices, so that devices that connect meanwhile get at least half of the server's time.
        await delay(performance.now() - began);
      }
      observed = null;
    },
  };
}
