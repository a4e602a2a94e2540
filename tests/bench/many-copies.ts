/**
 * Copies of devices in a SQLite store that no server uses. SQLite makes a million copies in a minute. Rows from this process would take an
 * hour.
 */
import BetterSqlite3 from 'better-sqlite3';
import type { DeviceId } from '../../shared/protocol/ids.ts';

const TABLES = {
  devices: 'id',
  device_presence: 'device_id',
  locations: 'device_id',
  location_states: 'device_id',
  device_nexus: 'device_id',
} as const;
const CERTIFICATES = { serial: 'lower(hex(randomblob(16)))', fingerprint: 'lower(hex(randomblob(32)))' } as const;
const LETTER = `substr('abcdefghijklmnopqrstuvwxyz234567', 1 + (random() & 31), 1)`;

export interface Copies {
  readonly template: DeviceId;
  readonly count: number;
}

/** Adds copies of a device with new ids, including their presence, location and certificate. */
export function copyDevices(file: string, { template, count }: Copies): void {
  const database = new BetterSqlite3(file);
  database.pragma('synchronous = off');
  database.exec('begin; create temp table copies (id text primary key, template text) without rowid');
  database
    .prepare(`insert into copies with recursive numbers (n) as (select 1 union all select n + 1 from numbers where n < ?)
      select 'dev_' || ${Array(16).fill(LETTER).join(' || ')}, ? from numbers`)
    .run(count, template);
  for (const [table, id] of Object.entries(TABLES)) copyRows(database, table, { [id]: 'copies.id' }, id);
  copyRows(database, 'certificates', { ...CERTIFICATES, device_id: 'copies.id' }, 'device_id');
  database.exec('commit');
  database.close();
}

function copyRows(
  database: BetterSqlite3.Database,
  table: string,
  changed: Readonly<Record<string, string>>,
  id: string,
): void {
  const columns = database.pragma(`table_info(${table})`) as { readonly name: string }[];
  const names = columns.map(({ name }) => name);
  const values = names.map((name) => changed[name] ?? `template.${name}`);
  database.exec(`insert into ${table} (${names.join(', ')}) select ${values.join(', ')}
    from copies cross join ${table} template where template.${id} = copies.template`);
}
