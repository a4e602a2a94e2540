/** Store of records about created evidence packs, with the pseudonyms (handles) of the devices in each pack. */
import { setImmediate as turn } from 'node:timers/promises';
import {
  accountIdSchema,
  type DeviceId,
  deviceIdSchema,
  type PackId,
  packIdSchema,
} from '../../shared/protocol/ids.ts';
import type { MadePack, NewPack, PackRecordStore as Port } from '../orders/evidence/pack-ports.ts';
import { insertOf } from './bulk.ts';
import type { Database } from './database.ts';

const PAGE = 2_000;

export class PackRecordStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async recordPack({ pack, order, by, at }: NewPack): Promise<void> {
    await this.#database.db
      .insertInto('evidence_packs')
      .values({ id: pack, order_number: order, made_by: by, made_at: at })
      .execute();
  }

  async packs(order: string, limit: number): Promise<MadePack[]> {
    const rows = await this.#database.db
      .selectFrom('evidence_packs')
      .select(['id', 'made_by', 'made_at'])
      .select(({ selectFrom, fn }) =>
        selectFrom('pack_devices')
          .whereRef('pack_devices.pack_id', '=', 'evidence_packs.id')
          .select(fn.countAll<number>().as('devices'))
          .as('devices'),
      )
      .where('order_number', '=', order)
      .orderBy('made_at', 'desc')
      .orderBy('id')
      .limit(limit)
      .execute();
    return rows.map(({ id, made_by, made_at, devices }) => ({
      pack: packIdSchema.parse(id),
      order,
      by: accountIdSchema.parse(made_by),
      at: made_at,
      devices: Number(devices),
    }));
  }

  async recordHandles(pack: PackId, handles: ReadonlyMap<DeviceId, string>): Promise<void> {
    if (handles.size === 0) return;
    const rows = [...handles].map(([device, handle]) => [pack, handle, device]);
    const columns = { pack_id: 'text', handle: 'text', device_id: 'text' } as const;
    await this.#database.transaction(async (tx) => void (await insertOf('pack_devices', columns, rows).execute(tx)));
  }

  async handles(order: string, pack: PackId): Promise<Map<DeviceId, string> | null> {
    const { db } = this.#database;
    const known = await db
      .selectFrom('evidence_packs')
      .select('id')
      .where('id', '=', pack)
      .where('order_number', '=', order)
      .executeTakeFirst();
    if (!known) return null;
    const found = new Map<DeviceId, string>();
    for (let after: string | undefined = ''; after !== undefined; ) {
      const rows: { handle: string; device_id: string }[] = await db
        .selectFrom('pack_devices')
        .select(['handle', 'device_id'])
        .where('pack_id', '=', pack)
        .where('handle', '>', after)
        .orderBy('handle')
        .limit(PAGE)
        .execute();
      for (const { handle, device_id } of rows) found.set(deviceIdSchema.parse(device_id), handle);
      after = rows.length === PAGE ? rows.at(-1)?.handle : undefined;
      await turn();
    }
    return found;
  }
}
