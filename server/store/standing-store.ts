/** Where devices are and how they stand towards the server, read for thousands of them at once. */

import { parseEnvelope } from '../../shared/order/dsse.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Instant } from '../../shared/time/clock.ts';
import type { DeviceStanding, StandingStore as Port } from '../orders/rehearsal.ts';
import type { Database, Db } from './database.ts';
import { placeOf, selectPlaces } from './jurisdiction-store.ts';
import { keyedQuery } from './keyed-query.ts';

export class StandingStore implements Port {
  readonly #database: Database;
  readonly #select: ReturnType<typeof standingsIn>;

  constructor(database: Database) {
    this.#database = database;
    this.#select = standingsIn(database.db);
  }

  async standing(devices: readonly DeviceId[]): Promise<Map<DeviceId, DeviceStanding>> {
    const found = new Map<DeviceId, DeviceStanding>();
    for (const row of await this.#select(devices)) {
      if (row.status !== 'active') continue;
      found.set(deviceIdSchema.parse(row.id), {
        place: placeOf(row),
        user: row.user_name,
        connected: row.connected === 1,
        listVersion: row.list_version ?? 0,
      });
    }
    return found;
  }

  async activeDevices(): Promise<number> {
    const { count } = await this.#database.db
      .selectFrom('devices')
      .select(({ fn }) => fn.countAll().as('count'))
      .where('status', '=', 'active')
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  /** The first one that was made since, but for those that other acts of the same millisecond made. */
  async firstListWith(revision: { readonly payload: string; readonly adoptedAt: Instant }): Promise<number | null> {
    const inside = Buffer.from(revision.payload).toString('base64');
    for (let after = 0; ; ) {
      const row = await this.#database.db
        .selectFrom('order_lists')
        .select(['version', 'envelope'])
        .where('issued_at', '>=', revision.adoptedAt)
        .where('version', '>', after)
        .orderBy('issued_at')
        .orderBy('version')
        .limit(1)
        .executeTakeFirst();
      if (!row) return null;
      if (Buffer.from(parseEnvelope(row.envelope).payload, 'base64').includes(inside)) return row.version;
      after = row.version;
    }
  }
}

const standingsIn = (db: Db) =>
  keyedQuery(db, (devices) =>
    selectPlaces(db)
      // What an earlier enrolment held is nothing to this one.
      .leftJoin('device_presence', (join) =>
        join
          .onRef('device_presence.device_id', '=', 'devices.id')
          .onRef('device_presence.generation', '=', 'devices.generation'),
      )
      .select(['devices.user_name', 'device_presence.connected', 'device_presence.list_version'])
      // Read and not asked for: SQLite would else find each device by an index on its status, and then once more.
      .select('devices.status')
      .where('devices.id', 'in', devices),
  );
