import { isBuiltIn, type RoleName } from '../../shared/api/roles.ts';
import { CordonError } from '../../shared/errors.ts';
import { foldedName } from '../../shared/order/person.ts';
import type { AccountId } from '../../shared/protocol/ids.ts';
import { type CustomRoleId, customRoleIdSchema } from '../../shared/protocol/ids.ts';
import type {
  CustomRole,
  CustomRoleUses,
  CustomRoleVersion,
  CustomRoleStore as Port,
  StoredVersion,
} from '../admins/custom-role-ports.ts';
import { outdated } from '../admins/custom-roles.ts';
import { customRights } from './account-rows.ts';
import { appendEntry } from './append-entries.ts';
import type { Database, Db, Tx } from './database.ts';
import type { Schema } from './schema.ts';

export class CustomRoleStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async roles(): Promise<CustomRole[]> {
    const rows = await this.#database.db.selectFrom('custom_roles').selectAll().orderBy('folded').execute();
    return rows.map(toRole);
  }

  async role(id: CustomRoleId): Promise<CustomRole | null> {
    return find(this.#database.db, id);
  }

  async versions(id: CustomRoleId, limit: number): Promise<CustomRoleVersion[]> {
    const rows = await this.#database.db
      .selectFrom('custom_role_versions')
      .selectAll()
      .where('role_id', '=', id)
      .orderBy('version', 'desc')
      .limit(limit)
      .execute();
    return rows.map(({ version, name, description, rights, digest, changed_by, at }) => ({
      version,
      name,
      description,
      rights: JSON.parse(rights) as string[],
      digest,
      changedBy: changed_by,
      at,
    }));
  }

  uses(id: CustomRoleId): Promise<CustomRoleUses> {
    return usesOf(this.#database.db, id);
  }

  async create(created: StoredVersion, most: number): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const { role } = created;
      await requireFreeName(tx, role);
      const { count } = await tx
        .selectFrom('custom_roles')
        .select(({ fn }) => fn.countAll().as('count'))
        .executeTakeFirstOrThrow();
      if (Number(count) >= most) {
        throw new CordonError('conflict', `There are ${most} custom roles already. Delete a role first.`);
      }
      await tx
        .insertInto('custom_roles')
        .values({ id: role.id, created_at: role.createdAt, ...columnsOf(role) })
        .execute();
      await addVersion(tx, created);
    });
  }

  async change(changed: StoredVersion): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const { role } = changed;
      await requireFreeName(tx, role);
      const { numUpdatedRows } = await tx
        .updateTable('custom_roles')
        .set(columnsOf(role))
        .where('id', '=', role.id)
        .where('version', '=', role.version - 1)
        .executeTakeFirst();
      if (numUpdatedRows !== 1n) throw outdated((await find(tx, role.id)) ?? role);
      await addVersion(tx, changed);
    });
  }

  async remove(id: CustomRoleId, entry: Parameters<Port['remove']>[1]): Promise<CustomRoleUses | null> {
    return this.#database.transaction(async (tx) => {
      const uses = await usesOf(tx, id);
      if (uses.grants.length + uses.tokens.length > 0) return uses;
      await tx.deleteFrom('custom_role_versions').where('role_id', '=', id).execute();
      await tx.deleteFrom('custom_roles').where('id', '=', id).execute();
      await appendEntry(tx, entry);
      return null;
    });
  }
}

/** Throws `not_found` for a custom role that does not exist. Call this inside the transaction that stores a use of the role. */
export async function requireRole(tx: Tx, role: RoleName): Promise<void> {
  if (await roleExists(tx, role)) return;
  throw new CordonError('not_found', `There is no custom role ${role}. List the roles with GET /roles.`, { role });
}

export const roleExists = async (tx: Tx, role: RoleName): Promise<boolean> =>
  isBuiltIn(role) || (await find(tx, customRoleIdSchema.parse(role))) !== null;

export async function find(db: Db | Tx, id: CustomRoleId): Promise<CustomRole | null> {
  const row = await db.selectFrom('custom_roles').selectAll().where('id', '=', id).executeTakeFirst();
  return row ? toRole(row) : null;
}

async function usesOf(db: Db | Tx, id: CustomRoleId): Promise<CustomRoleUses> {
  const grants = await db
    .selectFrom('role_grants')
    .innerJoin('accounts', 'accounts.id', 'role_grants.account_id')
    .leftJoin('provider_identities', (identity) =>
      identity
        .onRef('provider_identities.account_id', '=', 'accounts.id')
        .on('provider_identities.unlinked_at', 'is', null),
    )
    .select(['accounts.id', 'accounts.name', 'accounts.password_hash', 'role_grants.group_id', 'role_grants.area'])
    .select(['role_grants.source', 'provider_identities.subject'])
    .where('role_grants.role', '=', id)
    .orderBy('accounts.name')
    .orderBy('accounts.id')
    .execute();
  const tokens = await db
    .selectFrom('api_tokens')
    .select(['id', 'name', 'account_id'])
    .where('role_id', '=', id)
    .orderBy('name')
    .orderBy('id')
    .execute();
  return {
    grants: grants.map((row) => ({
      account: row.id as AccountId,
      name: row.name,
      group: row.group_id,
      area: row.area,
      invited: row.password_hash === null && row.subject === null,
      source: row.source,
    })),
    tokens: tokens.map((row) => ({ id: row.id, name: row.name, account: row.account_id as AccountId })),
  };
}

async function requireFreeName(tx: Tx, { id, name }: CustomRole): Promise<void> {
  const taken = await tx
    .selectFrom('custom_roles')
    .select('id')
    .where('folded', '=', foldedName(name))
    .where('id', '<>', id)
    .executeTakeFirst();
  if (!taken) return;
  throw new CordonError('conflict', `Another custom role has the name ${name}. Choose another name.`);
}

const columnsOf = ({ name, description, rights, version, changedAt }: CustomRole) => ({
  name,
  folded: foldedName(name),
  description,
  rights: JSON.stringify(rights),
  version,
  changed_at: changedAt,
});

async function addVersion(tx: Tx, { role, digest, by, entry }: StoredVersion): Promise<void> {
  const { folded: _, changed_at, ...columns } = columnsOf(role);
  await tx
    .insertInto('custom_role_versions')
    .values({ role_id: role.id, ...columns, digest, changed_by: by, at: changed_at })
    .execute();
  await appendEntry(tx, entry);
}

const toRole = (row: Schema['custom_roles']): CustomRole => ({
  id: customRoleIdSchema.parse(row.id),
  name: row.name,
  description: row.description,
  rights: customRights(row.rights),
  version: row.version,
  createdAt: row.created_at,
  changedAt: row.changed_at,
});
