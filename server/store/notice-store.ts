/** Devices and messages for notices about disclosures. */
import { type CommandId, type DeviceId, deviceIdSchema, type PersonId } from '../../shared/protocol/ids.ts';
import type { NoticePort } from '../disclosures/ports.ts';
import type { Database } from './database.ts';

export class NoticeStore implements Omit<NoticePort, 'send'> {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async activeDevices(person: PersonId): Promise<readonly DeviceId[]> {
    const rows = await this.#database.db
      .selectFrom('devices')
      .select('id')
      .where('person_id', '=', person)
      .where('status', '=', 'active')
      .orderBy('id')
      .execute();
    return rows.map(({ id }) => deviceIdSchema.parse(id));
  }

  async isStored(ids: readonly CommandId[]): Promise<boolean> {
    const row = await this.#database.db
      .selectFrom('commands')
      .select('id')
      .where('id', 'in', [...ids])
      .where('state', 'in', ['stored', 'done'])
      .executeTakeFirst();
    return row !== undefined;
  }
}
