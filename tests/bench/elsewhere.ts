/**
 * The rest of a large fleet: devices that the benchmark's order does not affect. The benchmark inserts them into the store in the state
 * after enrollment and a first day. The server received data from them in Sweden an hour ago.
 */
import { randomBytes } from 'node:crypto';
import { insertOf } from '../../server/store/bulk.ts';
import type { Database } from '../../server/store/database.ts';
import { type DeviceId, deviceIdSchema, randomBase32 } from '../../shared/protocol/ids.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { addLocatedFleet } from '../support/located-fleet.ts';

const HOUR = 3_600_000;
const ROWS = 2_000;
/** Approximate length of a device's certificate. */
const CERTIFICATE = 'A'.repeat(800);

/** Enrollment times are spread over recent years, so that devices of one benchmark are not neighbors in the store's indexes. */
export const scatteredDeviceId = (): DeviceId => deviceIdSchema.parse(`dev_${randomBase32(10)}`);

/**
 * `connected`: number of devices whose connections ended together with the server, without a record in the store. They are the first of the
 * returned devices.
 */
export async function addElsewhere(database: Database, count: number, connected = 0): Promise<readonly DeviceId[]> {
  const group = await addGroup(database, 'elsewhere', 'SE');
  const at = Date.now() - HOUR;
  const position = { source: 'position', areas: ['SE'], at, whole: true } as const;
  const address = { source: 'address', areas: ['SE'], at, connected: true } as const;
  const offline = { presence: { connected: false, listVersion: 1 }, seen: [position] };
  const online = { presence: { connected: true, listVersion: 1 }, seen: [position, address] };
  const devices = Array.from({ length: count }, (_, index) => ({
    id: scatteredDeviceId(),
    ...(index < connected ? online : offline),
  }));
  const ids = await addLocatedFleet(database, group, at, devices);
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
  return ids;
}
