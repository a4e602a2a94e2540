import { sql } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { VerifiedDeviceStore as Port, SignedKey } from '../membership/ports.ts';
import type { Database } from './database.ts';
import { ACTIVE, presentKeys, withSignatures } from './messaging-key-rows.ts';

export class VerifiedDeviceStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async members({ people, devices }: Parameters<Port['members']>[0]): Promise<SignedKey[]> {
    const member = () => presentKeys(this.#database.db).where(sql<boolean>`messaging_keys.unverified = 0`);
    const [ofPeople, ofDevices] = await Promise.all([
      people.length === 0
        ? []
        : member()
            .where('messaging_keys.person_id', 'in', [...people])
            .orderBy('messaging_keys.certified_at')
            .execute(),
      devices.length === 0
        ? []
        : member()
            .where('messaging_keys.device_id', 'in', [...devices])
            .execute(),
    ]);
    const rows = new Map([...ofPeople, ...ofDevices].map((row) => [row.device_id, row]));
    return withSignatures(this.#database.db, [...rows.values()]);
  }

  async search(folded: string, limit: number) {
    const pattern = `%${folded.replace(/[\\%_]/g, '\\$&')}%`;
    const { rows } = await sql<{ person: string; name: string; devices: number }>`
      select messaging_keys.person_id as person, max(name) as name, count(*) as devices
      from messaging_keys inner join devices
        on devices.id = messaging_keys.device_id and devices.generation = messaging_keys.generation
      where folded like ${pattern} escape '\\' and unverified = 0 and ${ACTIVE}
      group by folded, messaging_keys.person_id order by folded, messaging_keys.person_id limit ${limit}`.execute(
      this.#database.db,
    );
    return rows.map((row) => ({ ...row, devices: Number(row.devices) }));
  }

  async peopleOf(device: DeviceId): Promise<string[]> {
    const rows = await this.#database.db
      .selectFrom('messaging_keys')
      .select('person_id')
      .distinct()
      .where('device_id', '=', device)
      .execute();
    return rows.map(({ person_id }) => person_id);
  }
}
