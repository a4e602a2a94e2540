/**
 * Past groups, areas and states of devices and groups, with their periods, so that a past verdict can be explained. Each change writes its
 * history row in the same transaction. All times are from the server clock.
 */
import { sql } from 'kysely';
import { type DeviceEvent, insertEvents } from './activity-rows.ts';
import { insertOf } from './bulk.ts';
import { markFacts } from './changed-facts.ts';
import type { Tx } from './database.ts';

/**
 * Records the present group, areas and status of devices from the time `at`, and ends the previous period in the history. Call this
 * function after a change of the rows in `devices`, because it copies these rows.
 */
export async function rememberDevices(tx: Tx, devices: readonly string[], at: number): Promise<void> {
  const present = await presentOf(tx, devices);
  const ended = await tx
    .updateTable('device_history')
    .set({ until_at: at })
    .where('device_id', 'in', devices)
    .where('until_at', 'is', null)
    .returning(['device_id', 'status', 'generation'])
    .execute();
  await insertPeriods(tx, present, () => at);
  const before = new Map(ended.map((period) => [period.device_id, period]));
  await insertEvents(
    tx,
    present.flatMap((row) => changesOf(row, before.get(row.id), at)),
  );
}

export async function rememberNewDevices(tx: Tx, devices: readonly string[]): Promise<void> {
  const present = await presentOf(tx, devices);
  await insertPeriods(tx, present, ({ enrolled_at }) => enrolled_at);
  await insertEvents(
    tx,
    present.map(({ id, person_id, enrolled_at }) => ({
      device: id,
      person: person_id,
      at: enrolled_at,
      action: 'device.enrolled',
    })),
  );
}

type Present = Awaited<ReturnType<typeof presentOf>>[number];

/**
 * Rows of the given devices. All data come from this one read, because on PostgreSQL further reads would make concurrent transactions fail.
 */
function presentOf(tx: Tx, devices: readonly string[]) {
  return tx
    .selectFrom('devices')
    .select(['id', 'person_id', 'enrolled_at', 'generation', 'status', 'group_id', 'home', 'seat'])
    .select(['stated_home', 'statement_until'])
    .where('id', 'in', devices)
    .execute();
}

/** Creates events of the activity log for a started or ended enrollment, from the difference to the period before. */
function changesOf(
  { id, person_id, generation, status }: Present,
  before: { readonly status: string; readonly generation: number } | undefined,
  at: number,
): DeviceEvent[] {
  if (before === undefined) return [];
  const event = (action: string) => [{ device: id, person: person_id, at, action }];
  if (generation !== before.generation) return event('device.enrolled');
  return status === before.status ? [] : event(`device.${status}`);
}

async function insertPeriods(tx: Tx, devices: readonly Present[], from: (device: Present) => number): Promise<void> {
  if (devices.length === 0) return;
  const rows = insertOf(
    'device_history',
    {
      device_id: 'text',
      from_at: 'bigint',
      generation: 'bigint',
      status: 'text',
      group_id: 'text',
      home: 'text',
      seat: 'text',
      stated_home: 'text',
      stated_until: 'bigint',
    },
    devices.map((device) => [
      device.id,
      from(device),
      device.generation,
      device.status,
      device.group_id,
      device.home,
      device.seat,
      device.stated_home,
      // The end of the statement counts only if the statement is about the home area. A statement about presence does not change the home
      // area.
      device.stated_home === null ? null : device.statement_until,
    ]),
  );
  await rows.execute(tx);
  await markFacts(
    tx,
    devices.map(({ id }) => id),
    'device',
  );
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
