import { sql } from 'kysely';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { createBatcher } from '../../shared/loops/batcher.ts';
import { type DeviceId, deviceIdSchema } from '../../shared/protocol/ids.ts';
import type {
  CurrentCertificate,
  EnrollmentStore as EnrollmentPort,
  NewCertificate,
  Personalia,
  Recorded,
  Redemption,
  Renewal,
} from '../enrollment/ports.ts';
import type { PersonSealer } from '../person-keys/person-keys.ts';
import { appendEntries, appendEntry } from './append-entries.ts';
import { areaOf } from './area-column.ts';
import { insertOf, tableOf } from './bulk.ts';
import { enrollmentChanges } from './certificate-cache.ts';
import { cancelCommandsOf } from './command-rows.ts';
import type { Database, Db, Tx } from './database.ts';
import { type DeviceRecordStore, insertRecords } from './device-record-store.ts';
import { recordEnrollments, type UsedCode } from './enrollment-records.ts';
import { rememberDevices, rememberNewDevices } from './history.ts';
import { dropKeyPackages } from './key-package-store.ts';
import { keyedQuery } from './keyed-query.ts';
import { purgeMailQueue } from './mail-rows.ts';
import { purgeMailbox } from './mailbox-rows.ts';
import { isUnderLegalHold, UNDER_LEGAL_HOLD } from './under-legal-hold.ts';

/** Error that rolls back a group of writes because of one row. The group then runs again row by row, and only the faulty row fails. */
class Undone extends Error {
  readonly outcome: Exclude<Recorded, 'recorded'>;

  constructor(outcome: Exclude<Recorded, 'recorded'>) {
    super(outcome);
    this.outcome = outcome;
  }
}

export class EnrollmentStore implements EnrollmentPort {
  readonly #database: Database;
  readonly #records: Pick<DeviceRecordStore, 'storing'>;
  readonly #redeem: (row: Redemption) => Promise<void>;
  readonly #renew: (row: Renewal) => Promise<void>;
  readonly #selectPersonalia: ReturnType<typeof personaliaIn>;
  readonly #personaliaOf = createBatcher((devices: readonly DeviceId[]) => this.#readPersonalia(devices));

  /** Creates the store. `sealer`: encrypts the details of each enrollment. */
  constructor(database: Database, records: Pick<DeviceRecordStore, 'storing'>, sealer: PersonSealer) {
    this.#database = database;
    this.#records = records;
    this.#selectPersonalia = personaliaIn(database.db);
    this.#redeem = database.grouped((tx, rows) => redeem(tx, sealer, rows));
    this.#renew = database.grouped(async (tx, rows) => {
      for (const row of rows) await renew(tx, row);
    });
  }

  redeem(redemption: Redemption): Promise<Recorded> {
    const { id, record } = redemption;
    const write = () => this.#redeem(redemption);
    return outcomeOf(record === null ? write() : this.#records.storing(id, record.version, write));
  }

  renew(renewal: Renewal): Promise<Recorded> {
    return outcomeOf(this.#renew(renewal));
  }

  async certificateOf(device: DeviceId, now: number): Promise<CurrentCertificate | null> {
    const row = await this.#database.db
      .selectFrom('certificates')
      .innerJoin('devices', (join) =>
        join
          .onRef('devices.id', '=', 'certificates.device_id')
          .onRef('devices.generation', '=', 'certificates.generation'),
      )
      .select(['certificates.der', 'certificates.not_before', 'certificates.not_after', 'devices.generation'])
      .where('certificates.device_id', '=', device)
      .where('certificates.profile', '=', 'device')
      .where('devices.status', '=', 'active')
      .where('certificates.revoked_at', 'is', null)
      .where('certificates.superseded_at', 'is', null)
      .orderBy(sql`case when certificates.not_before > ${now} then 1 else 0 end`)
      .orderBy('certificates.issued_at', 'desc')
      .executeTakeFirst();
    if (!row) return null;
    const { not_before: notBefore, not_after: notAfter, generation } = row;
    return { der: Buffer.from(row.der, 'base64'), generation, notBefore, notAfter };
  }

  async personalia(device: DeviceId): Promise<Personalia | null> {
    return (await this.#personaliaOf(device)) ?? null;
  }

  async #readPersonalia(devices: readonly DeviceId[]): Promise<Map<DeviceId, Personalia>> {
    const rows = await this.#selectPersonalia(devices);
    return new Map(
      rows.map(({ id, home, seat, name, mail_programs, under_hold }) => [
        deviceIdSchema.parse(id),
        {
          home: areaOf(home),
          seat: areaOf(seat),
          group: { name, mailPrograms: mail_programs === 1 },
          underLegalHold: under_hold === 1,
        },
      ]),
    );
  }

  recordOwn(certificate: NewCertificate, entry: EntryDraft<'ca.created' | 'certificate.issued'>): Promise<void> {
    return this.#database.transaction(async (tx) => {
      if (await insertCertificates(tx, [{ certificate, enrollment: null }])) await appendEntry(tx, entry);
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

/** Redeems all activation codes of a group of writes, or none. If one code cannot be redeemed, the writes run again code by code. */
async function redeem(tx: Tx, sealer: PersonSealer, rows: readonly Redemption[]): Promise<void> {
  const used = await useCodes(tx, rows);
  await addDevices(tx, rows);
  for (const row of rows) if (row.record === null) await enrollAgain(tx, row);
  const certificates = rows.map(({ id, generation, certificate }) => ({ certificate, enrollment: { id, generation } }));
  if (!(await insertCertificates(tx, certificates))) throw new Undone('serial_taken');
  await recordEnrollments(tx, sealer, rows, used);
  await appendEntries(
    tx,
    rows.map(({ issued }) => issued),
  );
}

/** Marks activation codes as used, and returns them. */
async function useCodes(tx: Tx, rows: readonly Redemption[]): Promise<readonly UsedCode[]> {
  const table = tableOf(
    ['text', 'text', 'bigint'],
    rows.map(({ id, secretHash, at }) => [id, secretHash, at]),
  );
  const { rows: used } = await sql<UsedCode>`
    update activation_codes set used_at = v.column3 from ${table} as v
    where id = v.column1 and secret_hash = v.column2
      and used_at is null and canceled_at is null and expires_at > v.column3
    returning id, person_id, created_by, created_at`.execute(tx);
  if (used.length !== rows.length) throw new Undone('lost');
  return used;
}

/** Stores the new devices of the given redemptions: their data from the activation codes, and their first device records. */
async function addDevices(tx: Tx, rows: readonly Redemption[]): Promise<void> {
  const records = rows.flatMap(({ id: device, record }) => (record === null ? [] : [{ device, record }]));
  if (records.length === 0) return;
  const table = tableOf(
    ['text', 'bigint', 'bigint', 'bigint'],
    rows.flatMap(({ id, generation, enrolledAt, record }) =>
      record === null ? [] : [[id, generation, enrolledAt, record.version]],
    ),
  );
  const { rows: added } = await sql`
    insert into devices
      (id, generation, status, person_id, person_name, group_id, home, seat, enrolled_at, record_version, located, mail_connector)
    select code.id, v.column2, 'active', code.person_id, persons.name, code.group_id, code.home, code.seat,
      v.column3, v.column4, 0, code.mail_connector
    from ${table} as v
    cross join activation_codes as code
    inner join persons on persons.id = code.person_id
    where code.id = v.column1
    on conflict (id) do nothing
    returning id`.execute(tx);
  if (added.length !== records.length) throw new Undone('lost');
  await rememberNewDevices(
    tx,
    records.map(({ device }) => device),
  );
  await insertRecords(tx, records);
}

/** Starts the next enrollment of an existing device, and ends its earlier enrollment. */
async function enrollAgain(tx: Tx, row: Redemption): Promise<void> {
  enrollmentChanges(tx, row.id);
  // A legal hold prevents the new enrollment, which would delete waiting data of the earlier enrollment.
  if (await isUnderLegalHold(tx, row.id)) throw new Undone('legal_hold');
  const { home, seat, ...owner } = await tx
    .selectFrom('activation_codes as code')
    .innerJoin('persons', 'persons.id', 'code.person_id')
    .select(['code.person_id', 'persons.name as person_name', 'code.home', 'code.seat', 'code.mail_connector'])
    .where('code.id', '=', row.id)
    .executeTakeFirstOrThrow();
  const { numUpdatedRows } = await tx
    .updateTable('devices')
    .set({
      ...owner,
      generation: row.generation,
      status: 'active',
      enrolled_at: row.enrolledAt,
      ended_at: null,
      missing_since: null,
      retired_at: null,
      ...(home === null ? {} : { home }),
      ...(seat === null ? {} : { seat }),
    })
    .where('id', '=', row.id)
    .where('generation', '=', row.generation - 1)
    .executeTakeFirst();
  if (numUpdatedRows === 0n) throw new Undone('lost');
  await rememberDevices(tx, [row.id], row.enrolledAt);
  await revokeEarlier(tx, row.id, row.at, row.revoked);
  await cancelCommandsOf(tx, row.id, row.at, 'The device was enrolled again.');
  await purgeMailbox(tx, row.id, row.enrolledAt);
  await purgeMailQueue(tx, row.id, row.enrolledAt);
  await dropKeyPackages(tx, row.id);
}

export async function revokeEarlier(tx: Tx, id: DeviceId, at: number, entry: Redemption['revoked']): Promise<void> {
  enrollmentChanges(tx, id);
  const revoked = await tx
    .updateTable('certificates')
    // Revocation reason `superseded` (RFC 5280, section 5.3.1).
    .set({ revoked_at: at, revocation_reason: 4 })
    .where('device_id', '=', id)
    .where('revoked_at', 'is', null)
    .returning('serial')
    .execute();
  for (const { serial } of revoked) await appendEntry(tx, entry(serial));
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
  if (!(await insertCertificates(tx, [{ certificate, enrollment: { id: device, generation } }])))
    throw new Undone('serial_taken');
  await appendEntry(tx, issued);
}

interface CertificateWithEnrollment {
  readonly certificate: NewCertificate;
  readonly enrollment: { readonly id: DeviceId; readonly generation: number } | null;
}

/** Stores certificates. Returns false if a serial number already exists. */
export async function insertCertificates(tx: Tx, rows: readonly CertificateWithEnrollment[]): Promise<boolean> {
  for (const { enrollment } of rows) if (enrollment) enrollmentChanges(tx, enrollment.id);
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
    rows.map(({ certificate, enrollment }) => [
      certificate.serial,
      enrollment?.id ?? null,
      enrollment?.generation ?? null,
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

const personaliaIn = (db: Db) =>
  keyedQuery(db, (devices) =>
    db
      .selectFrom('devices')
      .innerJoin('groups', 'groups.id', 'devices.group_id')
      .select((of) => [
        'devices.id',
        'groups.name',
        'groups.mail_programs',
        of.fn.coalesce('devices.stated_home', 'devices.home', 'groups.home').as('home'),
        of.fn.coalesce('devices.seat', 'groups.seat').as('seat'),
      ])
      .select(sql<0 | 1>`case when ${UNDER_LEGAL_HOLD} then 1 else 0 end`.as('under_hold'))
      .where('devices.id', 'in', devices),
  );
