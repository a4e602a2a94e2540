/** Causes of notifications that are in the store: offline and new devices, and failed commands. */
import { sql } from 'kysely';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Database } from './database.ts';

interface DeviceQuery {
  readonly group: string | null;
  readonly limit: number;
}

export interface CauseDevice {
  readonly device: DeviceId;
  readonly generation: number;
  readonly user: string;
  readonly hostname: string | null;
  readonly at: number;
}

export interface FailedJob {
  /** Id of the job, or of a single command. */
  readonly id: string;
  readonly kind: string;
  readonly devices: number;
  /** Device of a single failed command. */
  readonly device: DeviceId | null;
}

const HORIZON = 86_400_000;

export class NotificationCauseStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Active devices that are not connected, and that the server last heard before `before`. Longest silent first. */
  async offline(before: number, { group, limit }: DeviceQuery): Promise<CauseDevice[]> {
    const rows = await this.#database.db
      .selectFrom('device_presence')
      .innerJoin('devices', 'devices.id', 'device_presence.device_id')
      .leftJoin('device_inventory', 'device_inventory.device_id', 'devices.id')
      .select(['devices.id', 'devices.generation', 'person_name', 'hostname', 'last_seen_at as at'])
      .where('last_seen_at', '<', before)
      .where('connected', '=', 0)
      .where('devices.status', '=', 'active')
      .$if(group !== null, (all) => all.where('devices.group_id', '=', group))
      .orderBy('last_seen_at')
      .limit(limit)
      .execute();
    return rows.map(toDevice);
  }

  /** Devices that enrolled after `since`, within the last day. */
  async enrolled(since: number, now: number, { group, limit }: DeviceQuery): Promise<CauseDevice[]> {
    const rows = await this.#database.db
      .selectFrom('devices')
      .leftJoin('device_inventory', 'device_inventory.device_id', 'devices.id')
      .select(['devices.id', 'devices.generation', 'person_name', 'hostname', 'enrolled_at as at'])
      .where('enrolled_at', '>', Math.max(since, now - HORIZON))
      .where('devices.status', '=', 'active')
      .$if(group !== null, (all) => all.where('devices.group_id', '=', group))
      .orderBy('enrolled_at')
      .limit(limit)
      .execute();
    return rows.map(toDevice);
  }

  /** Failed commands after `since`, within the last day; commands of one job together. Times are from the system clock. */
  async failed(since: number, now: number, { group, limit }: DeviceQuery): Promise<FailedJob[]> {
    const inGroup = group === null ? sql`1 = 1` : sql`devices.group_id = ${group}`;
    const { rows } = await sql<{ id: string; kind: string; devices: number; device: string; single: number }>`
      select coalesce(c.request, c.id) as id, min(c.kind) as kind, count(*) as devices, min(c.device_id) as device,
        sum(case when c.request is null then 1 else 0 end) as single
      from commands c inner join devices on devices.id = c.device_id
      where c.state = 'failed' and c.finished_at > ${Math.max(since, now - HORIZON)} and ${inGroup}
      group by coalesce(c.request, c.id) order by 1 limit ${limit}`.execute(this.#database.db);
    return rows.map(({ id, kind, devices, device, single }) => ({
      id,
      kind,
      devices: Number(devices),
      device: Number(single) > 0 ? deviceIdSchema.parse(device) : null,
    }));
  }
}

const toDevice = (row: {
  id: string;
  generation: number;
  person_name: string;
  hostname: string | null;
  at: number;
}): CauseDevice => ({
  device: deviceIdSchema.parse(row.id),
  generation: row.generation,
  user: row.person_name,
  hostname: row.hostname,
  at: row.at,
});
