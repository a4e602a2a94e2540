/** Store of the organization's countersignatures, and of the messaging keys that wait for a countersignature. */
import { sql } from 'kysely';
import { deviceIdSchema, groupIdSchema } from '../../shared/protocol/ids.ts';
import { RIGHTS } from '../admins/rights.ts';
import type {
  KeyQuery,
  KeyRow,
  ListedKey,
  MemberScope,
  NewSignature,
  OtherDevice,
  CountersignatureStore as Port,
} from '../membership/ports.ts';
import { customRights } from './account-rows.ts';
import type { Database, Db } from './database.ts';
import { withinScope } from './device-scope.ts';
import {
  ACTIVE,
  insertSignatures,
  keyRow,
  presentKeys,
  WAITING,
  within,
  withSignatures,
} from './messaging-key-rows.ts';

const MOST_OTHERS = 20;

export class CountersignatureStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async present(digests: readonly string[], scope: MemberScope): Promise<KeyRow[]> {
    const rows = await presentKeys(this.#database.db)
      .where('messaging_keys.digest', 'in', [...digests])
      .where(within(scope))
      .execute();
    return rows.map(keyRow);
  }

  async list({ waiting, lacking, group, scope, after, limit }: KeyQuery): Promise<ListedKey[]> {
    const rows = await presentKeys(this.#database.db)
      .select('devices.group_id')
      // A subquery is used, because with a join SQLite might read `groups` first.
      .select(({ selectFrom }) =>
        selectFrom('groups').select('name').whereRef('groups.id', '=', 'devices.group_id').as('group_name'),
      )
      .where(within(scope))
      .$if(waiting, (query) => query.where(WAITING))
      .$if(lacking !== null, (query) =>
        query.where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom('messaging_signatures as s')
                .select('s.keyid')
                .whereRef('s.device_id', '=', 'messaging_keys.device_id')
                .whereRef('s.generation', '=', 'messaging_keys.generation')
                .where('s.keyid', '=', lacking),
            ),
          ),
        ),
      )
      .$if(group !== null, (query) =>
        query.where(sql<boolean>`(devices.group_id in (select id from groups where name = ${group})) is true`),
      )
      .$if(after !== null, (query) =>
        query.where(
          sql<boolean>`(messaging_keys.certified_at, messaging_keys.device_id) > (${after?.certifiedAt}, ${after?.device})`,
        ),
      )
      .orderBy('messaging_keys.certified_at')
      .orderBy('messaging_keys.device_id')
      .limit(limit)
      .execute();
    const signed = await withSignatures(this.#database.db, rows);
    const others = await otherDevices(this.#database.db, [...new Set(rows.map(({ person_id }) => person_id))], scope);
    const codeBy = await codesBy(
      this.#database.db,
      rows.map(({ device_id }) => device_id),
    );
    return rows.flatMap(({ group_id, group_name, device_id, person_id }, at) => {
      const key = signed[at];
      if (!key) return [];
      return [
        {
          ...key,
          group: { id: groupIdSchema.parse(group_id), name: group_name ?? '' },
          others: (others.get(person_id) ?? []).filter(({ device }) => device !== device_id).slice(0, MOST_OTHERS),
          codeBy: codeBy.get(device_id) ?? null,
        },
      ];
    });
  }

  async waiting(scope: MemberScope): Promise<number> {
    const { count } = await this.#database.db
      .selectFrom('messaging_keys')
      .innerJoin('devices', (join) =>
        join
          .onRef('devices.id', '=', 'messaging_keys.device_id')
          .onRef('devices.generation', '=', 'messaging_keys.generation'),
      )
      .select(({ fn }) => fn.countAll<number>().as('count'))
      .where(ACTIVE)
      .where(WAITING)
      .where(within(scope))
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async settle(keyids: readonly string[]): Promise<void> {
    const signed =
      keyids.length === 0
        ? sql`1 = 0`
        : sql`exists (select 1 from messaging_signatures as s where s.device_id = messaging_keys.device_id
            and s.generation = messaging_keys.generation and s.keyid in (${sql.join([...keyids])}))`;
    await this.#database.transaction(async (tx) => {
      await sql`update messaging_keys set unverified = 0 where unverified = 1 and ${signed}`.execute(tx);
      await sql`update messaging_keys set unverified = 1 where unverified = 0 and not ${signed}`.execute(tx);
    });
  }

  async sign(signatures: readonly NewSignature[]): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const existing = await tx
        .selectFrom('messaging_signatures')
        .select(['device_id', 'generation', 'keyid'])
        .where(
          'device_id',
          'in',
          signatures.map(({ key }) => key.device),
        )
        .execute();
      const known = new Set(existing.map(({ device_id, generation, keyid }) => `${device_id} ${generation} ${keyid}`));
      const added = signatures.filter(({ key: { device, generation }, keyid }) => {
        const name = `${device} ${generation} ${keyid}`;
        return !known.has(name) && known.add(name);
      });
      await insertSignatures(tx, added);
    });
  }
}

async function otherDevices(
  db: Db,
  people: readonly string[],
  scope: MemberScope,
): Promise<Map<string, OtherDevice[]>> {
  if (people.length === 0) return new Map();
  const { rows } = await sql<{
    person_id: string;
    id: string;
    hostname: string | null;
    enrolled_at: number;
    verified: number;
  }>`
    select * from (
      select devices.person_id, devices.id, devices.enrolled_at,
        case when ${withinScope(scope)} then device_inventory.hostname end as hostname,
        case when exists (select 1 from messaging_keys as k where k.device_id = devices.id
          and k.generation = devices.generation and k.unverified = 0) then 1 else 0 end as verified,
        row_number() over (partition by devices.person_id order by devices.enrolled_at desc, devices.id) as place
      from devices left join device_inventory on device_inventory.device_id = devices.id
      where devices.person_id in (${sql.join([...people])}) and devices.status = 'active'
    ) as numbered where place <= ${MOST_OTHERS + 1} order by place`.execute(db);
  const found = new Map<string, OtherDevice[]>();
  for (const { person_id, id, hostname, enrolled_at, verified } of rows) {
    const other = { device: deviceIdSchema.parse(id), hostname, enrolledAt: enrolled_at, verified: verified === 1 };
    found.set(person_id, [...(found.get(person_id) ?? []), other]);
  }
  return found;
}

async function codesBy(db: Db, devices: readonly string[]): Promise<Map<string, NonNullable<ListedKey['codeBy']>>> {
  if (devices.length === 0) return new Map();
  const custom = await db.selectFrom('custom_roles').select(['id', 'rights']).execute();
  const roles = [
    ...RIGHTS['codes.create'].roles,
    ...custom.filter(({ rights }) => customRights(rights).includes('codes.create')).map(({ id }) => id),
  ];
  const { rows } = await sql<{ id: string; account: string; name: string | null; whole: number }>`
    select code.id, code.created_by as account, accounts.name,
      case when exists (select 1 from role_grants as r where r.account_id = code.created_by
        and r.group_id is null and r.area is null and r.role in (${sql.join(roles)})) then 1 else 0 end as whole
    from activation_codes as code left join accounts on accounts.id = code.created_by
    where code.id in (${sql.join([...devices])})`.execute(db);
  return new Map(
    rows.map(({ id, account, name, whole }) => [id, { account, name: name ?? account, scoped: whole === 0 }]),
  );
}
