/**
 * Software of a large fleet, written directly into a store: 300 packages on each device, from 6,000 titles in several versions. Most devices
 * have the newest versions, some are behind. The same number makes the same fleet, so that runs are comparable.
 */
import { type RawBuilder, sql } from 'kysely';
import { CHUNK, encodePositions, positionOf } from '../../server/inventory/device-chunk.ts';
import { encodeIds } from '../../server/inventory/version-ids.ts';
import { tableOf } from '../../server/store/bulk.ts';
import type { Database } from '../../server/store/database.ts';
import { bytesOf } from '../../server/store/hex-bytes.ts';
import type { SoftwareEntry } from '../../shared/inventory/software.ts';

export const PACKAGES = 300;
const COMMON = 180;
const TITLES = 6_000;
/** Versions of each title, oldest first. */
const VERSIONS = ['3.0.9-1', '3.0.11-1~deb12u2', '3.0.14-1~deb12u2', '3.0.15-1~deb12u1', '3.0.16-1~deb12u1'] as const;
const RELEASES = ['debian:12', 'debian:12', 'debian:13', 'ubuntu:24.04', null];
const ROWS = 1_000;

const spread = (index: number, prime: number, most: number): number => ((index * prime) % 999_983) % most;

/** Titles of a device: the common ones, and a choice of the others. */
function titlesOf(device: number): number[] {
  const own = new Set<number>();
  for (let next = 0; own.size < PACKAGES - COMMON; next += 1) {
    // The square makes low numbers more frequent, as a few packages are on many devices.
    const share = spread(device * 131 + next, 7_919, 10_000) / 10_000;
    own.add(COMMON + Math.floor(share * share * (TITLES - COMMON)));
  }
  return [...Array.from({ length: COMMON }, (_, index) => index), ...own];
}

/** Devices update in rings: three quarters have the newest version of a title, and the others are one to four versions behind. */
function versionOf(device: number, title: number): number {
  const ring = spread(device * 17 + title, 104_729, 16);
  return ring < 12 ? VERSIONS.length - 1 : ring - 12;
}

const nameOf = (title: number): string => (title === 0 ? 'openssl' : `package-${title}`);
const idOf = (title: number, version: number): number => title * VERSIONS.length + version + 1;

/** List of a device as its agent would report it. */
export const entriesOf = (device: number): SoftwareEntry[] =>
  titlesOf(device).map((title) => ['dpkg', nameOf(title), VERSIONS[versionOf(device, title)] ?? '', '']);

async function insert(
  database: Database,
  into: RawBuilder<unknown>,
  columns: RawBuilder<unknown>,
  types: readonly ('text' | 'bigint')[],
  rows: Iterable<readonly (string | number | null)[]>,
): Promise<void> {
  let some: (readonly (string | number | null)[])[] = [];
  const flush = async () => {
    if (some.length > 0) {
      const all = some;
      await database.transaction((tx) => sql`${into} select ${columns} from ${tableOf(types, all)} as v`.execute(tx));
    }
    some = [];
  };
  for (const row of rows) {
    some.push(row);
    if (some.length === ROWS) await flush();
  }
  await flush();
}

/** `devices`: ids of the devices, which get the numbers 1, 2, … in this order. */
export async function addSoftware(database: Database, devices: readonly string[]): Promise<void> {
  const titles = Array.from({ length: TITLES }, (_, title) => [title + 1, 'dpkg', nameOf(title)]);
  await insert(
    database,
    sql`insert into software_titles (id, source, name)`,
    sql`column1, column2, column3`,
    ['bigint', 'text', 'text'],
    titles,
  );
  const versions = titles.flatMap((_, title) => VERSIONS.map((text, at) => [idOf(title, at), title + 1, text]));
  await insert(
    database,
    sql`insert into software_versions (id, title_id, version, origin)`,
    sql`column1, column2, column3, ''`,
    ['bigint', 'bigint', 'text'],
    versions,
  );
  for (let chunk = 0; chunk * CHUNK <= devices.length; chunk += 1) await addChunk(database, devices, chunk);
}

/** Adds the devices whose numbers belong to one chunk, so that memory holds one chunk at a time. */
async function addChunk(database: Database, devices: readonly string[], chunk: number): Promise<void> {
  const { dialect } = database;
  const positions = new Map<number, Set<number>>();
  const rows: (string | number | null)[][] = [];
  for (let number = Math.max(1, chunk * CHUNK); number < (chunk + 1) * CHUNK && number <= devices.length; number += 1) {
    const index = number - 1;
    const ids = titlesOf(index).map((title) => idOf(title, versionOf(index, title)));
    for (const version of ids) {
      const set = positions.get(version) ?? new Set();
      set.add(positionOf(number));
      positions.set(version, set);
    }
    const bytes = encodeIds(ids.sort((a, b) => a - b)).toString('hex');
    const id = devices[index] ?? '';
    rows.push([number, id, 'x'.repeat(64), RELEASES[index % RELEASES.length] ?? null, ids.length, bytes]);
  }
  await insert(
    database,
    sql`insert into device_software (number, device_id, state, release, entries, versions)`,
    sql`column1, column2, column3, column4, column5, ${bytesOf(dialect, sql`column6`)}`,
    ['bigint', 'text', 'text', 'text', 'bigint', 'text'],
    rows,
  );
  const sorted = [...positions].sort(([a], [b]) => a - b);
  await insert(
    database,
    sql`insert into software_devices (version_id, chunk, devices)`,
    sql`column1, column2, ${bytesOf(dialect, sql`column3`)}`,
    ['bigint', 'bigint', 'text'],
    sorted.map(([version, set]) => [version, chunk, encodePositions(set).toString('hex')]),
  );
}

const TABLES = ['software_titles', 'software_versions', 'software_devices', 'device_software'];

/** Bytes of the software tables with their indexes, in the file of SQLite or on the server of PostgreSQL. */
export async function softwareBytes(database: Database): Promise<Record<string, number>> {
  const { rows } =
    database.dialect === 'sqlite'
      ? await sql<{ name: string; bytes: number }>`
          select m.tbl_name as name, sum(s.pgsize) as bytes from dbstat s inner join sqlite_master m on m.name = s.name
          where s.aggregate = 1 group by m.tbl_name`.execute(database.db)
      : await sql<{ name: string; bytes: number }>`
          select relname as name, pg_total_relation_size(oid) as bytes from pg_class where relkind = 'r'`.execute(
          database.db,
        );
  return Object.fromEntries(
    rows.filter(({ name }) => TABLES.includes(name)).map(({ name, bytes }) => [name, Number(bytes)]),
  );
}
