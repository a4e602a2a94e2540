/** Devices that return with a certificate that the restored store lacks: the server notes them, and an admin readmits them. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { openAuthority } from '../../certs/authority.ts';
import { LocalBus } from '../../server/bus/bus.ts';
import { createReadmissions } from '../../server/recovery/readmissions.ts';
import { createStoredRecovery } from '../../server/recovery/stored-recovery.ts';
import type { Database } from '../../server/store/database.ts';
import { ReadmissionStore } from '../../server/store/readmission-store.ts';
import { RecoveryStore } from '../../server/store/recovery-store.ts';
import { restoreWith } from '../../server/store/restore-store.ts';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import { SystemClock } from '../../shared/time/system-clock.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { addPerson } from '../support/persons.ts';
import { restoredState } from '../support/restored-state.ts';
import { describeOnEveryStore } from './every-store.ts';

const keys = mkdtempSync(join(tmpdir(), 'cordon-readmissions-test-'));
afterAll(() => rmSync(keys, { recursive: true, force: true }));
const authority = openAuthority({
  folder: keys,
  passphrase: 'a long passphrase',
  organization: 'Test',
  serverNames: ['localhost'],
});
const HOUR = 3_600_000;

function issue(device: DeviceId, generation = 1) {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return authority.issue({
    profile: 'device',
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    commonName: device,
    uris: [`urn:cordon:device:${device}:${generation}`],
  });
}

/** Readmissions of a server that was restored a moment ago. `backup`: age of its backup in milliseconds. */
async function restoredServer(database: Database, backup = HOUR) {
  const now = Date.now();
  const recovery = createStoredRecovery(
    new RecoveryStore(database),
    restoredState({ at: now - backup, realAt: now - backup, restoredAt: now }),
  );
  const readmissions = createReadmissions({
    recovery,
    store: new ReadmissionStore(database),
    issuingDer: authority.issuingDer,
    clock: new SystemClock(),
    bus: new LocalBus(),
    deviceChanged: async () => undefined,
    log: { info: () => undefined },
  });
  return { recovery, ...readmissions };
}

describeOnEveryStore('after a restore', (open) => {
  it('the server lists a returning device with its certificate, and tells the device that an admin must readmit it', async () => {
    const database = await open();
    const { returning, returned, readmit } = await restoredServer(database);
    const device = newDeviceId();
    const { der, serial, notBefore, notAfter } = issue(device);
    await expect(returning(der)).rejects.toMatchObject({
      code: 'certificate_not_restored',
      message: expect.stringMatching(/restored from the backup of 20.*An admin must readmit the device/),
    });
    await expect(returning(der)).rejects.toMatchObject({ code: 'certificate_not_restored' });
    const facts = { serial, device, generation: 1, notBefore, notAfter, published: false, user: null, group: null };
    expect(await returned()).toEqual([{ ...facts, seenAt: expect.any(Number), obstacle: null }]);

    const group = await addGroup(database, 'Karachi office');
    const person = await database.transaction((tx) => addPerson(tx, 'Omar', group));
    expect(
      await readmit([
        { serial, owner: { person, group } },
        { serial, owner: { person, group } },
      ]),
    ).toEqual([
      { serial, device, error: null },
      { serial, device: null, error: { code: 'not_found', detail: expect.stringContaining('waits for readmission') } },
    ]);
    expect(await returned()).toEqual([]);
    const row = await database.db
      .selectFrom('certificates')
      .selectAll()
      .where('serial', '=', serial)
      .executeTakeFirst();
    expect(row).toMatchObject({ device_id: device, not_before: notBefore, not_after: notAfter, revoked_at: null });
  });

  it('the list says why a device cannot be readmitted, and the server refuses its readmission', async () => {
    const database = await open();
    const { returning, returned, readmit } = await restoredServer(database);
    const group = await addGroup(database, 'Lahore');
    const [lost, again] = [newDeviceId(), await addDevice(database, { group, user: 'Omar' })];
    await database.db.updateTable('devices').set({ generation: 2 }).where('id', '=', again).execute();
    const [revoked, superseded] = [issue(lost), issue(again, 1)];
    const entry = { serial: revoked.serial, at: Date.now() - 60_000, reason: 1, fingerprint: null, notAfter: null };
    await restoreWith(database, ({ certificates }) => certificates.revoke(entry, null));

    await expect(returning(revoked.der)).rejects.toMatchObject({ code: 'certificate_revoked' });
    await expect(returning(superseded.der)).rejects.toMatchObject({
      code: 'certificate_not_restored',
      message: expect.stringContaining('The backup has a newer enrollment of this device.'),
    });
    const obstacles = new Map((await returned()).map(({ serial, obstacle }) => [serial, obstacle]));
    expect(obstacles).toEqual(
      new Map([
        [revoked.serial, 'revoked'],
        [superseded.serial, 'superseded'],
      ]),
    );
    const requests = [revoked, superseded].map(({ serial }) => ({ serial, owner: { person: null, group: null } }));
    expect((await readmit(requests)).map(({ error }) => error?.code)).toEqual(['conflict', 'conflict']);
    expect(await database.db.selectFrom('devices').select(['id', 'generation']).execute()).toEqual([
      { id: again, generation: 2 },
    ]);
  });

  it('a certificate from before the backup is listed, but the restore is not named as the reason', async () => {
    // The authority issues only certificates of now, so the backup is from the future.
    const { returning, returned } = await restoredServer(await open(), -2 * 24 * HOUR);
    expect(await returning(issue(newDeviceId()).der)).toBe(false);
    expect(await returned()).toMatchObject([{ obstacle: 'older' }]);
  });

  it('a device that an admin rejected does not appear again', async () => {
    const { returning, returned, reject } = await restoredServer(await open());
    const { der, serial } = issue(newDeviceId());
    await expect(returning(der)).rejects.toMatchObject({ code: 'certificate_not_restored' });
    await new Promise((resolve) => setTimeout(resolve, 2));
    await reject(serial);
    await expect(returning(der)).rejects.toMatchObject({ code: 'certificate_revoked' });
    expect(await returned()).toEqual([]);
  });

  it('after the end of the recovery, the server notes no device and tells it to enroll again', async () => {
    const database = await open();
    const { recovery, returning } = await restoredServer(database);
    await recovery.update({ closedAt: Date.now() });
    await expect(returning(issue(newDeviceId()).der)).rejects.toMatchObject({
      code: 'certificate_not_restored',
      message: expect.stringMatching(/the recovery is closed\. Enroll the device again/),
    });
    expect(await database.db.selectFrom('lost_certificates').select('serial').execute()).toEqual([]);
  });

  it('the list is bounded, and a listed device stays up to date', async () => {
    const database = await open();
    const store = new ReadmissionStore(database);
    const some = [1, 2, 3].map(() => {
      const device = newDeviceId();
      const { der, serial, fingerprint, notBefore, notAfter } = issue(device);
      return { der, serial, fingerprint, notBefore, notAfter, device, generation: 1 };
    });
    for (const [at, certificate] of some.entries()) await store.recordReturn(certificate, at + 1, 2);
    const [first] = some;
    if (!first) throw new Error('there is no certificate');
    await store.recordReturn(first, 10, 2);
    expect((await store.returned(10)).map(({ serial, seenAt }) => [serial, seenAt])).toEqual([
      [first.serial, 10],
      [some[1]?.serial, 2],
    ]);
  });

  it('a certificate of another authority is not noted', async () => {
    const database = await open();
    const { returning } = await restoredServer(database);
    const folder = mkdtempSync(join(tmpdir(), 'cordon-readmissions-other-'));
    const options = { passphrase: 'a long passphrase', organization: 'Other', serverNames: ['localhost'] };
    const other = openAuthority({ folder, ...options });
    rmSync(folder, { recursive: true });
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const device = newDeviceId();
    const { der } = other.issue({
      profile: 'device',
      spki: publicKey.export({ type: 'spki', format: 'der' }),
      commonName: device,
      uris: [`urn:cordon:device:${device}:1`],
    });
    expect(await returning(der)).toBe(false);
    expect(await database.db.selectFrom('lost_certificates').select('serial').execute()).toEqual([]);
  });
});
