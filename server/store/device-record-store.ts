/** Store of signed device records. Devices that enroll at the same time share a transaction. */
import { sql } from 'kysely';
import { createBatcher } from '../../shared/loops/batcher.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { DeviceRecordStore as Port, RecordRow } from '../orders/ports.ts';
import { insertOf, roundsOf, tableOf } from './bulk.ts';
import type { Database, Db, Tx } from './database.ts';
import { keyedQuery } from './keyed-query.ts';
import { changedMeanwhile } from './order-writes.ts';
import { StoreCache } from './store-cache.ts';

const MOST_VERSIONS = 50_000;

export interface NewRecord {
  readonly device: DeviceId;
  readonly record: RecordRow;
}

export class DeviceRecordStore implements Port {
  readonly #selectRecords: ReturnType<typeof recordsIn>;
  readonly #saveRecord: (row: NewRecord) => Promise<void>;
  /** Cache of the records' versions, because most devices connect with the newest record. 0 for a device without a record. */
  readonly #versions = new StoreCache<DeviceId, number>(MOST_VERSIONS);
  readonly #recordOf = createBatcher(async (devices: readonly DeviceId[]) => {
    const rows = await this.#selectRecords(devices);
    return new Map(rows.map((row) => [deviceIdSchema.parse(row.device_id), row]));
  });

  constructor(database: Database) {
    this.#selectRecords = recordsIn(database.db);
    database.onReset(() => this.#versions.clear());
    this.#saveRecord = database.grouped(async (tx, rows: readonly NewRecord[]) => {
      for (const round of roundsOf(rows, ({ device }) => device)) await saveRecords(tx, round);
    });
  }

  async record(id: DeviceId): Promise<RecordRow | null> {
    const row = await this.#recordOf(id);
    if (!row) return null;
    // The envelope is not validated again, because this server signed it and reads it at every connection of a device.
    const envelope: RecordRow['envelope'] = JSON.parse(row.envelope);
    return { version: row.version, envelope };
  }

  async version(id: DeviceId): Promise<number> {
    const cached = this.#versions.get(id);
    if (cached !== undefined) return cached;
    const { revision } = this.#versions;
    const version = (await this.#recordOf(id))?.version ?? 0;
    this.#versions.add(id, version, revision);
    return version;
  }

  saveRecord(device: DeviceId, record: RecordRow): Promise<void> {
    return this.storing(device, record.version, () => this.#saveRecord({ device, record }));
  }

  /** Runs `write`, which stores a version of the device's record in its own transaction, so that the cache knows this version. */
  storing(device: DeviceId, version: number, write: () => Promise<void>): Promise<void> {
    return this.#versions.write(device, version, write);
  }
}

/** Stores the records of new devices, whose rows in `devices` already contain the versions. */
export async function insertRecords(tx: Tx, rows: readonly NewRecord[]): Promise<void> {
  await recordsOf(rows).execute(tx);
}

const recordsOf = (rows: readonly NewRecord[]) =>
  insertOf(
    'device_records',
    { device_id: 'text', version: 'bigint', envelope: 'text' },
    rows.map(({ device, record: { version, envelope } }) => [device, version, JSON.stringify(envelope)]),
  );

async function saveRecords(tx: Tx, rows: readonly NewRecord[]): Promise<void> {
  const { rows: saved } = await sql`${recordsOf(rows)}
    on conflict (device_id) do update
      set version = excluded.version, envelope = excluded.envelope
      where device_records.version = excluded.version - 1
    returning device_id`.execute(tx);
  // The error rolls back the whole group of writes, which then runs again row by row. Only the outdated row then fails.
  if (saved.length !== rows.length)
    throw changedMeanwhile(`The record of ${rows.map(({ device }) => device).join(', ')}`);
  const versions = tableOf(
    ['text', 'bigint'],
    rows.map(({ device, record }) => [device, record.version]),
  );
  await sql`update devices set record_version = v.column2 from ${versions} as v where id = v.column1`.execute(tx);
}

const recordsIn = (db: Db) =>
  keyedQuery(db, (devices) => db.selectFrom('device_records').selectAll().where('device_id', 'in', devices));
