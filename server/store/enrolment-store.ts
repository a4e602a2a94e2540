/** Activation codes, and the certificates that come of them. */
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { LeafDraft } from '../../shared/ledger/leaf.ts';
import { type DeviceId, deviceIdSchema, groupIdSchema, personIdSchema } from '../../shared/protocol/ids.ts';
import type {
  EnrolmentStore as EnrolmentPort,
  HeldCertificate,
  NewCertificate,
  NewCode,
  Recorded,
  RedeemableCode,
  Redemption,
  Renewal,
  StoredCode,
} from '../enrolment/ports.ts';
import { refusedByHold } from '../holds/holds.ts';
import { areaOf } from './area-column.ts';
import { insertOf, tableOf } from './bulk.ts';
import { cancelCommandsOf } from './command-store.ts';
import type { Database, Db, Tx } from './database.ts';
import { groupedReads } from './grouped-reads.ts';
import { isHeld } from './held-devices.ts';
import { rememberDevices, rememberNewDevices } from './history.ts';
import { dropKeyPackages } from './key-package-store.ts';
import { appendLeaf, appendLeaves } from './leaves.ts';
import { purgeMailbox } from './mailbox-rows.ts';
import { requireMember } from './people-store.ts';
import type { Schema } from './schema.ts';

/**
 * Real milliseconds. Whoever asks for a code is about to redeem it, so those that ask within this share their statements and the commit that
 * follows. Nobody minds waiting so long once in a device's life; for a fleet that enrols, it is most of what the store costs.
 */
const PATIENCE = 10;
/** What follows is computed for all of them in one turn of the loop: some 200 µs each. */
const TOGETHER = 64;

/** Takes one row out of a grouped flush without its changes: the flush is done again, and this row then fails alone. */
class Undone extends Error {
  readonly outcome: Exclude<Recorded, 'recorded'>;

  constructor(outcome: Exclude<Recorded, 'recorded'>) {
    super(outcome);
    this.outcome = outcome;
  }
}

export class EnrolmentStore implements EnrolmentPort {
  readonly #database: Database;
  readonly #redeemableOf = groupedReads((ids: readonly DeviceId[]) => this.#readRedeemable(ids), {
    most: TOGETHER,
    patience: PATIENCE,
  });
  readonly #redeem: (row: Redemption) => Promise<void>;
  readonly #renew: (row: Renewal) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.#redeem = database.grouped(redeem);
    this.#renew = database.grouped(async (tx, rows) => {
      for (const row of rows) await renew(tx, row);
    });
  }

  addCode(code: NewCode): Promise<void> {
    return this.#database.transaction(async (tx) => {
      await requireGroup(tx, code);
      await requireMember(tx, code.person, code.group);
      await tx.insertInto('activation_codes').values(codeRow(code)).execute();
    });
  }

  reopenCode(code: NewCode): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const device = await tx.selectFrom('devices').select('group_id').where('id', '=', code.id).executeTakeFirst();
      if (!device) throw new CordonError('not_found', 'There is no such device.', { device: code.id });
      if (device.group_id !== code.group) {
        const detail = 'The device is in another group: name that one, or move the device first.';
        throw new CordonError('conflict', detail, { device: code.id });
      }
      await requireMember(tx, code.person, code.group);
      if (await isHeld(tx, code.id)) throw refusedByHold(code.id);
      const row = codeRow(code);
      await tx
        .insertInto('activation_codes')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    });
  }

  async cancelCode(id: DeviceId, at: number): Promise<boolean> {
    const { numUpdatedRows } = await this.#database.db
      .updateTable('activation_codes')
      .set({ cancelled_at: at })
      .where('id', '=', id)
      .where('used_at', 'is', null)
      .where('cancelled_at', 'is', null)
      .executeTakeFirst();
    return numUpdatedRows > 0;
  }

  async codes(): Promise<StoredCode[]> {
    const rows = await selectCodes(this.#database.db).orderBy('code.created_at', 'desc').orderBy('code.id').execute();
    return rows.map(codeOf);
  }

  async redeemable(id: DeviceId): Promise<RedeemableCode | null> {
    return (await this.#redeemableOf(id)) ?? null;
  }

  async #readRedeemable(ids: readonly DeviceId[]): Promise<Map<DeviceId, RedeemableCode>> {
    const rows = await selectCodes(this.#database.db)
      .innerJoin('groups', (join) => join.on('groups.id', '=', GROUP))
      .select(['groups.home as group_home', 'groups.seat as group_seat', 'devices.stated_home', 'devices.generation'])
      .where('code.id', 'in', ids)
      .execute();
    const read = rows.map((row) => {
      const code = codeOf(row);
      return {
        code,
        home: areaOf(row.stated_home) ?? code.home ?? areaOf(row.group_home),
        seat: code.seat ?? areaOf(row.group_seat),
        generation: row.generation,
      };
    });
    return new Map(read.map((found) => [found.code.id, found]));
  }

  redeem(redemption: Redemption): Promise<Recorded> {
    return outcomeOf(this.#redeem(redemption));
  }

  renew(renewal: Renewal): Promise<Recorded> {
    return outcomeOf(this.#renew(renewal));
  }

  async certificateOf(device: DeviceId): Promise<HeldCertificate | null> {
    const row = await this.#database.db
      .selectFrom('certificates')
      .innerJoin('devices', (join) =>
        join
          .onRef('devices.id', '=', 'certificates.device_id')
          .onRef('devices.generation', '=', 'certificates.generation'),
      )
      .select(['certificates.der', 'certificates.not_after', 'devices.generation'])
      .where('certificates.device_id', '=', device)
      .where('certificates.profile', '=', 'device')
      .where('devices.status', '=', 'active')
      .where('certificates.revoked_at', 'is', null)
      .where('certificates.superseded_at', 'is', null)
      .orderBy('certificates.issued_at', 'desc')
      .executeTakeFirst();
    if (!row) return null;
    return { der: Buffer.from(row.der, 'base64'), generation: row.generation, notAfter: row.not_after };
  }

  recordOwn(certificate: NewCertificate, leaf: LeafDraft<'ca.created' | 'certificate.issued'>): Promise<void> {
    return this.#database.transaction(async (tx) => {
      if (await insertCertificates(tx, [{ certificate, holder: null }])) await appendLeaf(tx, leaf);
    });
  }
}

async function outcomeOf(write: Promise<void>): Promise<Recorded> {
  try {
    await write;
    return 'recorded';
  } catch (error) {
    if (error instanceof Undone) return error.outcome;
    throw error;
  }
}

/** The group in which a device is, or will be. */
const GROUP = sql<string>`coalesce(devices.group_id, code.group_id)`;

/** With what a device that is there has of its own: that stays, where the code names no other. */
function selectCodes(db: Db) {
  return db
    .selectFrom('activation_codes as code')
    .innerJoin('persons', 'persons.id', 'code.person_id')
    .leftJoin('devices', 'devices.id', 'code.id')
    .selectAll('code')
    .select('persons.name as user_name')
    .select([GROUP.as('in_group'), 'devices.home as own_home', 'devices.seat as own_seat']);
}

type CodeRow = Awaited<ReturnType<ReturnType<typeof selectCodes>['executeTakeFirstOrThrow']>>;

/** All or none of them: of several, none is done when one cannot be, and each is then tried alone. */
async function redeem(tx: Tx, rows: readonly Redemption[]): Promise<void> {
  const table = tableOf(
    ['text', 'text', 'bigint'],
    rows.map(({ id, secretHash, at }) => [id, secretHash, at]),
  );
  const { rows: codes } = await sql<Code>`
    update activation_codes set used_at = v.column3 from ${table} as v
    where id = v.column1 and secret_hash = v.column2
      and used_at is null and cancelled_at is null and expires_at > v.column3
    returning id, person_id, group_id, home, seat,
      (select name from persons where persons.id = activation_codes.person_id) as user_name`.execute(tx);
  const good = new Map(codes.map(({ id, ...code }) => [id, code]));
  const states = rows.map((row) => {
    const code = good.get(row.id);
    if (!code) throw new Undone('lost');
    const { generation, enrolledAt: enrolled_at } = row;
    return { row, state: { ...code, generation, status: 'active', enrolled_at } } as const;
  });
  const newcomers = states.filter(({ row }) => row.generation === 1);
  if (newcomers.length > 0 && (await insertDevices(tx, newcomers)) !== newcomers.length) throw new Undone('lost');
  if (newcomers.length > 0) {
    await rememberNewDevices(
      tx,
      newcomers.map(({ row }) => row.id),
    );
  }
  for (const { row, state } of states.filter(({ row }) => row.generation > 1)) {
    // What waits for the enrolment before would go.
    if (await isHeld(tx, row.id)) throw new Undone('legal_hold');
    const { group_id: _, home, seat, ...again } = state;
    const { numUpdatedRows } = await tx
      .updateTable('devices')
      .set({ ...again, ended_at: null, ...(home === null ? {} : { home }), ...(seat === null ? {} : { seat }) })
      .where('id', '=', row.id)
      .where('generation', '=', row.generation - 1)
      .executeTakeFirst();
    if (numUpdatedRows === 0n) throw new Undone('lost');
    await rememberDevices(tx, [row.id], row.enrolledAt);
    await revokeEarlier(tx, row.id, row.at, row.revoked);
    await cancelCommandsOf(tx, row.id, row.at, 'The device was enrolled again.');
    await purgeMailbox(tx, row.id, row.enrolledAt);
    await dropKeyPackages(tx, row.id);
  }
  const certificates = rows.map(({ id, generation, certificate }) => ({ certificate, holder: { id, generation } }));
  if (!(await insertCertificates(tx, certificates))) throw new Undone('serial_taken');
  await appendLeaves(
    tx,
    rows.map(({ issued }) => issued),
  );
}

type Code = Pick<Schema['activation_codes'], 'id' | 'person_id' | 'group_id' | 'home' | 'seat'> &
  Pick<Schema['devices'], 'user_name'>;
type State = Omit<Code, 'id'> & Pick<Schema['devices'], 'generation' | 'status' | 'enrolled_at'>;

/** How many were new. */
export async function insertDevices(
  tx: Tx,
  newcomers: readonly { readonly row: Redemption; readonly state: State }[],
): Promise<number> {
  const devices = insertOf(
    'devices',
    {
      id: 'text',
      person_id: 'text',
      user_name: 'text',
      group_id: 'text',
      home: 'text',
      seat: 'text',
      generation: 'bigint',
      status: 'text',
      enrolled_at: 'bigint',
      record_version: 'bigint',
    },
    newcomers.map(({ row, state }) => {
      const { person_id, user_name, group_id, home, seat, generation, status, enrolled_at } = state;
      return [row.id, person_id, user_name, group_id, home, seat, generation, status, enrolled_at, 0];
    }),
  );
  const { rows } = await sql`${devices} on conflict (id) do nothing returning id`.execute(tx);
  return rows.length;
}

export async function revokeEarlier(tx: Tx, id: DeviceId, at: number, leaf: Redemption['revoked']): Promise<void> {
  const revoked = await tx
    .updateTable('certificates')
    // RFC 5280, section 5.3.1: `superseded`.
    .set({ revoked_at: at, revocation_reason: 4 })
    .where('device_id', '=', id)
    .where('revoked_at', 'is', null)
    .returning('serial')
    .execute();
  for (const { serial } of revoked) await appendLeaf(tx, leaf(serial));
}

async function renew(tx: Tx, { device, generation, certificate, issued }: Renewal): Promise<void> {
  const active = await tx
    .selectFrom('devices')
    .select('id')
    .where('id', '=', device)
    .where('generation', '=', generation)
    .where('status', '=', 'active')
    .executeTakeFirst();
  if (!active) throw new Undone('lost');
  if (!(await insertCertificates(tx, [{ certificate, holder: { id: device, generation } }])))
    throw new Undone('serial_taken');
  await appendLeaf(tx, issued);
}

interface Held {
  readonly certificate: NewCertificate;
  /** Null for the authority's own. */
  readonly holder: { readonly id: DeviceId; readonly generation: number } | null;
}

/** False when a serial is taken. */
export async function insertCertificates(tx: Tx, rows: readonly Held[]): Promise<boolean> {
  const certificates = insertOf(
    'certificates',
    {
      serial: 'text',
      device_id: 'text',
      generation: 'bigint',
      profile: 'text',
      fingerprint: 'text',
      der: 'text',
      not_before: 'bigint',
      not_after: 'bigint',
      issued_at: 'bigint',
    },
    rows.map(({ certificate, holder }) => [
      certificate.serial,
      holder?.id ?? null,
      holder?.generation ?? null,
      certificate.profile,
      certificate.fingerprint,
      certificate.der.toString('base64'),
      certificate.notBefore,
      certificate.notAfter,
      certificate.issuedAt,
    ]),
  );
  const { rows: inserted } = await sql`${certificates} on conflict (serial) do nothing returning serial`.execute(tx);
  return inserted.length === rows.length;
}

async function requireGroup(tx: Tx, { group }: NewCode): Promise<void> {
  const found = await tx.selectFrom('groups').select('id').where('id', '=', group).executeTakeFirst();
  if (!found) throw new CordonError('not_found', 'There is no such group; list them with GET /groups.', { group });
}

function codeRow(code: NewCode): Schema['activation_codes'] {
  return {
    id: code.id,
    secret_hash: code.secretHash,
    person_id: code.person,
    group_id: code.group,
    home: code.home,
    seat: code.seat,
    created_by: code.by,
    created_at: code.createdAt,
    expires_at: code.expiresAt,
    used_at: null,
    cancelled_at: null,
  };
}

function codeOf(row: CodeRow): StoredCode {
  return {
    id: deviceIdSchema.parse(row.id),
    secretHash: row.secret_hash,
    person: personIdSchema.parse(row.person_id),
    user: row.user_name,
    group: groupIdSchema.parse(row.in_group),
    home: areaOf(row.home ?? row.own_home),
    seat: areaOf(row.seat ?? row.own_seat),
    by: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    usedAt: row.used_at,
    cancelledAt: row.cancelled_at,
  };
}
