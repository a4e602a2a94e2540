import { sql } from 'kysely';
import { AREA_GROUPS, homeAreaOrNull, membersOf, withParents } from '../../shared/areas/area-code.ts';
import { factsOf } from '../../shared/inventory/facts.ts';
import type { Inventory } from '../../shared/inventory/inventory.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { FACT_SOURCES, type FactSource, type FactValues } from '../groups/facts.ts';
import type { FactReader as Port } from '../groups/ports.ts';
import type { Database } from './database.ts';
import { LABELS, labelsOf } from './device-labels.ts';
import { keyedQuery } from './keyed-query.ts';

/** Maximum number of different lists of areas in the cache. */
const MOST_AREAS = 10_000;

type Facts = Record<string, FactValues[string]>;
type ReadSource = (devices: readonly string[], now: number, facts: ReadonlyMap<string, Facts>) => Promise<void>;

/** Reads the facts of devices, only from the tables of the requested sources. */
export class FactReader implements Port {
  readonly #sources: Readonly<Record<FactSource, ReadSource>>;
  readonly #areas = new Map<string, readonly string[]>();

  constructor(database: Database) {
    const { db } = database;
    const devices = keyedQuery(db, (ids) =>
      db
        .selectFrom('devices')
        .innerJoin('groups', 'groups.id', 'devices.group_id')
        .select(['devices.id', 'devices.status', 'devices.group_id', 'devices.person_id', 'devices.mail_connector'])
        .select(['devices.missing_since', 'devices.retired_at'])
        .select(({ fn, selectFrom }) => [
          fn.coalesce('devices.stated_home', 'devices.home', 'groups.home').as('home'),
          fn.coalesce('devices.seat', 'groups.seat').as('seat'),
          selectFrom('person_groups')
            .select(sql<string>`string_agg(person_groups.group_id, ' ')`.as('ids'))
            .whereRef('person_groups.person_id', '=', 'devices.person_id')
            .as('user_groups'),
        ])
        .where('devices.id', 'in', ids),
    );
    const presence = keyedQuery(db, (ids) =>
      db.selectFrom('device_presence').select(['device_id', 'agent']).where('device_id', 'in', ids),
    );
    const locations = keyedQuery(db, (ids) => db.selectFrom('locations').selectAll().where('device_id', 'in', ids));
    const workspaces = keyedQuery(db, (ids) =>
      db
        .selectFrom('device_workspaces')
        .innerJoin('devices', (join) =>
          join
            .onRef('devices.id', '=', 'device_workspaces.device_id')
            .onRef('devices.generation', '=', 'device_workspaces.generation'),
        )
        .select(['device_workspaces.device_id', 'device_workspaces.state'])
        .where('device_workspaces.device_id', 'in', ids),
    );
    const inventories = keyedQuery(db, (ids) =>
      db.selectFrom('device_inventory').select(['device_id', 'body']).where('device_id', 'in', ids),
    );
    const labels = keyedQuery(db, (ids) =>
      db
        .selectFrom('devices')
        .select(['devices.id', LABELS.as('labels')])
        .where('devices.id', 'in', ids),
    );
    this.#sources = {
      device: async (ids, _now, facts) => {
        for (const row of await devices(ids)) {
          Object.assign(facts.get(row.id) ?? {}, {
            status: row.status,
            group: row.group_id,
            mailConnector: row.mail_connector === 1,
            missing: row.missing_since !== null,
            retired: row.retired_at !== null,
            home: row.home,
            seat: row.seat,
            'user.id': row.person_id,
            'user.groups': row.user_groups?.split(' ') ?? [],
          });
        }
      },
      presence: async (ids, _now, facts) => {
        for (const { device_id, agent } of await presence(ids)) setFact(facts, device_id, 'agent.version', agent);
      },
      location: async (ids, now, facts) => {
        for (const { device_id, areas, unknown_at } of await locations(ids)) {
          if (areas !== '' && (unknown_at === null || unknown_at > now))
            setFact(facts, device_id, 'areas', this.#withContaining(areas));
        }
      },
      workspace: async (ids, _now, facts) => {
        // A device without a report in its present enrollment counts as having an open workspace.
        for (const values of facts.values()) values.workspace = 'open';
        for (const { device_id, state } of await workspaces(ids)) setFact(facts, device_id, 'workspace', state);
      },
      labels: async (ids, _now, facts) => {
        for (const row of await labels(ids)) setFact(facts, row.id, 'labels', labelsOf(row.labels));
      },
      inventory: async (ids, _now, facts) => {
        for (const { device_id, body } of await inventories(ids))
          Object.assign(facts.get(device_id) ?? {}, inventoryFacts(body));
      },
    };
  }

  async facts(devices: readonly DeviceId[], sources: number, now: number): Promise<Map<DeviceId, FactValues>> {
    const facts = new Map<DeviceId, Facts>(devices.map((device) => [device, {}]));
    for (const [name, read] of Object.entries(this.#sources) as [FactSource, ReadSource][]) {
      if ((sources & FACT_SOURCES[name]) !== 0) await read(devices, now, facts);
    }
    return facts;
  }

  /** Areas of the location: the areas in the column `areas`, and the areas and country groups that contain them. */
  #withContaining(column: string): readonly string[] {
    const known = this.#areas.get(column);
    if (known) return known;
    const all = new Set<string>();
    for (const code of column.split(' ')) {
      const area = homeAreaOrNull(code);
      for (const whole of area === null ? [] : withParents(area)) {
        all.add(whole);
        for (const group of GROUPS_WITH.get(whole) ?? []) all.add(group);
      }
      all.add(code);
    }
    const areas = [...all];
    if (this.#areas.size >= MOST_AREAS) this.#areas.clear();
    this.#areas.set(column, areas);
    return areas;
  }
}

/** For each area, the country groups that contain it, such as EU. */
const GROUPS_WITH: ReadonlyMap<string, readonly string[]> = (() => {
  const found = new Map<string, string[]>();
  for (const group of AREA_GROUPS) {
    for (const member of membersOf(group) ?? []) found.set(member, [...(found.get(member) ?? []), group]);
  }
  return found;
})();

function setFact(facts: ReadonlyMap<string, Facts>, device: string, name: string, value: Facts[string]): void {
  const values = facts.get(device);
  if (values) values[name] = value;
}

/**
 * Facts from the inventory. The agent's version comes from the presence. The list of software is left out, because it is large and no
 * expression uses it. The inventory is not validated again, because this would take most of the time.
 */
function inventoryFacts(body: string): Facts {
  const { 'agent.version': _agent, software: _software, ...facts } = factsOf(JSON.parse(body) as Inventory, null);
  return facts;
}
