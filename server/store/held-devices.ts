/** Which devices a legal hold stands on: on the device itself, or on the person that it belongs to. One meaning for every statement that asks. */
import { sql } from 'kysely';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type { Tx } from './database.ts';

/** A condition on `devices`. */
export const UNDER_HOLD = sql<boolean>`(
  exists (select 1 from legal_holds h where h.device_id = devices.id and h.released_at is null)
  or exists (select 1 from legal_holds h where h.person_id = devices.person_id and h.released_at is null))`;

/** All of them, as a list for `in`: read once, by what holds there are and not by what devices. */
export const HELD_DEVICES = sql<string>`(
  select h.device_id from legal_holds h where h.device_id is not null and h.released_at is null
  union all
  select devices.id from legal_holds h cross join devices
    where h.released_at is null and devices.person_id = h.person_id)`;

/** For verbs that would destroy what is the device's, inside their transaction. */
export async function isHeld(tx: Tx, device: DeviceId): Promise<boolean> {
  const { rows } = await sql`select 1 from devices where id = ${device} and ${UNDER_HOLD}`.execute(tx);
  return rows.length > 0;
}
