import { type DeviceId, deviceIdSchema, type LostModeId, lostModeIdSchema } from '../../shared/protocol/ids.ts';
import type { LostModeEnd, NewLostMode, LostModeStore as Port, StoredLostMode } from '../lost-mode/ports.ts';
import { insertEvents } from './activity-rows.ts';
import type { Database } from './database.ts';
import type { Schema } from './schema.ts';

/** Events of the activity log. An end by an admin is a request, which the log records already. */
const EVENTS: Readonly<Record<Exclude<LostModeEnd, 'admin'>, string>> = {
  user: 'lost-mode.ended-by-user',
  expiry: 'lost-mode.expired',
  enrollment: 'lost-mode.ended-with-enrollment',
  device: 'lost-mode.ended-earlier',
};

export class LostModeStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  start(modes: readonly NewLostMode[]): Promise<StoredLostMode[]> {
    return this.#database.transaction(async (tx) => {
      const devices = modes.map(({ device }) => device);
      const enrolled = await tx
        .selectFrom('devices')
        .select(['id', 'generation'])
        .where('id', 'in', devices)
        .where('status', '=', 'active')
        .execute();
      const generations = new Map(enrolled.map(({ id, generation }) => [id, generation]));
      const rows = modes.flatMap((mode) => {
        const generation = generations.get(mode.device);
        return generation === undefined ? [] : [rowOf(mode, generation)];
      });
      if (rows.length === 0) return [];
      await tx.deleteFrom('lost_modes').where('device_id', 'in', devices).where('ended_at', 'is not', null).execute();
      const started = await tx
        .insertInto('lost_modes')
        .values(rows)
        .onConflict((conflict) => conflict.column('device_id').doNothing())
        .returningAll()
        .execute();
      return started.map(modeOf);
    });
  }

  async newest(device: DeviceId): Promise<StoredLostMode | null> {
    const row = await this.#database.db
      .selectFrom('lost_modes')
      .selectAll()
      .where('device_id', '=', device)
      .executeTakeFirst();
    return row ? modeOf(row) : null;
  }

  end(modes: readonly Pick<StoredLostMode, 'id' | 'device'>[], by: LostModeEnd, at: number): Promise<number> {
    return this.#database.transaction(async (tx) => {
      const ended = await tx
        .updateTable('lost_modes')
        .set({ ended_at: at, ended_by: by })
        .where(
          'device_id',
          'in',
          modes.map(({ device }) => device),
        )
        .where(
          'id',
          'in',
          modes.map(({ id }) => id),
        )
        .where('ended_at', 'is', null)
        .returning('device_id')
        .execute();
      if (by !== 'admin' && ended.length > 0) {
        const events = ended.map(({ device_id }) => ({
          device: deviceIdSchema.parse(device_id),
          at,
          action: EVENTS[by],
        }));
        await insertEvents(tx, events);
      }
      return ended.length;
    });
  }

  async reported(id: LostModeId, at: number, located: boolean): Promise<void> {
    await this.#database.db
      .updateTable('lost_modes')
      .set(({ fn, val }) => ({
        delivered_at: fn.coalesce('delivered_at', val(at)),
        unlocated_at: located ? null : at,
      }))
      .where('id', '=', id)
      .execute();
  }

  async open(): Promise<(StoredLostMode & { readonly enrolled: boolean })[]> {
    const rows = await this.#database.db
      .selectFrom('lost_modes')
      .leftJoin('devices', 'devices.id', 'lost_modes.device_id')
      .selectAll('lost_modes')
      .select(['devices.status', 'devices.generation as present_generation'])
      .where('lost_modes.ended_at', 'is', null)
      .execute();
    return rows.map((row) => ({
      ...modeOf(row),
      enrolled: row.status === 'active' && row.present_generation === row.generation,
    }));
  }
}

const rowOf = (
  { id, device, reason, contact, startedAt, until }: NewLostMode,
  generation: number,
): Schema['lost_modes'] => ({
  device_id: device,
  id,
  generation,
  reason,
  contact,
  started_at: startedAt,
  until_at: until,
  delivered_at: null,
  unlocated_at: null,
  ended_at: null,
  ended_by: null,
});

const modeOf = (row: Schema['lost_modes']): StoredLostMode => ({
  id: lostModeIdSchema.parse(row.id),
  device: deviceIdSchema.parse(row.device_id),
  generation: row.generation,
  reason: row.reason,
  contact: row.contact,
  startedAt: row.started_at,
  until: row.until_at,
  deliveredAt: row.delivered_at,
  unlocatedAt: row.unlocated_at,
  endedAt: row.ended_at,
  endedBy: row.ended_by,
});
