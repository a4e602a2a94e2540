/**
 * The rest of a large fleet: devices that no order of the benchmark reaches, put straight into the store as enrolment and a first day leave
 * them. They were seen in Sweden an hour ago and are not connected.
 */
import { randomBytes } from 'node:crypto';
import { tiesOf } from '../../server/jurisdiction/ties.ts';
import { type Cell, insertOf } from '../../server/store/bulk.ts';
import type { Database } from '../../server/store/database.ts';
import { parsePlace } from '../../shared/areas/area-code.ts';
import { type DeviceId, deviceIdSchema, randomBase32 } from '../../shared/protocol/ids.ts';
import { emptyLocation, observe, unknownFrom } from '../../shared/verdict/locate.ts';
import { addGroup } from '../support/fleet-rows.ts';

const HOUR = 3_600_000;
const ROWS = 2_000;
/** About as long as a device's certificate. */
const CERTIFICATE = 'A'.repeat(800);

/** Enrolled at any time of the last years: neighbours in the fleet are none in the store's indexes. */
export const scatteredDeviceId = (): DeviceId => deviceIdSchema.parse(`dev_${randomBase32(10)}`);

export async function addElsewhere(database: Database, count: number): Promise<void> {
  const group = await addGroup(database, 'elsewhere', 'SE');
  const at = Date.now() - HOUR;
  const state = observe(emptyLocation(), { source: 'position', areas: [parsePlace('SE')], at, whole: true });
  const location = JSON.stringify(state);
  for (let from = 0; from < count; from += ROWS) {
    const ids = Array.from({ length: Math.min(ROWS, count - from) }, scatteredDeviceId);
    const each = (row: (id: DeviceId) => Cell[]) => ids.map(row);
    const inserts = [
      insertOf(
        'devices',
        {
          id: 'text',
          generation: 'bigint',
          status: 'text',
          user_name: 'text',
          group_id: 'text',
          enrolled_at: 'bigint',
          record_version: 'bigint',
        },
        each((id) => [id, 1, 'active', 'Somebody', group, at, 1]),
      ),
      insertOf(
        'device_presence',
        {
          device_id: 'text',
          generation: 'bigint',
          session_epoch: 'bigint',
          connected: 'bigint',
          changed_at: 'bigint',
          last_seen_at: 'bigint',
          list_version: 'bigint',
          record_stored: 'bigint',
          root_version: 'bigint',
          reports_through: 'bigint',
        },
        each((id) => [id, 1, 1, 0, at, at, 1, 1, 1, 1]),
      ),
      insertOf(
        'certificates',
        {
          serial: 'text',
          device_id: 'text',
          generation: 'bigint',
          profile: 'text',
          fingerprint: 'text',
          der: 'text',
          not_before: 'bigint',
          not_after: 'bigint',
          issued_at: 'bigint',
        },
        each((id) => {
          const [serial, fingerprint] = [randomBytes(16).toString('hex'), randomBytes(32).toString('hex')];
          return [serial, id, 1, 'device', fingerprint, CERTIFICATE, at, at + 720 * HOUR, at];
        }),
      ),
      insertOf(
        'locations',
        { device_id: 'text', state: 'text', changed_at: 'bigint', unknown_at: 'bigint' },
        each((id) => [id, location, at, unknownFrom(state)]),
      ),
      insertOf(
        'device_ties',
        { device_id: 'text', tie: 'text', area: 'text' },
        ids.flatMap((id) => tiesOf(state).map(({ tie, area }) => [id, tie, area])),
      ),
    ];
    await database.transaction(async (tx) => {
      for (const insert of inserts) await insert.execute(tx);
    });
  }
}
