import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Authority } from '../../certs/authority.ts';
import { implicit, sequence } from '../../certs/der.ts';
import { DeviceRecordStore } from '../../server/store/device-record-store.ts';
import { EnrollmentStore } from '../../server/store/enrollment-store.ts';
import { type DeviceId, newDeviceId } from '../../shared/protocol/ids.ts';
import { buildCsr, extensionRequest } from '../support/build-csr.ts';
import {
  countRows,
  csrFor,
  DOMAIN_NOW,
  devicesOver,
  entryKinds,
  newKey,
  testAuthority,
  testEnrollment,
} from '../support/enrollment.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { testPersonKeys } from '../support/person-keys.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;
const ADDRESS = '192.0.2.7';
const refused = (code: string) => expect.objectContaining({ code });
const fingerprintOf = (der: Buffer) => new X509Certificate(der).fingerprint256.replaceAll(':', '').toLowerCase();

let authority: Authority;
let remove: () => void;
beforeAll(() => {
  ({ authority, remove } = testAuthority());
});
afterAll(() => remove());

describeOnEveryStore('device certificates', (open) => {
  it('ten requests of a stranger do not block the renewal of an expired certificate, even from the same address', async () => {
    const database = await open();
    const { enrollment, code } = testEnrollment(database, authority);
    const { id, secret } = await code(await addGroup(database, 'g'));
    const key = newKey();
    const { certificate } = await enrollment.redeem({ id, secret, csr: csrFor(id, key), address: ADDRESS });
    const codes = new Set<string>();
    for (let i = 0; i < 40; i++) {
      // A copied public key under a signature of another key is no proof.
      const csr = i % 2 === 0 ? csrFor(id) : forged(csrFor(id, key));
      const refusal = await enrollment.recover({ csr, address: ADDRESS }).catch((error) => error.code);
      codes.add(refusal);
    }
    expect(codes).toEqual(new Set(['certificate_unknown', 'csr_bad_signature', 'rate_limited']));
    const again = await enrollment.recover({ csr: csrFor(id, key), address: ADDRESS });
    expect(again.certificate.equals(certificate)).toBe(true);
  });

  it('renews: the old certificate stays valid until the first use of the new one', async () => {
    const database = await open();
    const { enrollment, code } = testEnrollment(database, authority);
    const { id, secret } = await code(await addGroup(database, 'g'));
    const old = await enrollment.redeem({ id, secret, csr: csrFor(id), address: ADDRESS });
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 20 * 24 * HOUR);
    const renewed = await enrollment.renew({ identity: { device: id, generation: 1 }, csr: csrFor(id) });
    vi.restoreAllMocks();
    expect(renewed.generation).toBe(1);
    const devices = devicesOver(database);
    const now = Date.now() + 20 * 24 * HOUR;
    await devices.identify(fingerprintOf(old.certificate), now);
    await devices.identify(fingerprintOf(renewed.certificate), now);
    await expect(devices.identify(fingerprintOf(old.certificate), now)).rejects.toThrow(
      refused('certificate_superseded'),
    );
    expect(await entryKinds(database)).toEqual(['certificate.issued', 'certificate.issued']);
  });

  it('case 8: refuses a renewal for another subject', async () => {
    const database = await open();
    const { enrollment, code } = testEnrollment(database, authority);
    const { id, secret } = await code(await addGroup(database, 'g'));
    await enrollment.redeem({ id, secret, csr: csrFor(id), address: ADDRESS });
    const before = await countRows(database);
    const san = (uri: string) =>
      buildCsr({
        privateKey: newKey(),
        commonName: id,
        attributes: extensionRequest({ '2.5.29.17': sequence(implicit(6, Buffer.from(uri))) }),
      });
    const identity = { device: id, generation: 1 };
    const wrong = [csrFor(newDeviceId()), buildCsr({ privateKey: newKey() }), san(`urn:cordon:device:${id}:2`)];
    for (const csr of wrong) {
      await expect(enrollment.renew({ identity, csr })).rejects.toThrow(refused('csr_wrong_subject'));
    }
    expect(await countRows(database)).toEqual(before);
    // A standard client repeats the names of its certificate (RFC 7030, section 4.2.2).
    await enrollment.renew({ identity, csr: san(`urn:cordon:device:${id}:1`) });
  });

  it('renews no certificate of a revoked device, and limits repeated renewals', async () => {
    const database = await open();
    const { enrollment, code } = testEnrollment(database, authority);
    const group = await addGroup(database, 'g');
    const { id, secret } = await code(group);
    await enrollment.redeem({ id, secret, csr: csrFor(id), address: ADDRESS });
    const renew = (device: DeviceId) => enrollment.renew({ identity: { device, generation: 1 }, csr: csrFor(device) });
    for (let i = 0; i < 10; i++) await renew(id);
    await expect(renew(id)).rejects.toThrow(refused('rate_limited'));
    const gone = await code(group);
    await enrollment.redeem({ ...gone, csr: csrFor(gone.id), address: ADDRESS });
    await devicesOver(database).revoke(gone.id, 'unspecified');
    await expect(renew(gone.id)).rejects.toThrow(refused('certificate_revoked'));
  });

  it('stores the CA’s own certificates once', async () => {
    const database = await open();
    const { enrollment } = testEnrollment(database, authority);
    await enrollment.recordOwn();
    await enrollment.recordOwn();
    expect(await entryKinds(database)).toEqual(['ca.created', 'ca.created', 'certificate.issued']);
  });

  it('case 11: refuses a connection with a server or messaging certificate', async () => {
    const database = await open();
    const { enrollment, code } = testEnrollment(database, authority);
    await enrollment.recordOwn();
    const devices = devicesOver(database);
    for (const { fingerprint } of authority.own()) {
      await expect(devices.identify(fingerprint, Date.now())).rejects.toThrow(refused('certificate_wrong_profile'));
    }
    const { id, secret } = await code(await addGroup(database, 'g'));
    await enrollment.redeem({ id, secret, csr: csrFor(id), address: ADDRESS });
    const spki = Buffer.from(
      new X509Certificate(authority.issuingDer).publicKey.export({ type: 'spki', format: 'der' }),
    );
    const messaging = authority.issue({ profile: 'messaging', spki, commonName: id });
    await expect(devices.identify(messaging.fingerprint, Date.now())).rejects.toThrow(refused('certificate_unknown'));
    const row = { ...messaging, issuedAt: Date.now() };
    const entry = { kind: 'certificate.issued', at: DOMAIN_NOW, subject: id, public: {} } as const;
    const enrollments = new EnrollmentStore(database, new DeviceRecordStore(database), testPersonKeys());
    await enrollments.renew({ device: id, generation: 1, certificate: row, issued: entry });
    await expect(devices.identify(messaging.fingerprint, Date.now())).rejects.toThrow(
      refused('certificate_wrong_profile'),
    );
  });
});

/** Changes the last byte of the signature. */
function forged(csr: Buffer): Buffer {
  const bytes = Buffer.from(csr);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return bytes;
}
