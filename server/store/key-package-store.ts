/** Store of devices' key packages. Each single-use key package is given out once. */
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Claimed, KeyPackageStore as KeyPackagePort, KeyPackages } from '../relay/key-packages.ts';
import type { Enrollment } from '../relay/ports.ts';
import { insertOf, tableOf } from './bulk.ts';
import type { Database, Db, Tx } from './database.ts';

const COLUMNS = { device_id: 'text', generation: 'bigint', last_resort: 'bigint', body: 'text' } as const;

interface Row {
  readonly device_id: string;
  readonly generation: number;
  readonly body: string;
}

type ClaimResult = Awaited<ReturnType<KeyPackagePort['claim']>>;

interface Claiming {
  readonly devices: readonly DeviceId[];
  readonly singleUse: ReadonlySet<DeviceId>;
  result: ClaimResult | null;
}

export class KeyPackageStore implements KeyPackagePort {
  readonly #database: Database;
  readonly #claim: (claiming: Claiming) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    // Requests run one at a time. On PostgreSQL, parallel requests for one device's key packages would make each other's transactions fail.
    this.#claim = database.grouped(async (tx, claims: readonly Claiming[]) => {
      for (const claiming of claims) claiming.result = await claimOf(tx, claiming);
    });
  }

  add(enrollment: Enrollment, { packages, lastResort, replace }: KeyPackages, most: number): Promise<number> {
    const { device, generation } = enrollment;
    return this.#database.transaction(async (tx) => {
      const active = await tx
        .selectFrom('devices')
        .select('id')
        .where('id', '=', device)
        .where('generation', '=', generation)
        .where('status', '=', 'active')
        .executeTakeFirst();
      if (!active) throw new CordonError('conflict', 'This enrollment of the device has ended.', { device });
      if (replace) await dropKeyPackages(tx, device);
      else if (lastResort !== null) {
        await tx.deleteFrom('key_packages').where('device_id', '=', device).where('last_resort', '=', 1).execute();
      }
      const count = (await countOf(tx, enrollment)) + packages.length;
      if (count > most) {
        const detail = `A device may have at most ${most} key packages on the server. This upload would leave ${count}.`;
        throw new CordonError('too_large', detail, { most });
      }
      const rows = packages.map((body) => [device, generation, 0, body]);
      if (lastResort !== null) rows.push([device, generation, 1, lastResort]);
      if (rows.length > 0) await insertOf('key_packages', COLUMNS, rows).execute(tx);
      return count;
    });
  }

  remaining(enrollment: Enrollment): Promise<number> {
    return countOf(this.#database.db, enrollment);
  }

  async claim(devices: readonly DeviceId[], singleUse: ReadonlySet<DeviceId>): Promise<ClaimResult> {
    const claiming: Claiming = { devices, singleUse, result: null };
    await this.#claim(claiming);
    if (!claiming.result) throw new Error('the store has no result for a claim');
    return claiming.result;
  }
}

async function claimOf(tx: Tx, { devices, singleUse }: Claiming): Promise<ClaimResult> {
  const singleUsePackages = await claimSingleUse(tx, [...singleUse]);
  const got = new Map(singleUsePackages.map((claimed) => [claimed.device, claimed]));
  const lastResort = await lastResorts(
    tx,
    devices.filter((device) => !got.has(device)),
  );
  const resorts = new Map(lastResort.map((claimed) => [claimed.device, claimed]));
  return {
    packages: devices.flatMap((device) => got.get(device) ?? resorts.get(device) ?? []),
    remaining: await remainingOf(tx, [...got.keys()]),
  };
}

/** Deletes a device's key packages. Call this inside the transaction that ends the device's enrollment. */
export async function dropKeyPackages(tx: Tx, device: DeviceId): Promise<void> {
  await tx.deleteFrom('key_packages').where('device_id', '=', device).execute();
}

const claimedOf =
  (lastResort: boolean) =>
  ({ device_id, generation, body }: Row): Claimed => ({
    device: deviceIdSchema.parse(device_id),
    generation,
    body,
    lastResort,
  });

const tableOfDevices = (devices: readonly DeviceId[]) =>
  tableOf(
    ['text'],
    devices.map((device) => [device]),
  );

async function countOf(db: Db | Tx, { device, generation }: Enrollment): Promise<number> {
  const { count } = await db
    .selectFrom('key_packages')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('device_id', '=', device)
    .where('generation', '=', generation)
    .where('last_resort', '=', 0)
    .executeTakeFirstOrThrow();
  return Number(count);
}

async function claimSingleUse(tx: Tx, devices: readonly DeviceId[]): Promise<Claimed[]> {
  const { rows } = await sql<Row>`
    delete from key_packages where id in (
      select min(k.id) from ${tableOfDevices(devices)} as v cross join devices d cross join key_packages k
      where d.id = v.column1 and d.status = 'active'
        and k.device_id = d.id and k.generation = d.generation and k.last_resort = 0
      group by k.device_id)
    returning device_id, generation, body`.execute(tx);
  return rows.map(claimedOf(false));
}

async function lastResorts(tx: Tx, devices: readonly DeviceId[]): Promise<Claimed[]> {
  const { rows } = await sql<Row>`
    select k.device_id, k.generation, k.body
    from ${tableOfDevices(devices)} as v cross join devices d cross join key_packages k
    where d.id = v.column1 and d.status = 'active'
      and k.device_id = d.id and k.generation = d.generation and k.last_resort = 1`.execute(tx);
  return rows.map(claimedOf(true));
}

async function remainingOf(tx: Tx, devices: readonly DeviceId[]): Promise<Map<DeviceId, number>> {
  const { rows } = await sql<{ device_id: string; count: number }>`
    select v.column1 as device_id, count(k.id) as count
    from ${tableOfDevices(devices)} as v left join key_packages k on k.device_id = v.column1 and k.last_resort = 0
    group by v.column1`.execute(tx);
  return new Map(rows.map(({ device_id, count }) => [deviceIdSchema.parse(device_id), Number(count)]));
}
