/** Store of the host names by which devices have reached the server. Each name is one row of `meta`. */
import type { DeviceNameStore as DeviceNamePort, NameInUse } from '../startup/device-names.ts';
import type { Database } from './database.ts';
import { setMeta } from './meta-store.ts';

const PREFIX = 'device-name:';

export class DeviceNameStore implements DeviceNamePort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async deviceNames(): Promise<NameInUse[]> {
    const rows = await this.#database.db
      .selectFrom('meta')
      .selectAll()
      .where('key', 'like', `${PREFIX}%`)
      .orderBy('key')
      .execute();
    return rows.map(({ key, value }) => ({ name: key.slice(PREFIX.length), lastUsed: Number(value) }));
  }

  saveDeviceName({ name, lastUsed }: NameInUse): Promise<void> {
    return setMeta(this.#database.db, `${PREFIX}${name}`, String(lastUsed));
  }

  async removeDeviceNames(names: readonly string[]): Promise<void> {
    if (names.length === 0) return;
    const keys = names.map((name) => `${PREFIX}${name}`);
    await this.#database.db.deleteFrom('meta').where('key', 'in', keys).execute();
  }
}
