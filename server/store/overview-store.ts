/** Totals for the overview page. Each needs one pass over an index or a narrow table, because the page requests them often. */
import { type RawBuilder, sql } from 'kysely';
import { GRAVE_ALERTS } from '../../shared/api/alert-severity.ts';
import type { Scope } from '../devices/scope.ts';
import type { AreaCount, FleetCounts, FleetQuestion, OverviewStore as Port } from '../overview/ports.ts';
import type { Database } from './database.ts';
import { countIds, knownAt, selected } from './device-list.ts';
import { withinScope } from './device-scope.ts';
import type { DialectName } from './dialect.ts';

/** Certificate `c` of a device's current enrollment. */
const CURRENT = sql`c.device_id = devices.id and c.generation = devices.generation and c.profile = 'device'
  and c.revoked_at is null and c.superseded_at is null`;

type Within = Pick<FleetQuestion, 'scope' | 'now'>;

export class OverviewStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async fleet({ silentBefore, listVersion, ...within }: FleetQuestion): Promise<FleetCounts> {
    const counts = {
      everConnected: sql`count(*)`,
      connected: sql`count(*) filter (where connected = 1)`,
      silent: sql`count(*) filter (where connected = 0 and last_seen_at < ${silentBefore})`,
      behind: sql`count(*) filter (where list_version < ${listVersion})`,
      behindConnected: sql`count(*) filter (where list_version < ${listVersion} and connected = 1)`,
    };
    const [total, presence, { known }] = await Promise.all([
      countIds(this.#database, { filter: { status: 'active' }, ...within }),
      this.#countActive('device_presence', counts, sql`1 = 1`, within),
      this.#countActive('locations', { known: sql`count(*)` }, knownAt(within.now), within),
    ]);
    return { total, ...presence, known };
  }

  /**
   * Counts rows of active devices within the scope. SQLite counts all rows and subtracts the rows of the few inactive devices, because it
   * would take several times as long to look up the status of each device.
   */
  #countActive<Name extends string>(
    table: 'device_presence' | 'locations',
    counts: Readonly<Record<Name, RawBuilder<unknown>>>,
    condition: RawBuilder<unknown>,
    within: Within,
  ): Promise<Record<Name, number>> {
    const { dialect } = this.#database;
    const [rows, device] = [sql.table(table), sql.ref(`${table}.device_id`)];
    const names = Object.keys(counts) as Name[];
    const columns = sql.join(names.map((name) => sql`${counts[name]} as ${sql.ref(name)}`));
    if (dialect !== 'sqlite' || within.scope !== null)
      return this.#one(sql`select ${columns} from ${rows} where ${condition} and ${ofFleet(dialect, device, within)}`);
    const differences = sql.join(
      names.map((name) => sql`${sql.ref(`whole.${name}`)} - ${sql.ref(`ended.${name}`)} as ${sql.ref(name)}`),
    );
    return this.#one(sql`select ${differences} from (select ${columns} from ${rows} where ${condition}) as whole
      cross join (
        select ${columns} from devices cross join ${rows} where ${INACTIVE} and ${device} = devices.id and ${condition}
      ) as ended`);
  }

  async areas(within: Within): Promise<AreaCount[]> {
    const { db, dialect } = this.#database;
    const { rows } = await sql<ByAreas>`${sql.join(byAreas(dialect, within), sql` union all `)}`.execute(db);
    return sumByArea(rows);
  }

  async alertsSince(since: number, scope: Scope): Promise<{ readonly all: number; readonly grave: number }> {
    const within =
      scope === null ? sql`1 = 1` : sql`device_id in (select devices.id from devices where ${withinScope(scope)})`;
    const codes = sql.join([...GRAVE_ALERTS].map((code) => sql`${code}`));
    const { alerts, grave } = await this.#one(
      sql<{ alerts: number; grave: number | null }>`
        select count(*) as alerts, sum(case when code in (${codes}) then 1 else 0 end) as grave
        from alerts where at >= ${since} and acknowledged_at is null and ${within}`,
    );
    return { all: Number(alerts), grave: Number(grave ?? 0) };
  }

  async certificatesInFuture(now: number, scope: Scope): Promise<number> {
    const { count } = await this.#one(sql<{ count: number }>`
      select count(*) as count from devices where devices.status = 'active' and ${withinScope(scope)}
        and exists (select 1 from certificates c where ${CURRENT} and c.not_before > ${now})
        and not exists (select 1 from certificates c where ${CURRENT} and c.not_before <= ${now} and c.not_after > ${now})`);
    return Number(count);
  }

  setup(): ReturnType<Port['setup']> {
    return this.#one(sql<Record<'people' | 'codes' | 'devices', number | boolean>>`
      select (select count(distinct person_id) from accounts where status = 'active' and password_hash is not null) as people,
        exists (select 1 from activation_codes) as codes, exists (select 1 from device_presence) as devices`).then(
      ({ people, codes, devices }) => ({ people: Number(people), codeCreated: !!codes, deviceConnected: !!devices }),
    );
  }

  async #one<Row>(query: RawBuilder<Row>): Promise<Row> {
    const { rows } = await query.execute(this.#database.db);
    const [row] = rows;
    if (!row) throw new Error('a count has no result');
    return row;
  }
}

const INACTIVE = sql`devices.status in ('revoked', 'unenrolled')`;

/** Numbers of devices whose rows in `locations` have the same value in `areas`. Negative numbers are subtracted from the totals. */
interface ByAreas extends Omit<AreaCount, 'area'> {
  readonly areas: string;
}

/**
 * Queries that together count devices by areas. The caller joins them with `union all`, so that all read the same data. For the whole fleet
 * on SQLite, the first two count the index of expiry and areas: locations without an expiry, and locations with an expiry after `now`. The
 * third subtracts the inactive devices, which are few.
 */
function byAreas(dialect: DialectName, within: Within): RawBuilder<unknown>[] {
  const { scope, now } = within;
  const known = knownAt(now);
  if (dialect !== 'sqlite' || scope !== null)
    return [countByAreas(dialect, sql`${known} and ${ofFleet(dialect, sql`locations.device_id`, within)}`)];
  const ended = sql`${INACTIVE} and locations.device_id = devices.id and ${known}`;
  return [
    countByAreas(dialect, sql`unknown_at is null`),
    countByAreas(dialect, sql`unknown_at > ${now}`),
    countByAreas(dialect, ended, { from: sql`devices cross join locations`, sign: sql`-` }),
  ];
}

function countByAreas(
  dialect: DialectName,
  condition: RawBuilder<unknown>,
  { from, sign } = { from: sql`locations`, sign: sql`` },
): RawBuilder<unknown> {
  // Forces the use of the index of connected devices. Otherwise SQLite would read rows of `device_presence`, which take more pages.
  const hint = dialect === 'sqlite' ? sql`indexed by device_presence_connected` : sql``;
  return sql`select areas, ${sign} count(*) as devices, ${sign} count(p.device_id) as connected
    from ${from} left join device_presence p ${hint} on p.device_id = locations.device_id and p.connected = 1
    where ${condition} group by areas`;
}

function sumByArea(rows: readonly ByAreas[]): AreaCount[] {
  const sums = new Map<string, AreaCount>();
  for (const { areas, devices, connected } of rows) {
    for (const area of areas.split(' ')) {
      const sum = sums.get(area) ?? { area, devices: 0, connected: 0 };
      sums.set(area, { area, devices: sum.devices + devices, connected: sum.connected + connected });
    }
  }
  // An empty area counts devices that have evidence but no location.
  sums.delete('');
  return [...sums.values()]
    .filter(({ devices }) => devices > 0)
    .sort((a, b) => b.devices - a.devices || (a.area < b.area ? -1 : 1));
}

/**
 * Condition for active devices within the scope. Without `is true`, SQLite would look up the rows of each device in the scope. One scan of
 * the whole table is much faster.
 */
function ofFleet(dialect: DialectName, id: RawBuilder<unknown>, { scope, now }: Within): RawBuilder<boolean> {
  const active = selected(dialect, { filter: { status: 'active' }, scope, now });
  if (dialect === 'postgres') return sql`exists (select 1 from devices where devices.id = ${id} and ${active})`;
  return scope === null
    ? sql`(${id} not in (select id from devices where ${INACTIVE}))`
    : sql`(${id} in (select devices.id from devices where ${active})) is true`;
}
