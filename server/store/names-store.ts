/** For whom devices were enrolled, and the leaf of a file of names. */
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { NamesStore as Port } from '../orders/annex.ts';
import type { Database } from './database.ts';
import { appendLeaf } from './leaves.ts';

export class NamesStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async usersOf(devices: readonly DeviceId[]): Promise<Map<DeviceId, string>> {
    if (devices.length === 0) return new Map();
    const rows = await this.#database.db
      .selectFrom('devices')
      .select(['id', 'user_name'])
      .where('id', 'in', devices)
      .execute();
    return new Map(rows.map(({ id, user_name }) => [deviceIdSchema.parse(id), user_name]));
  }

  async recordNames(leaf: LeafDraft<'names.sealed'>): Promise<void> {
    await this.#database.transaction(async (tx) => void (await appendLeaf(tx, leaf)));
  }
}
