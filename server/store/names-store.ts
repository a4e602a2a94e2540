/** Store for encrypted files with the names of users: reads the names for a file, and records each finished file in the ledger. */
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { NamesStore as Port } from '../orders/evidence/sealed-names.ts';
import { appendEntry } from './append-entries.ts';
import type { Database } from './database.ts';

export class NamesStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async usersOf(devices: readonly DeviceId[]): Promise<Map<DeviceId, string>> {
    if (devices.length === 0) return new Map();
    const rows = await this.#database.db
      .selectFrom('devices')
      .select(['id', 'person_name'])
      .where('id', 'in', devices)
      .execute();
    return new Map(rows.map(({ id, person_name }) => [deviceIdSchema.parse(id), person_name]));
  }

  async recordNames(entry: EntryDraft<'names.sealed'>): Promise<void> {
    await this.#database.transaction(async (tx) => void (await appendEntry(tx, entry)));
  }
}
