/**
 * Store of certificates that were issued after the backup and are therefore missing in the restored database. Readmission adds such a
 * certificate and its device again; rejection revokes the certificate.
 */
import { sql } from 'kysely';
import { CordonError } from '../../shared/errors.ts';
import type { EntryDraft } from '../../shared/ledger/ledger-entry.ts';
import { type DeviceId, groupIdSchema, personIdSchema } from '../../shared/protocol/ids.ts';
import type { KnownFacts } from '../recovery/readmission.ts';
import {
  type ReadmissionStore as Port,
  PRIVILEGE_WITHDRAWN,
  type ReadmittedCertificate,
  type StoredReturn,
} from '../recovery/readmissions.ts';
import { appendEntry } from './append-entries.ts';
import { enrollmentChanges } from './certificate-cache.ts';
import { cancelCommandsOf } from './command-rows.ts';
import type { Database, Tx } from './database.ts';
import { insertCertificates, revokeEarlier } from './enrollment-store.ts';
import { rememberDevices, rememberNewDevices } from './history.ts';
import { dropKeyPackages } from './key-package-store.ts';
import { purgeMailQueue } from './mail-rows.ts';
import { purgeMailbox } from './mailbox-rows.ts';
import { requireMember } from './people-store.ts';

type Owner = Parameters<Port['readmit']>[1];
type Entries = Parameters<Port['readmit']>[3];

export class ReadmissionStore implements Port {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async known(serial: string, device: DeviceId): Promise<KnownFacts> {
    const { db } = this.#database;
    const [certificate, lost, row, code] = await Promise.all([
      db.selectFrom('certificates').select('revoked_at').where('serial', '=', serial).executeTakeFirst(),
      db.selectFrom('lost_certificates').select('published').where('serial', '=', serial).executeTakeFirst(),
      db.selectFrom('devices').select(['generation', 'status']).where('id', '=', device).executeTakeFirst(),
      db.selectFrom('activation_codes').select('id').where('id', '=', device).executeTakeFirst(),
    ]);
    return {
      revokedAt: certificate?.revoked_at ?? null,
      published: lost?.published === 1,
      enrolled: row ? { generation: row.generation, active: row.status === 'active' } : null,
      code: code !== undefined,
    };
  }

  async recordReturn(
    { serial, fingerprint, device, generation, der, notAfter }: ReadmittedCertificate,
    at: number,
    limit: number,
  ): Promise<void> {
    const row = {
      device_id: device,
      generation,
      fingerprint,
      der: der.toString('base64'),
      not_after: notAfter,
      seen_at: at,
    };
    const { db } = this.#database;
    const { numUpdatedRows } = await db
      .updateTable('lost_certificates')
      .set(row)
      .where('serial', '=', serial)
      .where('seen_at', 'is not', null)
      .executeTakeFirst();
    if (numUpdatedRows > 0n) return;
    const { count } = await db
      .selectFrom('lost_certificates')
      .select(({ fn }) => fn.countAll<number | string>().as('count'))
      .where('seen_at', 'is not', null)
      .executeTakeFirstOrThrow();
    if (Number(count) >= limit) return;
    await db
      .insertInto('lost_certificates')
      .values({ serial, published: 0, ...row })
      .onConflict((conflict) => conflict.column('serial').doUpdateSet(row))
      .execute();
  }

  async returned(limit: number): Promise<StoredReturn[]> {
    const rows = await this.#database.db
      .selectFrom('lost_certificates as lost')
      .leftJoin('certificates', 'certificates.serial', 'lost.serial')
      .leftJoin('devices', 'devices.id', 'lost.device_id')
      .leftJoin('activation_codes as code', 'code.id', 'lost.device_id')
      .leftJoin('persons', 'persons.id', 'code.person_id')
      .leftJoin('groups', (join) =>
        join.on('groups.id', '=', (eb) => eb.fn.coalesce('devices.group_id', 'code.group_id')),
      )
      .select(['lost.serial', 'lost.der', 'lost.seen_at', 'lost.published', 'groups.name', 'certificates.revoked_at'])
      .select(['devices.generation', 'devices.status', 'code.id as code'])
      .select((eb) => eb.fn.coalesce('devices.person_name', 'persons.name').as('user'))
      .where('lost.seen_at', 'is not', null)
      .orderBy('lost.seen_at', 'desc')
      .orderBy('lost.serial')
      .limit(limit)
      .execute();
    return rows.map(({ serial, der, seen_at, published, name, revoked_at, generation, status, code, user }) => ({
      serial,
      der: Buffer.from(der ?? '', 'base64'),
      seenAt: seen_at ?? 0,
      known: {
        revokedAt: revoked_at,
        published: published === 1,
        enrolled: generation === null ? null : { generation, active: status === 'active' },
        code: code !== null,
      },
      user: user ?? null,
      group: name ?? null,
    }));
  }

  async returnedCertificate(serial: string): Promise<Buffer | null> {
    const row = await this.#database.db
      .selectFrom('lost_certificates')
      .select('der')
      .where('serial', '=', serial)
      .where('seen_at', 'is not', null)
      .executeTakeFirst();
    return row?.der == null ? null : Buffer.from(row.der, 'base64');
  }

  reject(
    { serial, fingerprint, der, notAfter }: ReadmittedCertificate,
    entry: EntryDraft<'certificate.revoked'>,
  ): Promise<void> {
    return this.#database.transaction(async (tx) => {
      const at = Date.now();
      const { numInsertedOrUpdatedRows: added } = await tx
        .insertInto('certificates')
        .values({
          // Device and enrollment are null, because the store may lack the device or may have it in another enrollment.
          serial,
          fingerprint,
          der: der.toString('base64'),
          device_id: null,
          generation: null,
          profile: 'device',
          not_before: at,
          not_after: notAfter,
          issued_at: at,
          revoked_at: at,
          revocation_reason: PRIVILEGE_WITHDRAWN,
          superseded_at: null,
        })
        .onConflict((conflict) => conflict.column('serial').doNothing())
        .executeTakeFirst();
      if (added !== 1n) throw new CordonError('conflict', 'The certificate is known already.');
      await tx.deleteFrom('lost_certificates').where('serial', '=', serial).execute();
      await appendEntry(tx, entry);
    });
  }

  readmit(certificate: ReadmittedCertificate, owner: Owner, at: number, entries: Entries): Promise<void> {
    return this.#database.transaction(async (tx) => {
      await admitDevice(tx, certificate, owner, at, entries.revoked);
      const { serial, fingerprint, der, notBefore, notAfter, device: id, generation } = certificate;
      const row = { serial, profile: 'device', fingerprint, der, notBefore, notAfter, issuedAt: Date.now() };
      if (!(await insertCertificates(tx, [{ certificate: row, enrollment: { id, generation } }]))) {
        throw new CordonError('conflict', 'The certificate is known already.');
      }
      await tx.deleteFrom('lost_certificates').where('serial', '=', serial).execute();
      await appendEntry(tx, entries.readmitted);
    });
  }
}

async function admitDevice(
  tx: Tx,
  { device: id, generation }: ReadmittedCertificate,
  owner: Owner,
  at: number,
  revoked: Entries['revoked'],
): Promise<void> {
  const row = await tx.selectFrom('devices').select(['generation', 'status']).where('id', '=', id).executeTakeFirst();
  const code = await tx.selectFrom('activation_codes').selectAll().where('id', '=', id).executeTakeFirst();
  await tx
    .updateTable('activation_codes')
    .set({ used_at: at })
    .where('id', '=', id)
    .where('used_at', 'is', null)
    .execute();
  if (!row) {
    const group = await groupOf(tx, owner.group ?? code?.group_id);
    const person = owner.person ?? code?.person_id;
    if (person === undefined || group === null) {
      throw new CordonError('conflict', 'The backup does not say whose device this is. Give the person and the group.');
    }
    const found = await tx.selectFrom('persons').select('name').where('id', '=', person).executeTakeFirst();
    if (!found) throw new CordonError('not_found', `There is no person ${person}. List people: cordon people list.`);
    await requireMember(tx, personIdSchema.parse(person), groupIdSchema.parse(group));
    await tx
      .insertInto('devices')
      .values({
        id,
        generation,
        status: 'active',
        person_id: person,
        person_name: found.name,
        group_id: group,
        home: code?.home ?? null,
        seat: code?.seat ?? null,
        enrolled_at: at,
        ended_at: null,
        record_version: 0,
        statement: null,
        statement_until: null,
        stated_home: null,
        located: 0,
      })
      .execute();
    return rememberNewDevices(tx, [id]);
  }
  if (row.generation > generation) throw new CordonError('conflict', 'The device has enrolled again in the meantime.');
  if (row.generation === generation && row.status === 'active') return;
  enrollmentChanges(tx, id);
  await revokeEarlier(tx, id, Date.now(), revoked);
  await tx
    .updateTable('devices')
    .set({ generation, status: 'active', ended_at: null, enrolled_at: at })
    .where('id', '=', id)
    .execute();
  await rememberDevices(tx, [id], at);
  await cancelCommandsOf(tx, id, Date.now(), 'The device was enrolled again.');
  await purgeMailbox(tx, id, at);
  await purgeMailQueue(tx, id, at);
  await dropKeyPackages(tx, id);
}

async function groupOf(tx: Tx, requested: string | undefined): Promise<string | null> {
  if (requested === undefined) return null;
  const { rows } = await sql<{
    id: string;
  }>`select id from groups where id = ${requested} or name = ${requested}`.execute(tx);
  const [found] = rows;
  if (found) return found.id;
  throw new CordonError('not_found', `There is no group ${requested}. List the groups: cordon groups list.`);
}
