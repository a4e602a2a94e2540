/**
 * Log of ended connections, encrypted with a key of each device's user (ADR 55). The rows are written in the grouped commit that records the
 * end of the connection, so a connection costs one more row and no further commit.
 */
import { sql } from 'kysely';
import { z } from 'zod';
import { type PersonId, personIdSchema, randomBase32 } from '../../shared/protocol/ids.ts';
import type { PersonSealer } from '../person-keys/person-keys.ts';
import { insertOf } from './bulk.ts';
import type { Tx } from './database.ts';

const DAY = 86_400_000;

export const loggedConnectionSchema = z.strictObject({
  device: z.string(),
  generation: z.int(),
  from: z.int(),
  to: z.int(),
  address: z.string().nullable(),
});
export type LoggedConnection = z.infer<typeof loggedConnectionSchema>;

/**
 * Connection that has ended. `person`: null if the device's user in that enrollment is unknown. The log then has no row, so that no row
 * names a wrong person.
 */
export interface EndedConnection extends LoggedConnection {
  readonly person: string | null;
}

/**
 * Person of a connection (`p`) of a device (`d`). A device that has enrolled again may now have another user than at the time of the
 * connection.
 */
export const PERSON_OF_CONNECTION = sql<string | null>`case when d.generation = p.generation then d.person_id else (
  select e.person_id from enrollment_records e where e.device_id = p.device_id and e.generation = p.generation) end`;

/** End of the UTC day of a time. The log is kept by days, so that its unencrypted columns do not say when a device was connected. */
export const dayEnd = (at: number): number => (Math.floor(at / DAY) + 1) * DAY;

export const connectionPlace = (person: PersonId, day: number, id: string) => ({ person, at: day, row: id });

export async function logConnections(tx: Tx, sealer: PersonSealer, ended: readonly EndedConnection[]): Promise<void> {
  const known = ended.flatMap(({ person, ...connection }) => (person === null ? [] : [{ person, ...connection }]));
  if (known.length === 0) return;
  const rows = known.map(({ person, device, generation, from, to, address }) => ({
    person: personIdSchema.parse(person),
    day: dayEnd(to),
    id: randomBase32(10),
    plain: Buffer.from(JSON.stringify({ device, generation, from, to, address })),
  }));
  const sealed = sealer.seal(
    'connections',
    rows.map(({ person, day, id, plain }) => ({ ...connectionPlace(person, day, id), plain })),
  );
  await insertOf(
    'connection_log',
    { person_id: 'text', day_end: 'bigint', id: 'text', sealed: 'text' },
    rows.map(({ person, day, id }, index) => [person, day, id, sealed[index] ?? null]),
  ).execute(tx);
}

/** Maximum connections that one step of `logOpenConnections` ends. */
const SLICE = 500;

/**
 * Ends all connections that an earlier process left open. The time of their end is the last time at which the device was heard. Returns
 * when no device is marked as connected.
 */
export async function logOpenConnections(
  transaction: <T>(fn: (tx: Tx) => Promise<T>) => Promise<T>,
  sealer: PersonSealer,
  at: number,
): Promise<void> {
  for (let found = SLICE; found === SLICE; ) {
    found = await transaction(async (tx) => {
      const { rows } = await sql<EndedConnection>`
        select ${PERSON_OF_CONNECTION} as person, p.device_id as device, p.generation, p.changed_at as "from",
          p.last_seen_at as "to", p.address
        from device_presence p inner join devices d on d.id = p.device_id
        where p.connected = 1 order by p.device_id limit ${SLICE}`.execute(tx);
      await logConnections(tx, sealer, rows);
      const devices = rows.map(({ device }) => device);
      if (devices.length === 0) return 0;
      await tx
        .updateTable('device_presence')
        .set({ connected: 0, changed_at: at })
        .where('device_id', 'in', devices)
        .execute();
      return devices.length;
    });
  }
}
