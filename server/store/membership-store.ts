/** Store of messaging keys and of the signatures on their certificates. */
import { sql } from 'kysely';
import { type DeviceId, deviceIdSchema, groupIdSchema } from '../../shared/protocol/ids.ts';
import type {
  KeyQuery,
  KeyRow,
  KeySignature,
  ListedKey,
  MemberScope,
  NewSignature,
  OtherDevice,
  MembershipStore as Port,
  SignedKey,
} from '../membership/ports.ts';
import { appendEntries } from './append-entries.ts';
import { insertOf } from './bulk.ts';
import type { Database, Tx } from './database.ts';
import { withinScope } from './device-scope.ts';
import type { Schema } from './schema.ts';

type NewKey = Parameters<Port['certify']>[0];
type Row = Schema['messaging_keys'];

export class MembershipStore implements Port {
  readonly #database: Database;
  /** Milliseconds for which a key waits to share a commit. After an update, many devices send their keys at once. */
  readonly #certify: (row: { readonly key: NewKey; readonly signature: NewSignature }) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.#certify = database.grouped(async (tx, rows) => {
      const added: NewSignature[] = [];
      for (const { key, signature } of rows) if (await insertKey(tx, key)) added.push(signature);
      await insertSignatures(tx, added);
    });
  }

  async keyOf(device: DeviceId, generation: number): Promise<SignedKey | null> {
    const row = await this.#database.db
      .selectFrom('messaging_keys')
      .selectAll()
      .where('device_id', '=', device)
      .where('generation', '=', generation)
      .executeTakeFirst();
    return row ? ((await this.#signed([row]))[0] ?? null) : null;
  }

  async certify(key: NewKey, signature: NewSignature): Promise<void> {
    await this.#certify({ key, signature });
  }

  async sign(signatures: readonly NewSignature[]): Promise<void> {
    await this.#database.transaction(async (tx) => {
      const there = await tx
        .selectFrom('messaging_signatures')
        .select(['device_id', 'generation', 'keyid'])
        .where(
          'device_id',
          'in',
          signatures.map(({ key }) => key.device),
        )
        .execute();
      const known = new Set(there.map(({ device_id, generation, keyid }) => `${device_id} ${generation} ${keyid}`));
      const added = signatures.filter(({ key: { device, generation }, keyid }) => {
        const name = `${device} ${generation} ${keyid}`;
        return !known.has(name) && known.add(name);
      });
      await insertSignatures(tx, added);
    });
  }

  async present(digests: readonly string[], scope: MemberScope): Promise<KeyRow[]> {
    const rows = await this.#present()
      .where('messaging_keys.digest', 'in', [...digests])
      .where(within(scope))
      .execute();
    return rows.map(keyOf);
  }

  async list({ waiting, lacking, group, scope, after, limit }: KeyQuery): Promise<ListedKey[]> {
    const rows = await this.#present()
      .select('devices.group_id')
      // A subquery, because SQLite might start a join with `groups`.
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
    const signed = await this.#signed(rows);
    const others = await this.#otherDevices([...new Set(rows.map(({ person_id }) => person_id))], scope);
    const codeBy = await this.#codesBy(rows.map(({ device_id }) => device_id));
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

  async members({ people, devices }: Parameters<Port['members']>[0]): Promise<SignedKey[]> {
    const member = () => this.#present().where(sql<boolean>`messaging_keys.unverified = 0`);
    const [ofPeople, ofDevices] = await Promise.all([
      people.length === 0
        ? []
        : member()
            .where('messaging_keys.person_id', 'in', [...people])
            .orderBy('messaging_keys.certified_at')
            .execute(),
      devices.length === 0
        ? []
        : member()
            .where('messaging_keys.device_id', 'in', [...devices])
            .execute(),
    ]);
    const rows = new Map([...ofPeople, ...ofDevices].map((row) => [row.device_id, row]));
    return this.#signed([...rows.values()]);
  }

  async search(folded: string, limit: number) {
    const pattern = `%${folded.replace(/[\\%_]/g, '\\$&')}%`;
    const { rows } = await sql<{ person: string; name: string; devices: number }>`
      select messaging_keys.person_id as person, max(name) as name, count(*) as devices
      from messaging_keys inner join devices
        on devices.id = messaging_keys.device_id and devices.generation = messaging_keys.generation
      where folded like ${pattern} escape '\\' and unverified = 0 and ${ACTIVE}
      group by folded, messaging_keys.person_id order by folded, messaging_keys.person_id limit ${limit}`.execute(
      this.#database.db,
    );
    return rows.map((row) => ({ ...row, devices: Number(row.devices) }));
  }

  async peopleOf(device: DeviceId): Promise<string[]> {
    const rows = await this.#database.db
      .selectFrom('messaging_keys')
      .select('person_id')
      .distinct()
      .where('device_id', '=', device)
      .execute();
    return rows.map(({ person_id }) => person_id);
  }

  async #otherDevices(people: readonly string[], scope: MemberScope): Promise<Map<string, OtherDevice[]>> {
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
      ) as numbered where place <= ${MOST_OTHERS + 1} order by place`.execute(this.#database.db);
    const found = new Map<string, OtherDevice[]>();
    for (const { person_id, id, hostname, enrolled_at, verified } of rows) {
      const other = { device: deviceIdSchema.parse(id), hostname, enrolledAt: enrolled_at, verified: verified === 1 };
      found.set(person_id, [...(found.get(person_id) ?? []), other]);
    }
    return found;
  }

  async #codesBy(devices: readonly string[]): Promise<Map<string, NonNullable<ListedKey['codeBy']>>> {
    if (devices.length === 0) return new Map();
    const { rows } = await sql<{ id: string; account: string; name: string | null; whole: number }>`
      select code.id, code.created_by as account, accounts.name,
        case when exists (select 1 from role_grants as r where r.account_id = code.created_by
          and r.group_id is null and r.area is null and r.role in ('owner', 'fleet', 'helpdesk')) then 1 else 0 end as whole
      from activation_codes as code left join accounts on accounts.id = code.created_by
      where code.id in (${sql.join([...devices])})`.execute(this.#database.db);
    return new Map(
      rows.map(({ id, account, name, whole }) => [id, { account, name: name ?? account, scoped: whole === 0 }]),
    );
  }

  #present() {
    return this.#database.db
      .selectFrom('messaging_keys')
      .innerJoin('devices', (join) =>
        join
          .onRef('devices.id', '=', 'messaging_keys.device_id')
          .onRef('devices.generation', '=', 'messaging_keys.generation'),
      )
      .selectAll('messaging_keys')
      .where(ACTIVE);
  }

  async #signed(rows: readonly Row[]): Promise<SignedKey[]> {
    if (rows.length === 0) return [];
    const signatures = await this.#database.db
      .selectFrom('messaging_signatures as s')
      .innerJoin('ledger_entries as entry', 'entry.id', 's.entry_id')
      .select(['s.device_id', 's.generation', 's.keyid', 's.role', 's.signature', 'entry.entry_index'])
      .where(
        's.device_id',
        'in',
        rows.map((row) => row.device_id),
      )
      .orderBy('s.entry_id')
      .execute();
    const byKey = Map.groupBy(signatures, (each) => `${each.device_id} ${each.generation}`);
    return rows.map((row) => ({
      ...keyOf(row),
      signatures: (byKey.get(`${row.device_id} ${row.generation}`) ?? []).map(
        ({ keyid, role, signature, entry_index }): KeySignature => ({
          keyid,
          role,
          signature,
          entryIndex: entry_index === null ? null : Number(entry_index),
        }),
      ),
    }));
  }
}

/** Maximum number of a user's other devices in one row of a list. */
const MOST_OTHERS = 20;

/**
 * `is true` hides the condition on `devices` from the indexes: without statistics, SQLite would start with the whole fleet and not with the
 * few keys.
 */
const ACTIVE = sql<boolean>`(devices.status = 'active') is true`;
const within = (scope: MemberScope) => sql<boolean>`(${withinScope(scope)}) is true`;
/** Condition of the partial index. The database uses the index only for an equal condition. */
const WAITING = sql<boolean>`messaging_keys.unverified = 1`;

/** Stores a messaging key. Returns true if the key is new and belongs to the present enrollment of an active device. */
async function insertKey(tx: Tx, key: NewKey): Promise<boolean> {
  const { rows } = await sql`
    insert into messaging_keys
      (device_id, generation, person_id, name, folded, signature_key, payload, digest, certified_at, unverified)
    select devices.id, devices.generation, ${key.person}, ${key.name}, ${key.folded}, ${key.signatureKey},
      ${key.payload}, ${key.digest}, ${sql.lit(key.certifiedAt)}, 1
    from devices
    where devices.id = ${key.device} and devices.generation = ${key.generation} and devices.status = 'active'
    on conflict (device_id, generation) do nothing returning device_id`.execute(tx);
  return rows.length > 0;
}

async function insertSignatures(tx: Tx, signatures: readonly NewSignature[]): Promise<void> {
  if (signatures.length === 0) return;
  const entries = await appendEntries(
    tx,
    signatures.map(({ entry }) => entry),
  );
  await insertOf(
    'messaging_signatures',
    {
      device_id: 'text',
      generation: 'bigint',
      keyid: 'text',
      role: 'text',
      signature: 'text',
      entry_id: 'bigint',
    },
    signatures.map(({ key, keyid, role, signature }, index) => [
      key.device,
      key.generation,
      keyid,
      role,
      signature,
      entries[index] ?? null,
    ]),
  ).execute(tx);
  const countersigned = signatures.filter(({ role }) => role === 'organization').map(({ key }) => key.device);
  if (countersigned.length === 0) return;
  await sql`update messaging_keys set unverified = 0 where unverified = 1 and exists (
    select 1 from messaging_signatures as s where s.device_id = messaging_keys.device_id
      and s.generation = messaging_keys.generation and s.role = 'organization')
    and device_id in (${sql.join(countersigned)})`.execute(tx);
}

function keyOf(row: Row): KeyRow {
  return {
    device: deviceIdSchema.parse(row.device_id),
    generation: row.generation,
    person: row.person_id,
    name: row.name,
    signatureKey: row.signature_key,
    payload: row.payload,
    digest: row.digest,
    certifiedAt: row.certified_at,
  };
}
