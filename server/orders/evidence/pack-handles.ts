/** Handles (pseudonyms) of devices in one evidence pack. A handle is a random name that only the operator can resolve to a device. */
import { type DeviceId, randomBase32 } from '../../../shared/protocol/ids.ts';

export class PackHandles {
  readonly #handles = new Map<DeviceId, string>();
  readonly #used = new Set<string>();

  get(device: DeviceId): string {
    const handle = this.#handles.get(device);
    if (handle === undefined) throw new Error(`${device} has no handle in this pack`);
    return handle;
  }

  has(device: DeviceId): boolean {
    return this.#handles.has(device);
  }

  add(devices: Iterable<DeviceId>): Map<DeviceId, string> {
    const added = new Map<DeviceId, string>();
    for (const device of devices) {
      let handle: string;
      do handle = `device-${randomBase32(7).slice(0, 10)}`;
      while (this.#used.has(handle));
      this.#used.add(handle);
      this.#handles.set(device, handle);
      added.set(device, handle);
    }
    return added;
  }
}
