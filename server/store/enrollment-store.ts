import { sql } from 'kysely';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import type {
  CurrentCertificate,
  EnrollmentStore as EnrollmentPort,
  NewCertificate,
  Recorded,
  Redemption,
  Renewal,
} from '../enrollment/ports.ts';
import { appendEntries, appendEntry } from './append-entries.ts';
import { insertOf, tableOf } from './bulk.ts';
import { enrollmentChanges } from './certificate-cache.ts';
import { cancelCommandsOf } from './command-rows.ts';
import type { Database, Tx } from './database.ts';
import { rememberDevices, rememberNewDevices } from './history.ts';
import { dropKeyPackages } from './key-package-store.ts';
import { purgeMailbox } from './mailbox-rows.ts';
import type { Schema } from './schema.ts';
import { isUnderLegalHold } from './under-legal-hold.ts';

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
  readonly #redeem: (row: Redemption) => Promise<void>;
  readonly #renew: (row: Renewal) => Promise<void>;

  constructor(database: Database) {
    this.#database = database;
    this.#redeem = database.grouped(redeem);
    this.#renew = database.grouped(async (tx, rows) => {
      for (const row of rows) await renew(tx, row);
    });
  }

  redeem(redemption: Redemption): Promise<Recorded> {
    return outcomeOf(this.#redeem(redemption));
  }

  renew(renewal: Renewal): Promise<Recorded> {
    return outcomeOf(this.#renew(renewal));
  }

  async certificateOf(device: DeviceId): Promise<CurrentCertificate | null> {
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
async function redeem(tx: Tx, rows: readonly Redemption[]): Promise<void> {
  const table = tableOf(
    ['text', 'text', 'bigint'],
    rows.map(({ id, secretHash, at }) => [id, secretHash, at]),
  );
  const { rows: codes } = await sql<Code>`
    update activation_codes set used_at = v.column3 from ${table} as v
    where id = v.column1 and secret_hash = v.column2
      and used_at is null and canceled_at is null and expires_at > v.column3
    returning id, person_id, group_id, home, seat,
      (select name from persons where persons.id = activation_codes.person_id) as person_name`.execute(tx);
  const redeemed = new Map(codes.map(({ id, ...code }) => [id, code]));
  const states = rows.map((row) => {
    const code = redeemed.get(row.id);
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
    enrollmentChanges(tx, row.id);
    // A new enrollment would delete the waiting data of the earlier enrollment, which a legal hold protects.
    if (await isUnderLegalHold(tx, row.id)) throw new Undone('legal_hold');
    const { group_id: _, home, seat, ...columns } = state;
    const { numUpdatedRows } = await tx
      .updateTable('devices')
      .set({ ...columns, ended_at: null, ...(home === null ? {} : { home }), ...(seat === null ? {} : { seat }) })
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
  const certificates = rows.map(({ id, generation, certificate }) => ({ certificate, enrollment: { id, generation } }));
  if (!(await insertCertificates(tx, certificates))) throw new Undone('serial_taken');
  await appendEntries(
    tx,
    rows.map(({ issued }) => issued),
  );
}

type Code = Pick<Schema['activation_codes'], 'id' | 'person_id' | 'group_id' | 'home' | 'seat'> &
  Pick<Schema['devices'], 'person_name'>;
type State = Omit<Code, 'id'> & Pick<Schema['devices'], 'generation' | 'status' | 'enrolled_at'>;

/** Inserts new devices and updates devices that enroll again. Returns the number of new devices. */
export async function insertDevices(
  tx: Tx,
  newcomers: readonly { readonly row: Redemption; readonly state: State }[],
): Promise<number> {
  const devices = insertOf(
    'devices',
    {
      id: 'text',
      person_id: 'text',
      person_name: 'text',
      group_id: 'text',
      home: 'text',
      seat: 'text',
      generation: 'bigint',
      status: 'text',
      enrolled_at: 'bigint',
      record_version: 'bigint',
      located: 'bigint',
    },
    newcomers.map(({ row, state }) => {
      const { person_id, person_name, group_id, home, seat, generation, status, enrolled_at } = state;
      return [row.id, person_id, person_name, group_id, home, seat, generation, status, enrolled_at, 0, 0];
    }),
  );
  const { rows } = await sql`${devices} on conflict (id) do nothing returning id`.execute(tx);
  return rows.length;
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
