/**
 * Past groups, areas and states of devices and groups, with their periods, so that a past verdict can be explained. Each change writes its
 * history row in the same transaction. All times are from the server clock.
 */
import { sql } from 'kysely';
import { type DeviceEvent, insertEvents } from './activity-rows.ts';
import { markFacts } from './changed-facts.ts';
import type { Tx } from './database.ts';

/**
 * Records the present group, areas and status of devices from the time `at`, and ends the previous period in the history. Call this
 * function after a change of the rows in `devices`, because it copies these rows.
 */
export async function rememberDevices(tx: Tx, devices: readonly string[], at: number): Promise<void> {
  await insertEvents(tx, await changesOf(tx, devices, at));
  await tx
    .updateTable('device_history')
    .set({ until_at: at })
    .where('device_id', 'in', devices)
    .where('until_at', 'is', null)
    .execute();
  await insertDevices(tx, devices, sql`cast(${at} as bigint)`);
}

export async function rememberNewDevices(tx: Tx, devices: readonly string[]): Promise<void> {
  await insertDevices(tx, devices, sql`enrolled_at`);
  const rows = await tx.selectFrom('devices').select(['id', 'enrolled_at']).where('id', 'in', devices).execute();
  await insertEvents(
    tx,
    rows.map(({ id, enrolled_at }) => ({ device: id, at: enrolled_at, action: 'device.enrolled' })),
  );
}

/** Events of the activity log: a new enrollment, or the end of one, compared with the newest period of the history. */
async function changesOf(tx: Tx, devices: readonly string[], at: number): Promise<DeviceEvent[]> {
  const rows = await tx
    .selectFrom('devices')
    .innerJoin('device_history as before', (join) =>
      join.onRef('before.device_id', '=', 'devices.id').on('before.until_at', 'is', null),
    )
    .select(['devices.id', 'devices.status', 'devices.generation'])
    .select(['before.status as old_status', 'before.generation as old_generation'])
    .where('devices.id', 'in', devices)
    .execute();
  return rows.flatMap(({ id, status, generation, old_status, old_generation }) => {
    if (generation !== old_generation) return [{ device: id, at, action: 'device.enrolled' }];
    return status === old_status ? [] : [{ device: id, at, action: `device.${status}` }];
  });
}

async function insertDevices(tx: Tx, devices: readonly string[], from: ReturnType<typeof sql>): Promise<void> {
  // Stores the end time only of a location statement about the home area. A statement about presence does not change the home area.
  await sql`
    insert into device_history
      (device_id, from_at, generation, status, group_id, home, seat, stated_home, stated_until)
    select id, ${from}, generation, status, group_id, home, seat, stated_home,
      case when stated_home is not null then statement_until end
    from devices where id in (${sql.join(devices)})`.execute(tx);
  await markFacts(tx, devices, 'device');
}

/**
 * Records the present name and areas of a group from the time `at`, and ends the previous period in the history. Call this function after a
 * change of the group's row. For a deleted group, the function only ends the last period.
 */
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
