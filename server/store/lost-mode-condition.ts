import { sql } from 'kysely';

/** SQL condition for a query that reads `devices`: lost mode is on in the device's current enrollment. */
export const LOST = sql<boolean>`exists (select 1 from lost_modes l
  where l.device_id = devices.id and l.generation = devices.generation and l.ended_at is null)`;
