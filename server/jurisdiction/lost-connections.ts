/**
 * Ends connections that the store still contains although an earlier server ended without recording their end. Their evidence would never
 * expire. A large fleet takes minutes, so devices may connect meanwhile.
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
  /** Devices whose connection started or ended during the work; null outside the work. */
  let observed: Set<DeviceId> | null = null;

  return {
    /** Records that the stored connection of the device belongs to this server. */
    noteConnection: (device: DeviceId): void => void observed?.add(device),
    isLost: (device: DeviceId): boolean => !observed?.has(device),
    /** A second call after a failure continues the work, and still knows the devices that connected before. */
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
        // Devices that connect meanwhile get at least half of the server's time.
        await delay(performance.now() - began);
      }
      observed = null;
    },
  };
}
