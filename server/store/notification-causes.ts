/** Causes of notifications that are in the store: offline, new and noncompliant devices, failed commands and stopped jobs. */
import { type RawBuilder, sql } from 'kysely';
import { type DeviceId, deviceIdSchema, type GroupId } from '../../shared/protocol/ids.ts';
import type { Database } from './database.ts';
import { isMember } from './device-scope.ts';

interface DeviceQuery {
  /** Group to which the query is limited; null for all devices. */
  readonly group: GroupId | null;
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

export interface StoppedJob {
  readonly id: string;
  readonly kind: string;
  readonly devices: number;
  readonly at: number;
}

const HORIZON = 86_400_000;

const inGroup = (group: GroupId | null): RawBuilder<boolean> =>
  group === null ? sql<boolean>`1 = 1` : isMember(group);

export class NotificationCauseStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Active devices that are not connected, and that the server last heard before `before`. A device that has never connected counts from
   * its enrollment. The devices that were silent for the longest time come first.
   */
  async offline(before: number, { group, limit }: DeviceQuery): Promise<CauseDevice[]> {
    const seen = sql<number>`coalesce(device_presence.last_seen_at, devices.enrolled_at)`;
    const rows = await this.#database.db
      .selectFrom('devices')
      .leftJoin('device_presence', 'device_presence.device_id', 'devices.id')
      .leftJoin('device_inventory', 'device_inventory.device_id', 'devices.id')
      .select(['devices.id', 'devices.generation', 'person_name', 'hostname', seen.as('at')])
      .where(seen, '<', before)
      .where(sql<boolean>`coalesce(device_presence.connected, 0) = 0`)
      .where('devices.status', '=', 'active')
      .where(inGroup(group))
      .orderBy(seen)
      .orderBy('devices.id')
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
      .where(inGroup(group))
      .orderBy('enrolled_at')
      .orderBy('devices.id')
      .limit(limit)
      .execute();
    return rows.map(toDevice);
  }

  /**
   * Active devices that are not compliant in their present enrollment. The devices that were not compliant for the longest time come first.
   */
  async notCompliant({
    group,
    limit,
  }: DeviceQuery): Promise<(CauseDevice & { readonly failing: readonly string[] })[]> {
    const rows = await this.#database.db
      .selectFrom('device_compliance')
      .innerJoin('devices', 'devices.id', 'device_compliance.device_id')
      .leftJoin('device_inventory', 'device_inventory.device_id', 'devices.id')
      .select(['devices.id', 'devices.generation', 'person_name', 'hostname', 'changed_at as at', 'failing'])
      .where('device_compliance.state', '=', 'not-compliant')
      .whereRef('device_compliance.generation', '=', 'devices.generation')
      .where('devices.status', '=', 'active')
      .where(inGroup(group))
      .orderBy('changed_at')
      .orderBy('devices.id')
      .limit(limit)
      .execute();
    return rows.map((row) => ({ ...toDevice(row), failing: Object.keys(JSON.parse(row.failing) as object).sort() }));
  }

  /**
   * Jobs that the server stopped after `since`, within the last day, and that are still stopped. With a group, only jobs with a device of the
   * group. Times are from the system clock.
   */
  async stopped(since: number, now: number, { group, limit }: DeviceQuery): Promise<StoppedJob[]> {
    const rows = await this.#database.db
      .selectFrom('jobs')
      .select(['jobs.id', 'jobs.kind', 'jobs.devices', 'changed_at as at'])
      .where('jobs.state', '=', 'stopped')
      .where('changed_at', '>', Math.max(since, now - HORIZON))
      .$if(group !== null, (all) =>
        all.where(
          sql<boolean>`exists (select 1 from job_members as m inner join devices on devices.id = m.device_id
            where m.job = jobs.id and ${inGroup(group)})`,
        ),
      )
      .orderBy('changed_at')
      .orderBy('jobs.id')
      .limit(limit)
      .execute();
    return rows.map(({ id, kind, devices, at }) => ({ id, kind, devices, at: at ?? 0 }));
  }

  /**
   * Failed commands after `since`, within the last day; commands of one job together. A failed attempt that the job repeats is no failure.
   * Times are from the system clock.
   */
  async failed(since: number, now: number, { group, limit }: DeviceQuery): Promise<FailedJob[]> {
    const { rows } = await sql<{ id: string; kind: string; devices: number; device: string; single: number }>`
      select coalesce(c.request, c.id) as id, min(c.kind) as kind, count(*) as devices, min(c.device_id) as device,
        sum(case when c.request is null then 1 else 0 end) as single
      from commands c inner join devices on devices.id = c.device_id
      where c.state = 'failed' and c.finished_at > ${Math.max(since, now - HORIZON)} and c.retried is null
        and ${inGroup(group)}
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
