/** Store of devices' inventories. Reports are small changes of large states, so several devices' reports share one transaction. */
import { sql } from 'kysely';
import { releaseOf } from '../../shared/inventory/advisory.ts';
import { type Inventory, inventorySchema } from '../../shared/inventory/inventory.ts';
import { entryKey, type SoftwareEntry, softwareEntrySchema } from '../../shared/inventory/software.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { applySections, changeSoftware } from '../inventory/apply-report.ts';
import type { DeviceReport, InventoryStore as InventoryPort, ReportResult } from '../inventory/ports.ts';
import { decodeIds, encodeIds } from '../inventory/version-ids.ts';
import { insertOf, tableOf } from './bulk.ts';
import { markFacts } from './changed-facts.ts';
import type { Database, Tx } from './database.ts';
import type { DialectName } from './dialect.ts';
import { storeFacts } from './fact-columns.ts';
import { storeFactLists } from './fact-lists.ts';
import { bytesOf } from './hex-bytes.ts';
import { type DeviceVersions, storeDevicesOfVersions } from './software-devices.ts';
import { versionIds } from './software-versions.ts';

interface Bundle {
  readonly reports: readonly DeviceReport[];
  results: readonly ReportResult[];
}

export class InventoryStore implements InventoryPort {
  readonly #database: Database;
  readonly #put: (bundle: Bundle) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.#put = database.grouped(async (tx, bundles) => {
      for (const bundle of bundles) bundle.results = await putReports(tx, database.dialect, bundle.reports);
    });
  }

  async put(reports: readonly DeviceReport[]): Promise<readonly ReportResult[]> {
    const bundle: Bundle = { reports, results: [] };
    await this.#put(bundle);
    return bundle.results;
  }

  async inventory(device: DeviceId): Promise<Inventory | null> {
    const row = await this.#database.db
      .selectFrom('device_inventory')
      .select('body')
      .where('device_id', '=', device)
      .executeTakeFirst();
    return row ? inventorySchema.parse(JSON.parse(row.body)) : null;
  }

  async softwareOf(device: DeviceId): Promise<readonly SoftwareEntry[] | null> {
    const row = await this.#database.db
      .selectFrom('device_software')
      .select('versions')
      .where('device_id', '=', device)
      .executeTakeFirst();
    if (!row) return null;
    const ids = decodeIds(row.versions).map((id) => [id]);
    const { rows } = await sql<{ source: string; name: string; version: string; origin: string }>`
      select t.source, t.name, v.version, v.origin from ${tableOf(['bigint'], ids)} as i
        cross join software_versions v inner join software_titles t on t.id = v.title_id
      where v.id = i.column1 order by t.name, t.source`.execute(this.#database.db);
    return rows.map(({ source, name, version, origin }) => softwareEntrySchema.parse([source, name, version, origin]));
  }
}

interface Stored {
  readonly device_id: string;
  readonly body: string | null;
  readonly number: number | null;
  readonly state: string | null;
  readonly entries: number | null;
  readonly versions: Buffer | null;
}

interface Applied {
  readonly device: DeviceId;
  readonly inventory: Inventory;
  readonly state: string;
  readonly number: number | null;
  /** Version ids before and after the report; null if the list did not change. */
  readonly versions: DeviceVersions | null;
}

async function putReports(tx: Tx, dialect: DialectName, reports: readonly DeviceReport[]): Promise<ReportResult[]> {
  const stored = await storedStates(
    tx,
    reports.map(({ device }) => device),
  );
  const current = reports.filter(({ device, report }) => {
    const state = stored.get(device)?.state ?? null;
    return report.base === null ? report.digest !== state : report.base === state;
  });
  const ids = await versionIds(
    tx,
    current.flatMap(({ report: { missing, software } }) =>
      missing.software || !software ? [] : [...software.added, ...software.removed],
    ),
  );
  const applied = current.flatMap((one) => apply(one, stored.get(one.device), ids) ?? []);
  if (applied.length > 0) await writeApplied(tx, dialect, applied);
  const done = new Set(applied.map(({ device }) => device));
  return reports.map(({ device, report }) => {
    if (done.has(device)) return 'stored';
    return stored.get(device)?.state === report.digest ? 'unchanged' : 'wanted';
  });
}

async function storedStates(tx: Tx, devices: readonly DeviceId[]): Promise<Map<string, Stored>> {
  const table = tableOf(
    ['text'],
    devices.map((device) => [device]),
  );
  const { rows } = await sql<Stored>`
    select v.column1 as device_id, i.body, s.number, s.state, s.entries, s.versions from ${table} as v
      left join device_inventory i on i.device_id = v.column1
      left join device_software s on s.device_id = v.column1`.execute(tx);
  return new Map(rows.map((row) => [row.device_id, row]));
}

/** Applies a report to the stored inventory. Null if the number of software entries does not match the report. */
function apply(
  { device, report }: DeviceReport,
  stored: Stored | undefined,
  ids: ReadonlyMap<string, number>,
): Applied | null {
  const body = stored?.body ?? null;
  const inventory = applySections(body === null ? null : inventorySchema.parse(JSON.parse(body)), report);
  const before = stored?.versions ? decodeIds(stored.versions) : [];
  const { software, missing, base, digest } = report;
  const idsOf = (entries: readonly SoftwareEntry[]) => entries.flatMap((entry) => ids.get(entryKey(entry)) ?? []);
  const change =
    missing.software || (!software && base === null)
      ? { complete: true, added: [], removed: [], total: 0 }
      : software && {
          complete: base === null,
          added: idsOf(software.added),
          removed: idsOf(software.removed),
          total: software.total,
        };
  const versions = change === undefined ? null : changeSoftware(before, change);
  if (change !== undefined && versions === null) return null;
  return { device, inventory, state: digest, number: stored?.number ?? null, versions };
}

async function writeApplied(tx: Tx, dialect: DialectName, applied: readonly Applied[]): Promise<void> {
  await sql`${insertOf(
    'device_inventory',
    { device_id: 'text', at: 'bigint', hostname: 'text', platform: 'text', body: 'text' },
    applied.map(({ device, inventory: { at, system }, inventory }) => [
      device,
      at,
      system.hostname,
      system.os.platform,
      JSON.stringify(inventory),
    ]),
  )} on conflict (device_id) do update set at = excluded.at, hostname = excluded.hostname, platform = excluded.platform,
    body = excluded.body`.execute(tx);
  await storeFacts(tx, applied);
  await storeFactLists(tx, applied);
  await markFacts(
    tx,
    applied.map(({ device }) => device),
    'inventory',
  );
  const numbers = await numbersOf(tx, dialect, applied);
  const changes = applied.map(({ device, state, inventory, versions }) => [
    device,
    state,
    releaseOf(inventory.system.os),
    versions?.after.length ?? null,
    versions && encodeIds(versions.after).toString('hex'),
  ]);
  await sql`update device_software set state = v.column2, release = v.column3, entries = coalesce(v.column4, entries),
      versions = coalesce(${bytesOf(dialect, sql`v.column5`)}, versions)
    from ${tableOf(['text', 'text', 'text', 'bigint', 'text'], changes)} as v where device_id = v.column1`.execute(tx);
  await storeDevicesOfVersions(
    tx,
    dialect,
    applied.flatMap(({ device, versions }) => {
      const number = numbers.get(device);
      return number === undefined || versions === null ? [] : [{ number, versions }];
    }),
  );
}

/** Numbers of the devices in the sets of the software inventory. A device gets its number with its first report. */
async function numbersOf(tx: Tx, dialect: DialectName, applied: readonly Applied[]): Promise<Map<string, number>> {
  const known = applied.flatMap(({ device, number }): [string, number][] =>
    number === null ? [] : [[device, number]],
  );
  const unknown = applied.filter(({ number }) => number === null).map(({ device }) => [device]);
  if (unknown.length === 0) return new Map(known);
  const { rows } = await sql<{ number: number; device_id: string }>`
    insert into device_software (device_id, state, entries, versions)
    select column1, '', 0, ${bytesOf(dialect, sql`''`)} from ${tableOf(['text'], unknown)} as v where true
    returning number, device_id`.execute(tx);
  return new Map([...known, ...rows.map(({ device_id, number }): [string, number] => [device_id, number])]);
}
