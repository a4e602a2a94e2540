/** Queries about the software of the fleet. A query about many devices reads a few of them at a time. */
import { type RawBuilder, sql } from 'kysely';
import { softwareSourceSchema } from '../../shared/inventory/software.ts';
import { deviceIdSchema } from '../../shared/protocol/ids.ts';
import type { Scope } from '../devices/scope.ts';
import { CHUNK } from '../inventory/device-chunk.ts';
import { DeviceSet } from '../inventory/device-set.ts';
import type {
  ReportedDevices,
  SoftwareDevice,
  SoftwareStore as SoftwarePort,
  Title,
  TitleQuery,
  Version,
} from '../inventory/ports.ts';
import { decodeIds } from '../inventory/version-ids.ts';
import { tableOf } from './bulk.ts';
import type { Database } from './database.ts';
import { likeText } from './device-list.ts';
import { withinScope } from './device-scope.ts';

/** Number of versions whose devices are read together. Also the number of ids that are checked together for unused rows. */
const VERSIONS_TOGETHER = 128;
const IDS_TOGETHER = 1_000;

export class SoftwareStore implements SoftwarePort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async titles({ text, exact, source, after, limit }: TitleQuery): Promise<readonly Title[]> {
    const { db, dialect } = this.#database;
    const conditions = [
      exact === null ? sql`1 = 1` : sql`name = ${exact}`,
      text === null ? sql`1 = 1` : likeText(dialect, text)('name'),
      source === null ? sql`1 = 1` : sql`source = ${source}`,
      after === null ? sql`1 = 1` : sql`(name, source) > (${after.name}, ${after.source})`,
    ];
    const { rows } = await sql<{ id: number; source: string; name: string }>`
      select id, source, name from software_titles where ${sql.join(conditions, sql` and `)}
        and exists (select 1 from software_versions v inner join software_devices d on d.version_id = v.id
          where v.title_id = software_titles.id)
      order by name, source limit ${limit}`.execute(db);
    return rows.map(titleOf);
  }

  async title(id: number): Promise<Title | null> {
    const row = await this.#database.db
      .selectFrom('software_titles')
      .select(['id', 'source', 'name'])
      .where('id', '=', id)
      .executeTakeFirst();
    return row ? titleOf(row) : null;
  }

  async versions(titles: readonly number[]): Promise<readonly Version[]> {
    if (titles.length === 0) return [];
    const table = tableOf(
      ['bigint'],
      titles.map((title) => [title]),
    );
    const { rows } = await sql<Version>`select v.id, v.title_id as title, v.version, v.origin from ${table} as t
      cross join software_versions v where v.title_id = t.column1`.execute(this.#database.db);
    return rows;
  }

  async ofPackage(source: string, name: string): Promise<readonly (Version & { readonly name: string })[]> {
    // The column `origin` has a name, or a name, a space and a version. The texts that begin with the name and a space are a range, which
    // ends before `!`.
    const { rows } = await sql<Version & { readonly name: string }>`
      select v.id, v.title_id as title, t.name, v.version, v.origin
        from software_titles t inner join software_versions v on v.title_id = t.id
        where t.name = ${name} and t.source = ${source} and v.origin = ''
      union all
      select v.id, v.title_id as title, t.name, v.version, v.origin
        from software_versions v inner join software_titles t on t.id = v.title_id
        where v.origin <> '' and (v.origin = ${name} or v.origin >= ${`${name} `} and v.origin < ${`${name}!`})
          and t.source = ${source}`.execute(this.#database.db);
    return rows;
  }

  async devicesWith(versions: readonly number[]): Promise<ReadonlyMap<number, DeviceSet>> {
    const found = new Map<number, DeviceSet>();
    for (let from = 0; from < versions.length; from += VERSIONS_TOGETHER) {
      const table = tableOf(
        ['bigint'],
        versions.slice(from, from + VERSIONS_TOGETHER).map((version) => [version]),
      );
      const { rows } = await sql<{ version_id: number; chunk: number; devices: Buffer }>`
        select d.version_id, d.chunk, d.devices from ${table} as v
          cross join software_devices d where d.version_id = v.column1`.execute(this.#database.db);
      for (const { version_id, chunk, devices } of rows) {
        const set = found.get(version_id) ?? new DeviceSet();
        set.addChunk(chunk, devices);
        found.set(version_id, set);
      }
      await new Promise(setImmediate);
    }
    return found;
  }

  async reported(scope: Scope): Promise<ReportedDevices> {
    const all = new DeviceSet();
    const byRelease = new Map<string, DeviceSet>();
    const { db } = this.#database;
    const { most } = await db
      .selectFrom('device_software')
      .select(({ fn }) => fn.max('number').as('most'))
      .executeTakeFirstOrThrow();
    for (let from = 0; from <= (most ?? 0); from += CHUNK) {
      // The query joins the numbers of a release into one text, because a driver needs much longer for a row of each device.
      const { rows } = await sql<{ release: string | null; numbers: string }>`
        select s.release, string_agg(cast(s.number as text), ',') as numbers from device_software s cross join devices
        where s.number >= ${from} and s.number < ${from + CHUNK} and devices.id = s.device_id
          and devices.status = 'active' and ${withinScope(scope)} group by s.release`.execute(db);
      for (const { release, numbers } of rows) {
        const same = release === null ? null : (byRelease.get(release) ?? new DeviceSet());
        if (release !== null && same !== null) byRelease.set(release, same);
        for (const text of numbers.split(',')) {
          const number = Number(text);
          all.add(number);
          same?.add(number);
        }
      }
      await new Promise(setImmediate);
    }
    return { all, byRelease };
  }

  async devices(numbers: readonly number[], scope: Scope): Promise<readonly SoftwareDevice[]> {
    if (numbers.length === 0) return [];
    const table = tableOf(
      ['bigint'],
      numbers.map((number) => [number]),
    );
    const { rows } = await sql<{
      number: number;
      id: string;
      user: string;
      hostname: string | null;
      release: string | null;
      versions: Buffer;
    }>`
      select s.number, devices.id, devices.person_name as "user", i.hostname, s.release, s.versions from ${table} as n
        cross join device_software s cross join devices
        left join device_inventory i on i.device_id = devices.id
      where s.number = n.column1 and devices.id = s.device_id and devices.status = 'active' and ${withinScope(scope)}
      order by s.number`.execute(this.#database.db);
    return rows.map(({ number, id, user, hostname, release, versions }) => ({
      number,
      device: deviceIdSchema.parse(id),
      user,
      hostname,
      release,
      versions: decodeIds(versions),
    }));
  }

  async removeUnused(): Promise<number> {
    const removed = await this.#removeInParts(
      'software_versions',
      (range) => sql`delete from software_versions where ${range}
      and not exists (select 1 from software_devices d where d.version_id = software_versions.id)`,
    );
    await this.#removeInParts(
      'software_titles',
      (range) => sql`delete from software_titles where ${range}
      and not exists (select 1 from software_versions v where v.title_id = software_titles.id)`,
    );
    return removed;
  }

  /** Deletes rows of one range of ids at a time, so that other work runs in between. Returns the number of deleted rows. */
  async #removeInParts(
    table: 'software_versions' | 'software_titles',
    removal: (range: RawBuilder<unknown>) => RawBuilder<unknown>,
  ): Promise<number> {
    const { rows } = await sql<{ most: number | null }>`select max(id) as most from ${sql.table(table)}`.execute(
      this.#database.db,
    );
    let removed = 0;
    for (let from = 1; from <= (rows[0]?.most ?? 0); from += IDS_TOGETHER) {
      const range = sql`id >= ${from} and id < ${from + IDS_TOGETHER}`;
      const { numAffectedRows } = await this.#database.transaction((tx) => removal(range).execute(tx));
      removed += Number(numAffectedRows ?? 0);
      await new Promise(setImmediate);
    }
    return removed;
  }
}

const titleOf = ({ id, source, name }: { id: number; source: string; name: string }): Title => ({
  id,
  source: softwareSourceSchema.parse(source),
  name,
});
