/**
 * To what devices and groups belonged, from when until when: written with each change, in its transaction, so that a past verdict can be explained.
 * A statement of a home that lapses by itself is no change: its end stands in the row. Domain time.
 */
import { sql } from 'kysely';
import type { Tx } from './database.ts';

/** After devices have become what their rows say now. */
export async function rememberDevices(tx: Tx, devices: readonly string[], at: number): Promise<void> {
  await tx
    .updateTable('device_history')
    .set({ until_at: at })
    .where('device_id', 'in', devices)
    .where('until_at', 'is', null)
    .execute();
  await insertDevices(tx, devices, sql`cast(${at} as bigint)`);
}

/** After devices have been enrolled for the first time. */
export async function rememberNewDevices(tx: Tx, devices: readonly string[]): Promise<void> {
  await insertDevices(tx, devices, sql`enrolled_at`);
}

async function insertDevices(tx: Tx, devices: readonly string[], from: ReturnType<typeof sql>): Promise<void> {
  // A statement of where a device is has nothing to do with where it belongs.
  await sql`
    insert into device_history
      (device_id, from_at, generation, status, group_id, home, seat, stated_home, stated_until)
    select id, ${from}, generation, status, group_id, home, seat, stated_home,
      case when stated_home is not null then statement_until end
    from devices where id in (${sql.join(devices)})`.execute(tx);
}

/** After a group has become what its row says now; when it is gone, its last row ends. */
export async function rememberGroup(tx: Tx, group: string, at: number): Promise<void> {
  await tx
    .updateTable('group_history')
    .set({ until_at: at })
    .where('group_id', '=', group)
    .where('until_at', 'is', null)
    .execute();
  await sql`
    insert into group_history (group_id, from_at, name, home, seat)
    select id, cast(${at} as bigint), name, home, seat from groups where id = ${group}`.execute(tx);
}
