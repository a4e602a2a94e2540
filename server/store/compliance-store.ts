import { setImmediate as turn } from 'node:timers/promises';
import { type RawBuilder, sql } from 'kysely';
import { z } from 'zod';
import { CHECK_STATUSES } from '../../shared/policy/check-results.ts';
import {
  COMPLIANCE_STATES,
  type ComplianceFilter,
  type ComplianceState,
  FAILING_STATES,
} from '../../shared/policy/compliance-states.ts';
import { type DeviceId, deviceIdSchema, type PolicyId } from '../../shared/protocol/ids.ts';
import {
  COMPLIANCE_EVENTS,
  type ComplianceEvent,
  type ComplianceEventKind,
  type ComplianceRow,
  type ComplianceUpdate,
  type ListedCompliance,
  type Member,
  type ComplianceStore as Port,
  type StoredResult,
} from '../compliance/ports.ts';
import type { Scope } from '../devices/scope.ts';
import { insertOf, roundsOf, tableOf } from './bulk.ts';
import { positionIn } from './column-text.ts';
import type { Database, Tx } from './database.ts';
import { andInRange, deviceRanges, type Lookup } from './device-range.ts';
import { withinScope } from './device-scope.ts';
import type { Schema } from './schema.ts';

const resultsSchema = z.array(
  z.object({
    setting: z.string(),
    status: z.enum(CHECK_STATUSES),
    detail: z.string(),
    value: z.string(),
    applied: z.literal(true).optional(),
  }),
);
const timesSchema = z.record(z.string(), z.number());
const outgoingSchema = z.array(
  z.object({
    kind: z.enum(['message', 'lock-workspace', 'unlock-workspace', 'wipe-workspace']),
    at: z.number(),
    lockedAt: z.number().optional(),
  }),
);
const stateSchema = z.enum(COMPLIANCE_STATES);
const eventSchema = z.enum(COMPLIANCE_EVENTS);

/** Devices with their compliance in the current enrollment. */
const devicesIn = (lookup: Lookup): RawBuilder<unknown> => sql`devices left join device_compliance c
  on c.device_id = devices.id and c.generation = devices.generation${andInRange(lookup, 'c.device_id')}`;
/** Number of devices that one query examines. The server then yields, so that other requests wait only milliseconds. */
const STEP = 2_000;
/** Number of rows of members that are parsed before the server yields. */
const MEMBERS_READ = 100;

export class ComplianceStore implements Port {
  readonly #database: Database;
  readonly #step: number;
  readonly #update: (update: ComplianceUpdate) => Promise<void>;

  constructor(database: Database, step = STEP) {
    this.#database = database;
    this.#step = step;
    this.#update = database.grouped(storeUpdates);
  }

  update(update: ComplianceUpdate): Promise<void> {
    return this.#update(update);
  }

  async rows(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, ComplianceRow>> {
    if (devices.length === 0) return new Map();
    const { rows } = await sql<Schema['device_compliance']>`
      select c.* from ${idsOf(devices)} as v cross join device_compliance c where c.device_id = v.column1`.execute(
      this.#database.db,
    );
    return new Map(rows.map(complianceOf).map((row) => [row.device, row]));
  }

  /** Last check results of each device, for impact previews. */
  readonly results = async (devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, readonly StoredResult[]>> =>
    new Map([...(await this.rows(devices))].map(([device, { results }]) => [device, results]));

  // With `cross join`, SQLite reads `device_compliance` first. Without statistics, SQLite would begin with all active devices.
  async restricted(): Promise<DeviceId[]> {
    const { rows } = await sql<{ id: string }>`
      select d.id from device_compliance c cross join devices d
      where d.id = c.device_id and d.generation = c.generation and d.status = 'active' and c.taken like '%"restrict-services"%'`.execute(
      this.#database.db,
    );
    return rows.map(({ id }) => deviceIdSchema.parse(id));
  }

  async due(now: number, limit: number): Promise<DeviceId[]> {
    const { rows } = await sql<{ id: string }>`
      select c.device_id as id from device_compliance c cross join devices d
      where c.next_at is not null and c.next_at <= ${now} and d.id = c.device_id and d.status = 'active'
      order by c.next_at, c.device_id limit ${limit}`.execute(this.#database.db);
    return rows.map(({ id }) => deviceIdSchema.parse(id));
  }

  async nextDue(): Promise<number | null> {
    const { rows } = await sql<{ at: number }>`
      select c.next_at as at from device_compliance c cross join devices d
      where c.next_at is not null and d.id = c.device_id and d.status = 'active' order by c.next_at limit 1`.execute(
      this.#database.db,
    );
    return rows[0]?.at ?? null;
  }

  async counts(scope: Scope): Promise<Record<ComplianceState, number>> {
    const counts = { compliant: 0, 'in-grace': 0, 'not-compliant': 0, unknown: 0, 'no-policy': 0 };
    const { rows } = await sql<{ state: string | null; count: number }>`
      select c.state, count(*) as count from ${devicesIn('list')}
      where devices.status = 'active' and ${withinScope(scope, 'list')} group by c.state`.execute(this.#database.db);
    for (const { state, count } of rows) counts[stateSchema.parse(state ?? 'no-policy')] += Number(count);
    return counts;
  }

  async list({ scope, state, setting, after, limit }: Parameters<Port['list']>[0]): Promise<ListedCompliance[]> {
    const { db, dialect } = this.#database;
    const listed: ListedCompliance[] = [];
    const ofSetting = setting === null ? sql`1 = 1` : sql`${positionIn(dialect, 'c.failing', `"${setting}":`)} > 0`;
    for await (const range of deviceRanges(this.#database, this.#step, after ?? '')) {
      const { rows } = await sql<Partial<Schema['device_compliance']> & { id: string; user: string }>`
        select devices.id, devices.person_name as "user", c.state, c.failing, c.reported_at, c.changed_at, c.next_at
        from ${devicesIn(range)}
        where devices.status = 'active'${andInRange(range, 'devices.id')} and ${inState(state)}
          and ${ofSetting} and ${withinScope(scope, range)}
        order by devices.id limit ${limit - listed.length}`.execute(db);
      listed.push(...rows.map(listedOf));
      if (listed.length >= limit) break;
    }
    return listed;
  }

  async *members({ policy, scope, after }: Parameters<Port['members']>[0]): AsyncGenerator<Member[]> {
    for await (const range of deviceRanges(this.#database, this.#step, after ?? '')) {
      const { rows } = await sql<JoinedRow>`
        select devices.id, devices.person_name as "user", devices.generation as present, c.*
        from ${devicesIn(range)}
        where devices.status = 'active'${andInRange(range, 'devices.id')} and ${ofPolicy(policy, range)}
          and ${withinScope(scope, range)}
        order by devices.id`.execute(this.#database.db);
      for (let at = 0; at < rows.length; at += MEMBERS_READ) {
        yield rows.slice(at, at + MEMBERS_READ).map(memberOf);
        await turn();
      }
    }
  }

  async events(device: DeviceId, before: number | null, limit: number): Promise<(ComplianceEvent & { id: number })[]> {
    const rows = await this.#database.db
      .selectFrom('compliance_events')
      .selectAll()
      .where('device_id', '=', device)
      .$if(before !== null, (all) => all.where('id', '<', before ?? 0))
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
    return rows.map(({ id, at, event, detail }) => ({ id, at, event: eventSchema.parse(event), detail }));
  }

  async recent(event: ComplianceEventKind, since: number): Promise<{ events: number; devices: number }> {
    const { rows } = await sql<{ events: number; devices: number }>`select
      (select count(*) from compliance_events where event = ${event} and at > ${since}) as events,
      (select count(*) from devices where status = 'active') as devices`.execute(this.#database.db);
    return { events: Number(rows[0]?.events ?? 0), devices: Number(rows[0]?.devices ?? 0) };
  }
}

/** Updates of the same device run one after another, because each is computed from the result of the one before. */
async function storeUpdates(tx: Tx, updates: readonly ComplianceUpdate[]): Promise<void> {
  for (const round of roundsOf(updates, ({ device }) => device)) await storeRound(tx, round);
}

async function storeRound(tx: Tx, updates: readonly ComplianceUpdate[]): Promise<void> {
  const asked = idsOf(updates.map(({ device }) => device));
  const { rows: devices } = await sql<{ id: string; generation: number }>`
    select d.id, d.generation from ${asked} as v cross join devices d where d.id = v.column1 and d.status = 'active'`.execute(
    tx,
  );
  const { rows: stored } = await sql<Schema['device_compliance']>`
    select c.* from ${asked} as v cross join device_compliance c where c.device_id = v.column1`.execute(tx);
  const generations = new Map(devices.map(({ id, generation }) => [id, generation]));
  const before = new Map(stored.map((row) => [row.device_id, complianceOf(row)]));
  const changes = updates.flatMap(({ device, decide }) => {
    const generation = generations.get(device);
    return generation === undefined ? [] : (decide(before.get(device) ?? null, generation) ?? []);
  });
  if (changes.length === 0) return;
  const rows = insertOf(
    'device_compliance',
    {
      device_id: 'text',
      generation: 'bigint',
      reported_at: 'bigint',
      results: 'text',
      state: 'text',
      failing: 'text',
      taken: 'text',
      outgoing: 'text',
      changed_at: 'bigint',
      next_at: 'bigint',
    },
    changes.map(({ row }) => [
      row.device,
      row.generation,
      row.reportedAt,
      JSON.stringify(row.results),
      row.state,
      JSON.stringify(row.failing),
      JSON.stringify(row.taken),
      JSON.stringify(row.outgoing),
      row.changedAt,
      row.nextAt,
    ]),
  );
  await sql`${rows} on conflict (device_id) do update set generation = excluded.generation, reported_at = excluded.reported_at,
    results = excluded.results, state = excluded.state, failing = excluded.failing, taken = excluded.taken,
    outgoing = excluded.outgoing, changed_at = excluded.changed_at, next_at = excluded.next_at`.execute(tx);
  const events = changes.flatMap(({ row, events }) =>
    events.map(({ at, event, detail }) => [row.device, at, event, detail.slice(0, 1000)]),
  );
  if (events.length === 0) return;
  await insertOf(
    'compliance_events',
    { device_id: 'text', at: 'bigint', event: 'text', detail: 'text' },
    events,
  ).execute(tx);
}

function inState(state: ComplianceFilter | null): RawBuilder<unknown> {
  if (state === null) return sql`1 = 1`;
  const states = state === 'failing' ? FAILING_STATES : [state];
  // Without `is true`, the database could read the index of states, which contains the devices of all steps.
  if (state !== 'no-policy') return sql`(c.state in (${sql.join(states)})) is true`;
  return sql`(c.state is null or c.state = ${state})`;
}

/** Condition: the policy is assigned to a group of the device, whether primary, static or dynamic. */
function ofPolicy(policy: PolicyId, lookup: Lookup): RawBuilder<unknown> {
  return sql`exists (select 1 from policy_groups p where p.policy_id = ${policy} and (p.group_id = devices.group_id
    or exists (select 1 from group_members m
      where m.group_id = p.group_id and m.device_id = devices.id${andInRange(lookup, 'm.device_id')})))`;
}

type JoinedRow = { id: string; user: string; present: number } & (
  | Schema['device_compliance']
  | Record<keyof Schema['device_compliance'], null>
);

function memberOf({ id, user, present, ...row }: JoinedRow): Member {
  const known = row.device_id === null ? null : complianceOf(row);
  return { device: deviceIdSchema.parse(id), user, generation: present, row: known };
}

const listedOf = (row: Partial<Schema['device_compliance']> & { id: string; user: string }): ListedCompliance => ({
  device: deviceIdSchema.parse(row.id),
  user: row.user,
  state: stateSchema.parse(row.state ?? 'no-policy'),
  failing: Object.keys(timesSchema.parse(JSON.parse(row.failing ?? '{}'))),
  reportedAt: row.reported_at ?? null,
  changedAt: row.changed_at ?? null,
  nextAt: row.next_at ?? null,
});

const idsOf = (devices: readonly DeviceId[]) =>
  tableOf(
    ['text'],
    devices.map((device) => [device]),
  );

function complianceOf(row: Schema['device_compliance']): ComplianceRow {
  return {
    device: deviceIdSchema.parse(row.device_id),
    generation: row.generation,
    reportedAt: row.reported_at,
    results: resultsSchema.parse(JSON.parse(row.results)),
    state: stateSchema.parse(row.state),
    failing: timesSchema.parse(JSON.parse(row.failing)),
    taken: timesSchema.parse(JSON.parse(row.taken)),
    outgoing: outgoingSchema.parse(JSON.parse(row.outgoing)),
    changedAt: row.changed_at,
    nextAt: row.next_at,
  };
}
