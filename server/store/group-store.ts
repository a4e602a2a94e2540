import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import { type DeviceId, deviceIdSchema, type GroupId, groupIdSchema } from '../../shared/protocol/ids.ts';
import type { Group, GroupChange, GroupStore as GroupPort, NewGroup, OwnPlacement } from '../devices/ports.ts';
import { areaOf } from './area-column.ts';
import { rebuildDynamicGroups } from './changed-facts.ts';
import type { Database, Tx } from './database.ts';
import { isMember } from './device-scope.ts';
import { statementSchema } from './device-store.ts';
import { groupUses } from './group-uses.ts';
import { rememberGroup } from './history.ts';
import type { Schema } from './schema.ts';

export class GroupStore implements GroupPort {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async groups(): Promise<Group[]> {
    return (await this.#database.db.selectFrom('groups').selectAll().orderBy('name').execute()).map(groupOf);
  }

  async group(id: GroupId): Promise<Group | null> {
    const row = await this.#database.db.selectFrom('groups').selectAll().where('id', '=', id).executeTakeFirst();
    return row ? groupOf(row) : null;
  }

  async insertGroup({ id, name, home, seat, createdAt, mailPrograms }: NewGroup): Promise<void> {
    await this.#database.transaction(async (tx) => {
      await requireFreeName(tx, name);
      await tx
        .insertInto('groups')
        .values({ id, name, home, seat, created_at: createdAt, mail_programs: mailPrograms ? 1 : null })
        .execute();
      await rememberGroup(tx, id, createdAt);
    });
  }

  updateGroup(id: GroupId, { mailPrograms, expression, ...change }: GroupChange, at: number): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      const { name } = change;
      if (name !== undefined) await requireFreeName(tx, name, id);
      if (expression !== undefined) await requireUntrusted(tx, id);
      const { numUpdatedRows } = await tx
        .updateTable('groups')
        .set({
          id,
          ...change,
          ...(mailPrograms !== undefined && { mail_programs: mailPrograms ? 1 : null }),
          // The empty position starts the evaluation of the new expression for all devices.
          ...(expression !== undefined && { expression, built_after: '' }),
        })
        .where('id', '=', id)
        .executeTakeFirst();
      if (numUpdatedRows === 0n) return false;
      await rememberGroup(tx, id, at);
      // The home area and legal seat of the group's devices changed. Expressions of dynamic groups may use both.
      if (change.home !== undefined || change.seat !== undefined) await rebuildDynamicGroups(tx);
      return true;
    });
  }

  deleteGroup(id: GroupId, at: number): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      const uses = await groupUses(tx, id);
      if (uses.length > 0) {
        const list = uses.map(({ kind, names }) => `${kind} (${names.join(', ')})`).join('; ');
        const detail = `The group is in use by ${list}. Remove these uses first.`;
        throw new CordonError('conflict', detail, { group: id, uses });
      }
      const assigned = tx.selectFrom('policy_groups').select('policy_id').where('group_id', '=', id).limit(1);
      if (await assigned.executeTakeFirst()) {
        const detail = 'A policy is assigned to this group. Remove the group from the policy first.';
        throw new CordonError('conflict', detail, { group: id });
      }
      const { numDeletedRows } = await tx.deleteFrom('groups').where('id', '=', id).executeTakeFirst();
      if (numDeletedRows === 0n) return false;
      await tx.insertInto('ended_groups').values({ group_id: id }).execute();
      await rememberGroup(tx, id, at);
      return true;
    });
  }

  async devicesOf(group: GroupId): Promise<DeviceId[]> {
    const rows = await this.#database.db
      .selectFrom('devices')
      .select('id')
      .where('group_id', '=', group)
      .where('status', '=', 'active')
      .orderBy('id')
      .execute();
    return rows.map(({ id }) => deviceIdSchema.parse(id));
  }

  async membersOf(group: GroupId): Promise<DeviceId[]> {
    const { rows } = await sql<{ id: string }>`select devices.id from devices
      where devices.status = 'active' and ${isMember(group)} order by devices.id`.execute(this.#database.db);
    return rows.map(({ id }) => deviceIdSchema.parse(id));
  }

  async placementsOf(group: GroupId): Promise<OwnPlacement[]> {
    const rows = await this.#database.db
      .selectFrom('devices')
      .select(['id', 'home', 'seat', 'statement'])
      .where('group_id', '=', group)
      .where('status', '=', 'active')
      .orderBy('id')
      .execute();
    return rows.map(({ id, home, seat, statement }) => ({
      device: deviceIdSchema.parse(id),
      home: areaOf(home),
      seat: areaOf(seat),
      statement: statement === null ? null : statementSchema.parse(JSON.parse(statement)),
    }));
  }
}

function groupOf(row: Schema['groups']): Group {
  return {
    id: groupIdSchema.parse(row.id),
    name: row.name,
    home: areaOf(row.home),
    seat: areaOf(row.seat),
    createdAt: row.created_at,
    mailPrograms: row.mail_programs === 1,
    expression: row.expression,
    trusted: row.expression === null || row.trusted === 1,
    complete: row.built_after === null,
  };
}

/** Throws `conflict` unless the group is dynamic and untrusted. */
async function requireUntrusted(tx: Tx, id: GroupId): Promise<void> {
  const group = await tx.selectFrom('groups').select(['expression', 'trusted']).where('id', '=', id).executeTakeFirst();
  if (!group) return;
  if (group.expression === null)
    throw new CordonError('conflict', 'The group is static and has no expression.', { group: id });
  if (group.trusted === null) return;
  const detail =
    'Roles or order exemptions may use this group, so its expression cannot change. An owner must first withdraw the trust.';
  throw new CordonError('conflict', detail, { group: id });
}

/** Throws `conflict` if a group other than `own` has the name. */
export async function requireFreeName(tx: Tx, name: string, own: GroupId | null = null): Promise<void> {
  const other = await tx.selectFrom('groups').select('id').where('name', '=', name).executeTakeFirst();
  if (other && other.id !== own) throw new CordonError('conflict', 'Another group has this name.', { name });
}
