import { sql } from 'kysely';
import { z } from 'zod';
import type { HomeArea } from '../../shared/areas/area-code.ts';
import { CordonError } from '../../shared/errors.ts';
import {
  isInventoryList,
  LIST_FACTS,
  type ListFact,
  type ListFactValue,
  type ReportedField,
} from '../../shared/inventory/list-fields.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { createBatcher } from '../../shared/loops/batcher.ts';
import {
  accountIdSchema,
  type DeviceId,
  deviceIdSchema,
  type GroupId,
  groupIdSchema,
  personIdSchema,
} from '../../shared/protocol/ids.ts';
import { deletionOf, lifeCycleOf } from '../devices/life-cycle.ts';
import type {
  Device,
  DeviceExport,
  DeviceList,
  DeviceName,
  DeviceStore as DevicePort,
  DeviceQuery,
  DeviceUpdate,
  Ended,
  FactsOfDevices,
  LocationEntry,
  Selection,
  Statement,
} from '../devices/ports.ts';
import { inScope, type Scope } from '../devices/scope.ts';
import { UNREPORTED } from '../devices/workspace.ts';
import { appendEntry } from './append-entries.ts';
import { areaOf } from './area-column.ts';
import { tableOf } from './bulk.ts';
import { enrollmentChanges } from './certificate-cache.ts';
import { cancelCommandsOf } from './command-rows.ts';
import type { Database, Db, Tx } from './database.ts';
import { devicesNamed } from './device-identifiers.ts';
import { LABELS, labelsOf } from './device-labels.ts';
import { allIds, needsScan, pageOfIds } from './device-list.ts';
import { DeviceScans } from './device-scan.ts';
import { SCOPE_GROUPS, scopeGroupsOf, withinScope } from './device-scope.ts';
import { factColumn } from './fact-column.ts';
import { factValue } from './fact-columns.ts';
import { entriesOf } from './fact-lists.ts';
import { rememberDevices } from './history.ts';
import { dropKeyPackages } from './key-package-store.ts';
import { keyedQuery } from './keyed-query.ts';
import { appendLocationEntry } from './location-records.ts';
import { LOST } from './lost-mode-condition.ts';
import { purgeMailQueue } from './mail-rows.ts';
import { purgeMailbox } from './mailbox-rows.ts';
import { requireInGroup } from './people-store.ts';
import { isUnderLegalHold, UNDER_LEGAL_HOLD } from './under-legal-hold.ts';

export class DeviceStore implements DevicePort {
  readonly #database: Database;
  readonly #selectByIds: ReturnType<typeof devicesIn>;
  readonly #factRows: ReturnType<typeof factRowsIn>;
  readonly #listRows: ReturnType<typeof listRowsIn>;
  readonly #scans: DeviceScans;
  readonly #deviceOf = createBatcher((ids: readonly DeviceId[]) => this.#readDevices(ids));

  constructor(database: Database) {
    this.#database = database;
    this.#selectByIds = devicesIn(database.db);
    this.#factRows = factRowsIn(database.db);
    this.#listRows = listRowsIn(database.db);
    this.#scans = new DeviceScans(database);
  }

  async get(id: DeviceId): Promise<Device | null> {
    return (await this.#deviceOf(id)) ?? null;
  }

  async #readDevices(ids: readonly DeviceId[]): Promise<Map<DeviceId, Device>> {
    const rows = await this.#selectByIds(ids);
    return new Map(rows.map(deviceOf).map((device) => [device.id, device]));
  }

  async list(query: DeviceQuery): Promise<DeviceList> {
    const page = needsScan(query) ? await this.#scans.page(query) : await pageOfIds(this.#database, query);
    return { ...(await this.#readList(page.ids, query)), total: page.total };
  }

  async *batches(query: DeviceExport): AsyncGenerator<Omit<DeviceList, 'total'>> {
    const ids = await this.#scans.ids(query);
    for (let first = 0; first < ids.length; first += BATCH) {
      const { devices, facts } = await this.#readList(ids.slice(first, first + BATCH), query);
      yield {
        devices: devices.filter(({ scopeGroups, home }) => inScope(query.scope, { groups: scopeGroups, home })),
        facts,
      };
    }
  }

  async #readList(
    listed: readonly string[],
    { sort, columns = [] }: Pick<DeviceQuery, 'sort' | 'columns'>,
  ): Promise<Omit<DeviceList, 'total'>> {
    const ids = listed.map((id) => deviceIdSchema.parse(id));
    const found = ids.length === 0 ? new Map<DeviceId, Device>() : await this.#readDevices(ids);
    const facts = await this.#factsOf(ids, [...new Set([...columns, ...LIST_FACTS.filter((fact) => fact === sort)])]);
    return { devices: ids.flatMap((id) => found.get(id) ?? []), facts };
  }

  async #factsOf(ids: readonly DeviceId[], columns: readonly ReportedField[]): Promise<FactsOfDevices> {
    const lists = columns.filter(isInventoryList);
    const facts = columns.filter((column): column is ListFact => !isInventoryList(column));
    const values = new Map<string, Partial<Record<ReportedField, ListFactValue>>>();
    for (const row of facts.length === 0 ? [] : await this.#factRows(ids)) {
      values.set(
        row.device_id,
        Object.fromEntries(facts.map((fact) => [fact, factValue(fact, row[factColumn(fact)])])),
      );
    }
    for (const { device_id, field, entries } of lists.length === 0 ? [] : await this.#listRows(ids)) {
      const list = lists.find((one) => one === field);
      if (list) values.set(device_id, { ...values.get(device_id), [list]: entriesOf(entries) });
    }
    return values;
  }

  async names(devices: readonly DeviceId[]): Promise<DeviceName[]> {
    const { rows } = await sql<{
      id: string;
      user: string;
      group: string;
      groups: string | null;
      home: string | null;
      hostname: string | null;
      displayName: string | null;
    }>`
      select devices.id, devices.person_name as "user", devices.group_id as "group", ${SCOPE_GROUPS} as "groups",
        coalesce(devices.stated_home, devices.home, groups.home) as home, i.hostname,
        n.name as "displayName"
      from ${tableOf(
        ['text'],
        devices.map((device) => [device]),
      )} as v
      cross join devices
      left join groups on groups.id = devices.group_id
      left join device_inventory i on i.device_id = devices.id
      left join display_names n on n.device_id = devices.id
      where devices.id = v.column1`.execute(this.#database.db);
    return rows.map(({ id, home, group, groups, ...named }) => ({
      id: deviceIdSchema.parse(id),
      ...named,
      groups: scopeGroupsOf(group, groups),
      home: areaOf(home),
    }));
  }

  async within(devices: readonly DeviceId[], scope: Scope): Promise<DeviceId[]> {
    const { rows } = await sql<{ id: string }>`
      select devices.id from ${tableOf(
        ['text'],
        devices.map((device) => [device]),
      )} as v
      cross join devices where devices.id = v.column1 and ${withinScope(scope)}`.execute(this.#database.db);
    return rows.map(({ id }) => deviceIdSchema.parse(id));
  }

  named(texts: readonly string[]): Promise<ReadonlyMap<string, readonly DeviceId[]>> {
    return devicesNamed(this.#database, texts);
  }

  async all(selection: Selection): Promise<DeviceId[]> {
    const query = { ...selection, sort: 'id', descending: false } as const;
    const ids = needsScan(query) ? await this.#scans.presentIds(query) : await allIds(this.#database, selection);
    return ids.map((id) => deviceIdSchema.parse(id));
  }

  update(
    id: DeviceId,
    { home, seat, group, statement }: DeviceUpdate,
    at: number,
    entry: LocationEntry | null = null,
  ): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      if (group !== undefined) await requireGroupOfPerson(tx, id, group);
      const { numUpdatedRows } = await tx
        .updateTable('devices')
        .set({
          // The update always sets the status, because an update without columns is invalid SQL. The number of updated rows shows whether
          // the device is active.
          status: 'active',
          ...(home === undefined ? {} : { home }),
          ...(seat === undefined ? {} : { seat }),
          ...(group === undefined ? {} : { group_id: group }),
          ...(statement === undefined ? {} : statementColumns(statement)),
        })
        .where('id', '=', id)
        .where('status', '=', 'active')
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return false;
      await rememberDevices(tx, [id], at);
      if (entry) await appendLocationEntry(tx, id, entry);
      return true;
    });
  }

  updateAll(
    ids: readonly DeviceId[],
    { home, seat, group, statement }: DeviceUpdate,
    at: number,
    entries: ReadonlyMap<DeviceId, LocationEntry>,
  ): Promise<DeviceId[]> {
    const stated = statement === undefined ? null : statementColumns(statement);
    const changes = [
      sql`status = 'active'`,
      ...(home === undefined ? [] : [sql`home = ${home}`]),
      ...(seat === undefined ? [] : [sql`seat = ${seat}`]),
      ...(group === undefined ? [] : [sql`group_id = ${group}`]),
      ...Object.entries(stated ?? {}).map(([column, value]) => sql`${sql.ref(column)} = ${value}`),
    ];
    const ofPerson =
      group === undefined
        ? sql`1 = 1`
        : sql`(devices.group_id = ${group} or exists (select 1 from person_groups p inner join groups g on g.id = p.group_id
            where p.person_id = devices.person_id and p.group_id = ${group}))`;
    const named = tableOf(
      ['text'],
      ids.map((id) => [id]),
    );
    return this.#database.transaction(async (tx) => {
      const { rows } = await sql<{ id: string }>`update devices set ${sql.join(changes)}
        where id in (select column1 from ${named} as v) and status = 'active' and ${ofPerson} returning id`.execute(tx);
      const changed = rows.map(({ id }) => deviceIdSchema.parse(id));
      if (changed.length > 0) await rememberDevices(tx, changed, at);
      for (const id of changed) {
        const entry = entries.get(id);
        if (entry) await appendLocationEntry(tx, id, entry);
      }
      return changed;
    });
  }

  end(id: DeviceId, ended: Ended, entry: (serial: string) => EntryDraft<'certificate.revoked'>): Promise<boolean> {
    return this.#database.transaction((tx) => endDevice(tx, id, ended, entry));
  }
}

/**
 * Ends the device's enrollment: revokes its certificates and deletes its waiting data. Returns false if the device is not active. `entry`:
 * builds the ledger entry for a revoked certificate; null if the ledger already has these entries.
 */
export async function endDevice(
  tx: Tx,
  id: DeviceId,
  ended: Ended,
  entry: ((serial: string) => EntryDraft<'certificate.revoked'>) | null,
): Promise<boolean> {
  enrollmentChanges(tx, id);
  const { numUpdatedRows } = await tx
    .updateTable('devices')
    .set({ status: ended.status, ended_at: ended.at, missing_since: null, ...statementColumns(null) })
    .where('id', '=', id)
    .where('status', '=', 'active')
    .executeTakeFirst();
  if (numUpdatedRows === 0n) return false;
  await rememberDevices(tx, [id], ended.at);
  const revoked = await tx
    .updateTable('certificates')
    .set({ revoked_at: ended.realAt, revocation_reason: ended.reason })
    .where('device_id', '=', id)
    .where('revoked_at', 'is', null)
    .returning('serial')
    .execute();
  if (entry) for (const { serial } of revoked) await appendEntry(tx, entry(serial));
  await cancelCommandsOf(tx, id, ended.realAt, `The device was ${ended.status}.`);
  if (!(await isUnderLegalHold(tx, id))) {
    await purgeMailbox(tx, id, ended.at);
    await purgeMailQueue(tx, id, ended.at);
  }
  await dropKeyPackages(tx, id);
  return true;
}

function selectDevices(db: Db | Tx) {
  return db
    .selectFrom('devices')
    .innerJoin('groups', 'groups.id', 'devices.group_id')
    .leftJoin('device_presence', 'device_presence.device_id', 'devices.id')
    .leftJoin('device_inventory', 'device_inventory.device_id', 'devices.id')
    .leftJoin('display_names', 'display_names.device_id', 'devices.id')
    .leftJoin('device_workspaces', (join) =>
      join
        .onRef('device_workspaces.device_id', '=', 'devices.id')
        .onRef('device_workspaces.generation', '=', 'devices.generation'),
    )
    .leftJoin('device_passcodes', (join) =>
      join
        .onRef('device_passcodes.device_id', '=', 'devices.id')
        .onRef('device_passcodes.generation', '=', 'devices.generation'),
    )
    .selectAll('devices')
    .select([
      'groups.name as group_name',
      'groups.home as group_home',
      'groups.seat as group_seat',
      'groups.mail_programs',
    ])
    .select(['device_inventory.hostname', 'device_inventory.platform', 'display_names.name as display_name'])
    .select([
      'device_workspaces.state as workspace_state',
      'device_workspaces.since as workspace_since',
      'device_passcodes.state as passcode',
    ])
    .select(sql<0 | 1>`case when ${UNDER_LEGAL_HOLD} then 1 else 0 end`.as('under_hold'))
    .select(SCOPE_GROUPS.as('scope_groups'))
    .select(LABELS.as('labels'))
    .select(sql<0 | 1>`case when ${LOST} then 1 else 0 end`.as('lost'))
    .select([
      'device_presence.connected',
      'device_presence.changed_at',
      'device_presence.last_seen_at',
      'device_presence.address',
      'device_presence.agent',
      'device_presence.list_version',
      'device_presence.stored_record_version',
      'device_presence.approver_set_version',
      'device_presence.last_report',
    ]);
}

/** Number of devices in one batch of an export. */
const BATCH = 200;

const factRowsIn = (db: Db) =>
  keyedQuery(db, (ids) => db.selectFrom('device_facts').selectAll().where('device_id', 'in', ids));

const listRowsIn = (db: Db) =>
  keyedQuery(db, (ids) => db.selectFrom('device_fact_lists').selectAll().where('device_id', 'in', ids));

const devicesIn = (db: Db) => keyedQuery(db, (ids) => selectDevices(db).where('devices.id', 'in', ids));

type DeviceRow = Awaited<ReturnType<ReturnType<typeof selectDevices>['executeTakeFirstOrThrow']>>;

export function statementColumns(statement: Statement | null) {
  return {
    statement: statement && JSON.stringify(statement),
    statement_until: statement?.until ?? null,
    stated_home: statement?.kind === 'home' ? (statement.areas[0] ?? null) : null,
  };
}

export const statementSchema: z.ZodType<Statement> = z.strictObject({
  kind: z.enum(['presence', 'home']),
  reason: z.string(),
  areas: z.array(z.string().transform((text) => text as HomeArea)),
  at: z.int(),
  until: z.int(),
  by: accountIdSchema.optional(),
  confirmedBy: accountIdSchema.nullish(),
});

export const statementOf = (column: string | null): Statement | null =>
  column === null ? null : statementSchema.parse(JSON.parse(column));

function deviceOf(row: DeviceRow): Device {
  const own = { home: areaOf(row.home), seat: areaOf(row.seat) };
  const workspace =
    row.workspace_state === null
      ? { state: UNREPORTED.state, since: null }
      : { state: row.workspace_state, since: row.workspace_since };
  return {
    id: deviceIdSchema.parse(row.id),
    generation: row.generation,
    status: row.status,
    person: personIdSchema.parse(row.person_id),
    user: row.person_name,
    mailConnector: row.mail_connector === 1,
    group: { id: groupIdSchema.parse(row.group_id), name: row.group_name, mailPrograms: row.mail_programs === 1 },
    scopeGroups: scopeGroupsOf(row.group_id, row.scope_groups),
    home: areaOf(row.stated_home) ?? own.home ?? areaOf(row.group_home),
    seat: own.seat ?? areaOf(row.group_seat),
    own,
    statement: statementOf(row.statement),
    underLegalHold: row.under_hold === 1,
    enrolledAt: row.enrolled_at,
    endedAt: row.ended_at,
    recordVersion: row.record_version,
    hostname: row.hostname,
    displayName: row.display_name,
    platform: row.platform,
    workspace,
    passcode: row.passcode ?? UNREPORTED.passcode,
    lifeCycle: lifeCycleOf({
      status: row.status,
      workspace: workspace.state,
      missing: row.missing_since !== null,
      retired: row.retired_at !== null,
    }),
    missingSince: row.missing_since,
    retiredAt: row.retired_at,
    deletedAfter: row.retired_at === null ? null : deletionOf(row.retired_at),
    labels: labelsOf(row.labels),
    lostMode: row.lost === 1,
    presence:
      row.connected === null
        ? null
        : {
            connected: row.connected === 1,
            changedAt: row.changed_at ?? 0,
            lastSeenAt: row.last_seen_at ?? 0,
            address: row.address,
            agent: row.agent,
            listVersion: row.list_version ?? 0,
            recordStored: row.stored_record_version ?? 0,
            approverSetVersion: row.approver_set_version ?? 0,
            reportsThrough: row.last_report ?? 0,
          },
  };
}

async function requireGroupOfPerson(tx: Tx, id: DeviceId, group: GroupId): Promise<void> {
  const known = await tx.selectFrom('groups').select('id').where('id', '=', group).executeTakeFirst();
  if (!known) throw new CordonError('not_found', 'There is no such group.', { group });
  const device = await tx
    .selectFrom('devices')
    .select(['person_id', 'group_id'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (device && device.group_id !== group) await requireInGroup(tx, device.person_id, group);
}
