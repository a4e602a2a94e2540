/** SQL conditions for a device under a legal hold: a hold on the device or on its person. */
import { type RawBuilder, sql } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Tx } from './database.ts';

/** Condition: a device is under a legal hold. `device` and `person`: columns with the ids of the device and its user. */
export const underLegalHold = (device: string, person: string): RawBuilder<boolean> => sql<boolean>`(
  exists (select 1 from legal_holds h where h.device_id = ${sql.ref(device)} and h.released_at is null)
  or exists (select 1 from legal_holds h where h.person_id = ${sql.ref(person)} and h.released_at is null))`;

export const UNDER_LEGAL_HOLD = underLegalHold('devices.id', 'devices.person_id');

/** Ids of all devices under a legal hold, for `in (…)`. Reads the few holds instead of the devices. */
export const DEVICES_UNDER_LEGAL_HOLD = sql<string>`(
  select h.device_id from legal_holds h where h.device_id is not null and h.released_at is null
  union all
  select devices.id from legal_holds h cross join devices
    where h.released_at is null and devices.person_id = h.person_id)`;

/** True for a device under a legal hold. Call this inside the transaction that would destroy data of the device. */
export async function isUnderLegalHold(tx: Tx, device: DeviceId): Promise<boolean> {
  const { rows } = await sql`select 1 from devices where id = ${device} and ${UNDER_LEGAL_HOLD}`.execute(tx);
  return rows.length > 0;
}
