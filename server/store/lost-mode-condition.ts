import { type RawBuilder, sql } from 'kysely';
import { andInRange, type Lookup } from './device-range.ts';

/** SQL condition for a query that reads `devices`: lost mode is on in the device's current enrollment. */
export const isLost = (lookup: Lookup): RawBuilder<boolean> => sql<boolean>`exists (select 1 from lost_modes l
  where l.device_id = devices.id${andInRange(lookup, 'l.device_id')} and l.generation = devices.generation
    and l.ended_at is null)`;

export const LOST = isLost('each');
