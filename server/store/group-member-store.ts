/** Store of memberships in groups beside primary groups, and of the queue of devices for which the dynamic groups must be evaluated. */
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import { type DeviceId, deviceIdSchema, type GroupId, groupIdSchema } from '../../shared/protocol/ids.ts';
import type { Scope } from '../devices/scope.ts';
import type {
  ChangedDevice,
  DeviceMembership,
  DynamicGroup,
  GroupUse,
  MembershipChange,
  MembershipPair,
  NewDynamicGroup,
  GroupMemberStore as Port,
} from '../groups/ports.ts';
import { insertOf, tableOf } from './bulk.ts';
import { markFacts } from './changed-facts.ts';
import type { Database, Tx } from './database.ts';
import { devicesAfter } from './device-range.ts';
import { withinScope } from './device-scope.ts';
import { requireFreeName } from './group-store.ts';
import { groupUses } from './group-uses.ts';
import { rememberGroup } from './history.ts';
import { getMeta, setMeta } from './meta-store.ts';

/** Maximum number of dynamic groups. The number is limited, because the server evaluates all of them when a device changes. */
const MOST_DYNAMIC = 200;
const EXPIRY_POSITION = 'groups.location-expiry';

export class GroupMemberStore implements Port {
  readonly #database: Database;
  readonly #apply: (change: MembershipChange) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    // Writes of evaluations need no sync to disk. After a power failure, the last evaluations may be lost together with their positions and
    // marks, and the server then repeats them.
    this.#apply = database.grouped(
      async (tx, changes: readonly MembershipChange[]) => {
        for (const change of changes) await applyChange(tx, change);
      },
      { relaxed: true },
    );
  }

  async dynamicGroups(): Promise<DynamicGroup[]> {
    const rows = await this.#database.db
      .selectFrom('groups')
      .select(['id', 'expression', 'built_after'])
      .where('expression', 'is not', null)
      .orderBy('id')
      .execute();
    return rows.map(({ id, expression, built_after }) => ({
      id: groupIdSchema.parse(id),
      expression: expression ?? '',
      builtAfter: built_after,
    }));
  }

  async insertDynamic({ id, name, expression, createdAt }: NewDynamicGroup): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await requireFreeName(tx, name);
      const { dynamic } = await tx
        .selectFrom('groups')
        .select(({ fn }) => fn.countAll<number>().as('dynamic'))
        .where('expression', 'is not', null)
        .executeTakeFirstOrThrow();
      if (Number(dynamic) >= MOST_DYNAMIC) {
        const detail = `There are already ${MOST_DYNAMIC} dynamic groups. Delete one that nothing uses.`;
        throw new CordonError('conflict', detail, { limit: MOST_DYNAMIC });
      }
      await tx.insertInto('groups').values({ id, name, created_at: createdAt, expression, built_after: '' }).execute();
      await rememberGroup(tx, id, createdAt);
    });
  }

  async setTrusted(id: GroupId, trusted: boolean): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const group = await groupRow(tx, id);
      if (group.expression === null) throw wrongKind(id, 'Static groups are always trusted.');
      if (!trusted) {
        const grant = tx.selectFrom('role_grants').select('account_id').where('group_id', '=', id).limit(1);
        if (await grant.executeTakeFirst())
          throw new CordonError('conflict', 'A role uses this group. Revoke the role first.', { group: id });
      }
      await tx
        .updateTable('groups')
        .set({ trusted: trusted ? 1 : null })
        .where('id', '=', id)
        .execute();
    });
  }

  async changeMembers(id: GroupId, add: readonly DeviceId[], remove: readonly DeviceId[]): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const group = await groupRow(tx, id);
      if (group.expression !== null)
        throw wrongKind(id, 'The expression of a dynamic group decides its members. Change the expression instead.');
      await insertMembers(
        tx,
        add.map((device) => ({ group: id, device })),
      );
      await deleteMembers(
        tx,
        remove.map((device) => ({ group: id, device })),
      );
    });
  }

  async changed(limit: number): Promise<ChangedDevice[]> {
    const rows = await this.#database.db
      .selectFrom('changed_facts')
      .selectAll()
      .orderBy('device_id')
      .limit(limit)
      .execute();
    return rows.map(({ device_id, sources, version }) => ({
      device: deviceIdSchema.parse(device_id),
      sources,
      version,
    }));
  }

  devicesAfter(after: string, limit: number, scope: Scope): Promise<DeviceId[]> {
    return devicesAfter(this.#database, { after, limit }, (lookup) => withinScope(scope, lookup));
  }

  async memberships(devices: readonly DeviceId[], groups: readonly GroupId[]): Promise<MembershipPair[]> {
    if (devices.length === 0 || groups.length === 0) return [];
    const wanted = new Set<string>(groups);
    const table = tableOf(
      ['text'],
      devices.map((device) => [device]),
    );
    const { rows } = await sql<{ group_id: string; device_id: string }>`select m.group_id, m.device_id
      from ${table} as v cross join group_members m where m.device_id = v.column1`.execute(this.#database.db);
    return rows.flatMap(({ group_id, device_id }) =>
      wanted.has(group_id) ? [{ group: group_id as GroupId, device: device_id as DeviceId }] : [],
    );
  }

  apply(change: MembershipChange): Promise<void> {
    return this.#apply(change);
  }

  async markExpiredLocations(now: number, limit: number): Promise<boolean> {
    const { db } = this.#database;
    const position = await getMeta(db, EXPIRY_POSITION);
    const [at, areas, device]: [number, string, string] = position === null ? [0, '', ''] : JSON.parse(position);
    const { rows } = await sql<{ unknown_at: number; areas: string; device_id: string }>`
      select unknown_at, areas, device_id from locations
      where unknown_at <= ${now} and (unknown_at, areas, device_id) > (cast(${at} as bigint), ${areas}, ${device})
      order by unknown_at, areas, device_id limit ${limit}`.execute(db);
    const last = rows.at(-1);
    if (!last) return true;
    await this.#database.transaction(async (tx) => {
      await markFacts(
        tx,
        rows.map(({ device_id }) => device_id),
        'location',
      );
      await setMeta(tx, EXPIRY_POSITION, JSON.stringify([last.unknown_at, last.areas, last.device_id]));
    });
    return rows.length < limit;
  }

  async deleteEndedMembers(limit: number): Promise<boolean> {
    const ended = await this.#database.db.selectFrom('ended_groups').select('group_id').limit(1).executeTakeFirst();
    if (!ended) return true;
    const { group_id } = ended;
    return this.#database.transaction(async (tx) => {
      const { rows } = await sql`delete from group_members where group_id = ${group_id} and device_id in
        (select device_id from group_members where group_id = ${group_id} order by device_id limit ${limit})
        returning device_id`.execute(tx);
      if (rows.length === 0) await tx.deleteFrom('ended_groups').where('group_id', '=', group_id).execute();
      return false;
    });
  }

  async membershipsOf(device: DeviceId): Promise<DeviceMembership[]> {
    const { rows } = await sql<{ id: string; name: string; expression: string | null; is_primary: number }>`
      select groups.id, groups.name, groups.expression, 1 as is_primary
        from devices cross join groups where devices.id = ${device} and groups.id = devices.group_id
      union all
      select groups.id, groups.name, groups.expression, 0 as is_primary
        from group_members m cross join groups where m.device_id = ${device} and groups.id = m.group_id
          and not exists (select 1 from devices where devices.id = m.device_id and devices.group_id = m.group_id)
      order by 4 desc, 2`.execute(this.#database.db);
    return rows.map(({ id, name, expression, is_primary }) => ({
      id: groupIdSchema.parse(id),
      name,
      kind: is_primary === 1 ? 'primary' : expression === null ? 'static' : 'dynamic',
    }));
  }

  uses(group: GroupId): Promise<GroupUse[]> {
    return groupUses(this.#database.db, group);
  }
}

async function applyChange(tx: Tx, { evaluated, add, remove, processed, builtAfter }: MembershipChange): Promise<void> {
  const rows = await tx.selectFrom('groups').select(['id', 'expression', 'built_after']).execute();
  const stored = new Map(rows.map((row) => [row.id, row]));
  const current = evaluated.filter(({ id, expression }) => stored.get(id)?.expression === expression);
  const valid = new Set<GroupId>(current.map(({ id }) => id));
  await insertMembers(
    tx,
    add.filter(({ group }) => valid.has(group)),
  );
  await deleteMembers(
    tx,
    remove.filter(({ group }) => valid.has(group)),
  );
  if (processed.length > 0) {
    const marks = processed.map(({ device, version }) => [device, version]);
    await sql`delete from changed_facts where (device_id, version) in
      (select column1, column2 from ${tableOf(['text', 'bigint'], marks)} as v)`.execute(tx);
  }
  if (builtAfter === undefined) return;
  // The same expression may have been set again meanwhile. This restarts its build, so the position of the earlier build no longer counts.
  const unchanged = current.filter(
    ({ id, builtAfter: before }) => before !== null && stored.get(id)?.built_after === before,
  );
  if (unchanged.length === 0) return;
  const ids = unchanged.map(({ id }) => id);
  await tx.updateTable('groups').set({ built_after: builtAfter }).where('id', 'in', ids).execute();
}

async function groupRow(tx: Tx, id: GroupId) {
  const row = await tx.selectFrom('groups').select(['expression', 'trusted']).where('id', '=', id).executeTakeFirst();
  if (!row) throw new CordonError('not_found', 'There is no such group.', { group: id });
  return row;
}

const wrongKind = (group: GroupId, detail: string): CordonError => new CordonError('conflict', detail, { group });

async function insertMembers(tx: Tx, pairs: readonly MembershipPair[]): Promise<void> {
  if (pairs.length === 0) return;
  const rows = insertOf(
    'group_members',
    { group_id: 'text', device_id: 'text' },
    pairs.map(({ group, device }) => [group, device]),
  );
  await sql`${rows} on conflict (group_id, device_id) do nothing`.execute(tx);
}

async function deleteMembers(tx: Tx, pairs: readonly MembershipPair[]): Promise<void> {
  if (pairs.length === 0) return;
  const table = tableOf(
    ['text', 'text'],
    pairs.map(({ group, device }) => [group, device]),
  );
  await sql`delete from group_members where (group_id, device_id) in
    (select column1, column2 from ${table} as v)`.execute(tx);
}
