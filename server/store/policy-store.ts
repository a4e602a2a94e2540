import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { canonicalText } from '../../shared/order/canonical.ts';
import { policyDocumentSchema } from '../../shared/policy/policy-document.ts';
import type { VersionsInUse } from '../../shared/policy/staged-rollout.ts';
import {
  type DeviceId,
  deviceIdSchema,
  type GroupId,
  groupIdSchema,
  type PolicyId,
  policyIdSchema,
} from '../../shared/protocol/ids.ts';
import type { Policy, PolicyVersion, PolicyStore as Port } from '../policies/ports.ts';
import { appendEntry } from './append-entries.ts';
import { tableOf } from './bulk.ts';
import type { Database, Tx } from './database.ts';
import { devicesAfter } from './device-range.ts';
import { isMember, withinScope } from './device-scope.ts';
import type { Schema } from './schema.ts';

export class PolicyStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async policies(): Promise<Policy[]> {
    const { db } = this.#database;
    const [rows, groups, newest] = await Promise.all([
      db.selectFrom('policies').selectAll().orderBy('precedence').orderBy('id').execute(),
      db.selectFrom('policy_groups').selectAll().orderBy('group_id').execute(),
      db
        .selectFrom('policy_versions')
        .select(({ fn }) => ['policy_id', fn.max('version').as('version')])
        .groupBy('policy_id')
        .execute(),
    ]);
    const newestOf = new Map(newest.map((row) => [row.policy_id, Number(row.version)]));
    return rows.map((row) => ({
      id: policyIdSchema.parse(row.id),
      name: row.name,
      precedence: row.precedence,
      current: row.current_version,
      next:
        row.next_version === null || row.next_percent === null
          ? null
          : { version: row.next_version, percent: row.next_percent },
      createdAt: row.created_at,
      groups: groups.filter((each) => each.policy_id === row.id).map((each) => groupIdSchema.parse(each.group_id)),
      newestVersion: newestOf.get(row.id) ?? 0,
    }));
  }

  async versions(policy: PolicyId, before: number | null, limit: number): Promise<PolicyVersion[]> {
    const rows = await this.#database.db
      .selectFrom('policy_versions')
      .selectAll()
      .where('policy_id', '=', policy)
      .$if(before !== null, (all) => all.where('version', '<', before ?? 0))
      .orderBy('version', 'desc')
      .limit(limit)
      .execute();
    return rows.map(versionOf);
  }

  async version(policy: PolicyId, version: number): Promise<PolicyVersion | null> {
    const row = await this.#database.db
      .selectFrom('policy_versions')
      .selectAll()
      .where('policy_id', '=', policy)
      .where('version', '=', version)
      .executeTakeFirst();
    return row ? versionOf(row) : null;
  }

  insert(
    { id, name, createdAt }: Pick<Policy, 'id' | 'name' | 'createdAt'>,
    first: PolicyVersion,
    most: number,
    entry: EntryDraft,
  ): Promise<void> {
    return this.#database.transaction(async (tx) => {
      await requireFreeName(tx, name, null);
      const { count, last } = await tx
        .selectFrom('policies')
        .select(({ fn }) => [fn.countAll().as('count'), fn.max('precedence').as('last')])
        .executeTakeFirstOrThrow();
      if (Number(count) >= most) throw new CordonError('conflict', `There are ${most} policies. Delete one first.`);
      const versions = { current_version: null, next_version: null, next_percent: null };
      const row = { id, name, precedence: Number(last ?? 0) + 1, ...versions, created_at: createdAt };
      await tx.insertInto('policies').values(row).execute();
      await tx.insertInto('policy_versions').values(rowOf(first)).execute();
      await appendEntry(tx, entry);
    });
  }

  addVersion(version: PolicyVersion, entry: EntryDraft): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const { newest } = await tx
        .selectFrom('policy_versions')
        .select(({ fn }) => fn.max('version').as('newest'))
        .where('policy_id', '=', version.policy)
        .executeTakeFirstOrThrow();
      if (newest === null) throw new CordonError('not_found', 'There is no such policy.', { policy: version.policy });
      if (Number(newest) !== version.version - 1) {
        const detail = `The policy now has version ${newest}. Review it, and create your version again.`;
        throw new CordonError('conflict', detail, { newest: Number(newest) });
      }
      await tx.insertInto('policy_versions').values(rowOf(version)).execute();
      await appendEntry(tx, entry);
    });
  }

  rename(policy: PolicyId, name: string): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      await requireFreeName(tx, name, policy);
      const { numUpdatedRows } = await tx
        .updateTable('policies')
        .set({ name })
        .where('id', '=', policy)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    });
  }

  assign(policy: PolicyId, groups: readonly GroupId[], entry: EntryDraft): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      if (!(await exists(tx, policy))) return false;
      for (const group of groups) {
        const found = await tx.selectFrom('groups').select('id').where('id', '=', group).executeTakeFirst();
        if (!found) throw new CordonError('not_found', 'There is no such group.', { group });
      }
      await tx.deleteFrom('policy_groups').where('policy_id', '=', policy).execute();
      const rows = [...new Set(groups)].map((group_id) => ({ policy_id: policy, group_id }));
      if (rows.length > 0) await tx.insertInto('policy_groups').values(rows).execute();
      await appendEntry(tx, entry);
      return true;
    });
  }

  setVersions(policy: PolicyId, { current, next }: VersionsInUse, entry: EntryDraft): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      const { numUpdatedRows } = await tx
        .updateTable('policies')
        .set({ current_version: current, next_version: next?.version ?? null, next_percent: next?.percent ?? null })
        .where('id', '=', policy)
        .executeTakeFirst();
      if (numUpdatedRows > 0n) await appendEntry(tx, entry);
      return numUpdatedRows > 0n;
    });
  }

  order(policies: readonly PolicyId[], entry: EntryDraft): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const rows = await tx.selectFrom('policies').select('id').execute();
      const known = new Set<string>(rows.map(({ id }) => id));
      const isComplete = new Set(policies).size === policies.length && policies.every((id) => known.has(id));
      if (!isComplete || known.size !== policies.length) {
        throw new CordonError('conflict', 'The list does not name each policy once. Load the policies again.');
      }
      for (const [index, id] of policies.entries()) {
        await tx
          .updateTable('policies')
          .set({ precedence: index + 1 })
          .where('id', '=', id)
          .execute();
      }
      await appendEntry(tx, entry);
    });
  }

  remove(policy: PolicyId, entry: EntryDraft): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      if (!(await exists(tx, policy))) return false;
      const assigned = tx.selectFrom('policy_groups').select('group_id').where('policy_id', '=', policy).limit(1);
      if (await assigned.executeTakeFirst()) {
        const detail = 'The policy is assigned to a group. Remove its groups first.';
        throw new CordonError('conflict', detail, { policy });
      }
      await tx.deleteFrom('policy_versions').where('policy_id', '=', policy).execute();
      await tx.deleteFrom('policies').where('id', '=', policy).execute();
      await appendEntry(tx, entry);
      return true;
    });
  }

  async groupsOf(devices: readonly DeviceId[]): Promise<ReadonlyMap<DeviceId, readonly GroupId[]>> {
    if (devices.length === 0) return new Map();
    const asked = tableOf(
      ['text'],
      devices.map((device) => [device]),
    );
    const { rows } = await sql<{ id: string; group_id: string }>`
      select devices.id, devices.group_id from ${asked} as v cross join devices
      where devices.id = v.column1 and devices.status = 'active'
      union select devices.id, m.group_id from ${asked} as v cross join devices cross join group_members m
      where devices.id = v.column1 and devices.status = 'active' and m.device_id = devices.id`.execute(
      this.#database.db,
    );
    const groups = Map.groupBy(rows, ({ id }) => deviceIdSchema.parse(id));
    return new Map(
      [...groups].map(([device, own]) => [device, own.map(({ group_id }) => groupIdSchema.parse(group_id)).sort()]),
    );
  }

  async devices({ scope, groups, after, limit }: Parameters<Port['devices']>[0]): Promise<DeviceId[]> {
    if (groups?.length === 0) return [];
    return devicesAfter(this.#database, { after: after ?? '', limit }, (lookup) => {
      const members = groups?.map((group) => isMember(group, lookup));
      return sql`devices.status = 'active' and ${withinScope(scope, lookup)}
        and ${members ? sql`(${sql.join(members, sql` or `)})` : sql`1 = 1`}`;
    });
  }
}

async function requireFreeName(tx: Tx, name: string, except: PolicyId | null): Promise<void> {
  const other = tx.selectFrom('policies').select('id').where('name', '=', name);
  const found = await other.$if(except !== null, (all) => all.where('id', '!=', except ?? '')).executeTakeFirst();
  if (found) throw new CordonError('conflict', 'Another policy has this name. Choose another name.', { name });
}

const exists = async (tx: Tx, policy: PolicyId): Promise<boolean> =>
  (await tx.selectFrom('policies').select('id').where('id', '=', policy).executeTakeFirst()) !== undefined;

const rowOf = ({ policy, version, document, digest, note, createdAt, createdBy }: PolicyVersion) => ({
  policy_id: policy,
  version,
  body: canonicalText(document),
  digest,
  note,
  created_at: createdAt,
  created_by: createdBy,
});

const versionOf = (row: Schema['policy_versions']): PolicyVersion => ({
  policy: policyIdSchema.parse(row.policy_id),
  version: row.version,
  document: policyDocumentSchema.parse(JSON.parse(row.body)),
  digest: row.digest,
  note: row.note,
  createdAt: row.created_at,
  createdBy: row.created_by,
});
