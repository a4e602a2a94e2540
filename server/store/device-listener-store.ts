/** Store of the listener settings of the last start, as one row of `meta`. */
import type { DeviceListeners, DeviceListenerStore as Port } from '../startup/device-listeners.ts';
import type { Database } from './database.ts';
import { getMeta, setMeta } from './meta-store.ts';

const KEY = 'device-listeners';

export class DeviceListenerStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async deviceListeners(): Promise<DeviceListeners | null> {
    const stored = await getMeta(this.#database.db, KEY);
    return stored === null ? null : JSON.parse(stored);
  }

  saveDeviceListeners({ bind, devicePort, publicPort, proxyFrom, proxyRequired }: DeviceListeners): Promise<void> {
    const stored: DeviceListeners = { bind, devicePort, publicPort, proxyFrom, proxyRequired };
    return setMeta(this.#database.db, KEY, JSON.stringify(stored));
  }

  async hasActiveDevices(): Promise<boolean> {
    const row = await this.#database.db
      .selectFrom('devices')
      .select('id')
      .where('status', '=', 'active')
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }
}
