import { sql } from 'kysely';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import { tableOf } from './bulk.ts';
import { lowered } from './column-text.ts';
import type { Database } from './database.ts';
import { deviceRanges, inRange } from './device-range.ts';

/** Number of devices in one step, as in `device-scan.ts`. */
const STEP = 2_000;
/** Number of devices that are enough to know that a text names more than one device. */
const ENOUGH = 2;

/**
 * Devices that have one of the texts as their id, serial number, host name or display name, at most two for each text. Case of ASCII
 * letters does not matter. An id takes precedence. The scan pauses between its steps.
 */
export async function devicesNamed(
  database: Database,
  texts: readonly string[],
): Promise<ReadonlyMap<string, readonly DeviceId[]>> {
  const found = new Map<string, DeviceId[]>();
  const wanted = new Map<string, string[]>();
  for (const text of texts) {
    const id = deviceIdSchema.safeParse(text);
    if (id.success) found.set(text, [id.data]);
    else wanted.set(lowered(text), [...(wanted.get(lowered(text)) ?? []), text]);
  }
  if (wanted.size === 0) return found;
  const names = tableOf(
    ['text'],
    [...wanted.keys()].map((text) => [text]),
  );
  for await (const devices of deviceRanges(database, STEP)) {
    const range = inRange(devices, sql`device_id`);
    const { rows } = await sql<{ id: string; name: string }>`
      select device_id as id, lower(hardware_serial) as name from device_facts
        where ${range} and lower(hardware_serial) in (select column1 from ${names} as v)
      union select device_id, lower(hostname) from device_facts
        where ${range} and lower(hostname) in (select column1 from ${names} as v)
      union select device_id, lower(name) from display_names
        where ${range} and lower(name) in (select column1 from ${names} as v)`.execute(database.db);
    for (const { id, name } of rows) {
      for (const text of wanted.get(name) ?? []) {
        const devices = found.get(text) ?? [];
        found.set(text, devices);
        if (devices.length < ENOUGH) devices.push(deviceIdSchema.parse(id));
      }
    }
  }
  return found;
}
