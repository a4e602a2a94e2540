/** Adds groups, devices and certificates directly to a store, for tests of functions after enrollment. */
import { randomBytes } from 'node:crypto';
import type { Database } from '../../server/store/database.ts';
import { rememberGroup, rememberNewDevices } from '../../server/store/history.ts';
import { type DeviceId, type GroupId, newDeviceId, newGroupId } from '../../shared/protocol/ids.ts';
import { addPerson } from './persons.ts';

export async function addGroup(database: Database, name: string, home: string | null = null): Promise<GroupId> {
  const id = newGroupId();
  await database.transaction(async (tx) => {
    await tx.insertInto('groups').values({ id, name, home, seat: null, created_at: 1 }).execute();
    await rememberGroup(tx, id, 1);
  });
  return id;
}

export interface DeviceRowDraft {
  readonly group: GroupId;
  readonly user?: string;
  readonly generation?: number;
  readonly home?: string | null;
  readonly enrolledAt?: number;
}

export async function addDevice(database: Database, draft: DeviceRowDraft): Promise<DeviceId> {
  const id = newDeviceId();
  await database.transaction(async (tx) => {
    const user = draft.user ?? 'Samantha';
    const person = await addPerson(tx, user, draft.group);
    await tx
      .insertInto('devices')
      .values({
        id,
        generation: draft.generation ?? 1,
        status: 'active',
        person_id: person,
        person_name: user,
        group_id: draft.group,
        home: draft.home ?? null,
        seat: null,
        enrolled_at: draft.enrolledAt ?? 1,
        ended_at: null,
        record_version: 0,
        statement: null,
        located: 0,
      })
      .execute();
    await rememberNewDevices(tx, [id]);
  });
  return id;
}

export interface CertificateRowDraft {
  readonly device: DeviceId | null;
  readonly generation?: number;
  readonly profile?: string;
  readonly issuedAt?: number;
  readonly notBefore?: number;
  readonly notAfter?: number;
}

/** Adds a certificate and returns its fingerprint. */
export async function addCertificate(database: Database, draft: CertificateRowDraft): Promise<string> {
  const fingerprint = randomBytes(32).toString('hex');
  await database.db
    .insertInto('certificates')
    .values({
      serial: randomBytes(8).toString('hex'),
      device_id: draft.device,
      generation: draft.device === null ? null : (draft.generation ?? 1),
      profile: draft.profile ?? 'device',
      fingerprint,
      der: '',
      not_before: draft.notBefore ?? 0,
      not_after: draft.notAfter ?? 1_000_000,
      issued_at: draft.issuedAt ?? 1,
      revoked_at: null,
      revocation_reason: null,
      superseded_at: null,
    })
    .execute();
  return fingerprint;
}
