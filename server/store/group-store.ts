import { CordonError } from '../../shared/errors.ts';
import { type DeviceId, deviceIdSchema, type GroupId, groupIdSchema } from '../../shared/protocol/ids.ts';
import type { Group, GroupChange, GroupStore as GroupPort, OwnPlacement } from '../devices/ports.ts';
import { areaOf } from './area-column.ts';
import type { Database } from './database.ts';
import { statementSchema } from './device-store.ts';
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

  async insertGroup({ id, name, home, seat, createdAt, mailPrograms }: Group): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const inserted = await tx
        .insertInto('groups')
        .values({ id, name, home, seat, created_at: createdAt, mail_programs: mailPrograms ? 1 : null })
        .onConflict((conflict) => conflict.column('name').doNothing())
        .returning('id')
        .executeTakeFirst();
      if (!inserted) throw nameInUse(name);
      await rememberGroup(tx, id, createdAt);
    });
  }

  updateGroup(id: GroupId, { mailPrograms, ...change }: GroupChange, at: number): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      const { name } = change;
      if (name !== undefined) {
        const other = tx.selectFrom('groups').select('id').where('name', '=', name).where('id', '!=', id);
        if (await other.executeTakeFirst()) throw nameInUse(name);
      }
      const { numUpdatedRows } = await tx
        .updateTable('groups')
        .set({ id, ...change, ...(mailPrograms !== undefined && { mail_programs: mailPrograms ? 1 : null }) })
        .where('id', '=', id)
        .executeTakeFirst();
      if (numUpdatedRows > 0n) await rememberGroup(tx, id, at);
      return numUpdatedRows > 0n;
    });
  }

  deleteGroup(id: GroupId, at: number): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      for (const table of ['devices', 'activation_codes'] as const) {
        if (await tx.selectFrom(table).select('id').where('group_id', '=', id).limit(1).executeTakeFirst()) {
          const detail = 'Devices or activation codes belong to this group. Move them to another group first.';
          throw new CordonError('conflict', detail, { group: id });
        }
      }
      const member = tx.selectFrom('person_groups').select('person_id').where('group_id', '=', id).limit(1);
      if (await member.executeTakeFirst()) {
        const detail = 'People belong to this group. Remove the group from them first.';
        throw new CordonError('conflict', detail, { group: id });
      }
      const { numDeletedRows } = await tx.deleteFrom('groups').where('id', '=', id).executeTakeFirst();
      if (numDeletedRows > 0n) await rememberGroup(tx, id, at);
      return numDeletedRows > 0n;
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
  };
}

function nameInUse(name: string): CordonError {
  return new CordonError('conflict', 'Another group has this name.', { name });
}
