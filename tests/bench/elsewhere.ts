/**
 * The rest of a large fleet: devices that no order of the benchmark reaches, put straight into the store as enrolment and a first day leave
 * them. They were seen in Sweden an hour ago and are not connected.
 */
import { randomBytes } from 'node:crypto';
import { insertOf } from '../../server/store/bulk.ts';
import type { Database } from '../../server/store/database.ts';
import { type DeviceId, deviceIdSchema, randomBase32 } from '../../shared/protocol/ids.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { addPlacedFleet } from '../support/placed-fleet.ts';

const HOUR = 3_600_000;
const ROWS = 2_000;
/** About as long as a device's certificate. */
const CERTIFICATE = 'A'.repeat(800);

/** Enrolled at any time of the last years: neighbours in the fleet are none in the store's indexes. */
export const scatteredDeviceId = (): DeviceId => deviceIdSchema.parse(`dev_${randomBase32(10)}`);

export async function addElsewhere(database: Database, count: number): Promise<void> {
  const group = await addGroup(database, 'elsewhere', 'SE');
  const at = Date.now() - HOUR;
  const seen = [{ source: 'position', areas: ['SE'], at, whole: true }] as const;
  const presence = { connected: false, listVersion: 1 };
  const devices = Array.from({ length: count }, () => ({ id: scatteredDeviceId(), presence, seen }));
  const ids = await addPlacedFleet(database, group, at, devices);
  for (let from = 0; from < count; from += ROWS) {
    const certificates = insertOf(
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
      ids.slice(from, from + ROWS).map((id) => {
        const [serial, fingerprint] = [randomBytes(16).toString('hex'), randomBytes(32).toString('hex')];
        return [serial, id, 1, 'device', fingerprint, CERTIFICATE, at, at + 720 * HOUR, at];
      }),
    );
    await database.transaction(async (tx) => void (await certificates.execute(tx)));
  }
}
