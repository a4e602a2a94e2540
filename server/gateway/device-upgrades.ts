/** WebSocket upgrades in progress, by device. */
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Sessions } from './sessions.ts';

export class DeviceUpgrades {
  readonly #sessions: Pick<Sessions, 'of'>;
  readonly #counts = new Map<DeviceId, number>();

  constructor(sessions: Pick<Sessions, 'of'>) {
    this.#sessions = sessions;
  }

  /**
   * Marks a WebSocket upgrade as in progress, because the device counts as connected even before its session exists. The caller removes the
   * mark with the returned function.
   */
  begin(device: DeviceId): () => void {
    this.#counts.set(device, (this.#counts.get(device) ?? 0) + 1);
    return () => {
      const remaining = (this.#counts.get(device) ?? 1) - 1;
      if (remaining > 0) this.#counts.set(device, remaining);
      else this.#counts.delete(device);
    };
  }

  isConnected(device: DeviceId): boolean {
    return this.#counts.has(device) || this.#sessions.of(device).length > 0;
  }
}
