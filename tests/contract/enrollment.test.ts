import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Authority } from '../../certs/authority.ts';
import { implicit, sequence } from '../../certs/der.ts';
import { DeviceRecordStore } from '../../server/store/device-record-store.ts';
import { GroupStore } from '../../server/store/group-store.ts';
import { HoldStore } from '../../server/store/hold-store.ts';
import { type HomeArea, parseHomeArea } from '../../shared/areas/area-code.ts';
import { newDeviceId, newLegalHoldId } from '../../shared/protocol/ids.ts';
import { buildCsr, extensionRequest } from '../support/build-csr.ts';
import {
  countRows,
  csrFor,
  DOMAIN_NOW,
  devicesOver,
  entryKinds,
  FIRST_VERSION,
  newKey,
  testAuthority,
  testEnrollment,
} from '../support/enrollment.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { personCalled } from '../support/persons.ts';
import { describeOnEveryStore } from './every-store.ts';

const HOUR = 3_600_000;
const ADDRESS = '192.0.2.7';
const EVERY_CODE = { state: null, scope: null, cursor: null, limit: 50 };
const refused = (code: string) => expect.objectContaining({ code });
const fingerprintOf = (der: Buffer) => new X509Certificate(der).fingerprint256.replaceAll(':', '').toLowerCase();

let authority: Authority;
let remove: () => void;
beforeAll(() => {
  ({ authority, remove } = testAuthority());
});
afterAll(() => remove());

describeOnEveryStore('enrollment', (open) => {
  it('redeems a code: stores device, certificate and ledger entry together', async () => {
    const database = await open();
    const group = await addGroup(database, 'Karachi', 'PK');
    const { enrollment, code, changed, asked } = testEnrollment(database, authority);
    const { id, secret, link } = await code(group);
    expect(link).toContain(authority.fingerprint);
    const enrolled = await enrollment.redeem({ id, secret, csr: csrFor(id), address: ADDRESS });
    expect(enrolled).toMatchObject({ device: id, generation: 1 });
    const certificate = new X509Certificate(enrolled.certificate);
    expect(certificate.subject).toBe(`CN=${id}`);
    expect(certificate.subjectAltName).toBe(`URI:urn:cordon:device:${id}:1`);
    expect(await entryKinds(database)).toEqual(['certificate.issued']);
    expect(changed).toEqual([]);
    expect(asked).toEqual([{ areas: [], home: 'PK', seat: null }]);
    const device = await devicesOver(database).get(id);
    expect(device).toMatchObject({ user: 'Amina', status: 'active', generation: 1, enrolledAt: DOMAIN_NOW });
    expect(device.recordVersion).toBe(FIRST_VERSION);
    const record = await new DeviceRecordStore(database).record(id);
    expect(record?.version).toBe(FIRST_VERSION);
    expect(JSON.parse(record?.envelope.payload ?? '')).toEqual({
      device: id,
      home: 'PK',
      seat: null,
      group: { name: 'Karachi', mailPrograms: false },
      underLegalHold: false,
    });
    const identity = await devicesOver(database).identify(fingerprintOf(enrolled.certificate), Date.now());
    expect(identity).toMatchObject({ device: id, generation: 1 });
  });

  it('signs a new device record if the group or a legal hold changes during the enrollment', async () => {
    const database = await open();
    const group = await addGroup(database, 'g', 'PK');
    const { enrollment, code, changed, says } = testEnrollment(database, authority);
    const placeHold = () => {
      const id = newLegalHoldId();
      const person = personCalled('Amina');
      const about = { reason: 'test', reference: null, placedAt: DOMAIN_NOW, placedBy: 'acc_test', realAt: DOMAIN_NOW };
      const entry = { kind: 'legal-hold.placed', at: DOMAIN_NOW, subject: person, public: { hold: id } } as const;
      return new HoldStore(database).place({ id, on: { kind: 'person', person }, ...about }, entry);
    };
    for (const meanwhile of [
      () => new GroupStore(database).updateGroup(group, { home: parseHomeArea('FR') }, DOMAIN_NOW),
      () => new GroupStore(database).updateGroup(group, { name: 'h' }, DOMAIN_NOW),
      placeHold,
    ]) {
      const { id, secret } = await code(group);
      says.meanwhile = meanwhile;
      await enrollment.redeem({ id, secret, csr: csrFor(id), address: ADDRESS });
      expect(changed.splice(0)).toEqual([id]);
    }
    const { id, secret } = await code(group);
    says.meanwhile = async () => undefined;
    await enrollment.redeem({ id, secret, csr: csrFor(id), address: ADDRESS });
    expect(changed).toEqual([]);
    const record = await new DeviceRecordStore(database).record(id);
    expect(JSON.parse(record?.envelope.payload ?? '')).toMatchObject({ home: 'FR', group: { name: 'h' } });
  });

  it('stores only the hash of a code’s secret', async () => {
    const database = await open();
    const { code } = testEnrollment(database, authority);
    const { secret } = await code(await addGroup(database, 'g'));
    const rows = await database.db.selectFrom('activation_codes').selectAll().execute();
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(secret);
  });

  it('case 9: refuses a used code with another key, and changes nothing', async () => {
    const database = await open();
    const { enrollment, code } = testEnrollment(database, authority);
    const { id, secret } = await code(await addGroup(database, 'g'));
    await enrollment.redeem({ id, secret, csr: csrFor(id), address: ADDRESS });
    const before = await countRows(database);
    await expect(enrollment.redeem({ id, secret, csr: csrFor(id), address: ADDRESS })).rejects.toThrow(
      refused('code_used'),
    );
    expect(await countRows(database)).toEqual(before);
  });

  it('returns the same certificate for the same key, for a device that lost the response', async () => {
    const database = await open();
    const { enrollment, code, changed } = testEnrollment(database, authority);
    const { id, secret } = await code(await addGroup(database, 'g'));
    const key = newKey();
    const first = await enrollment.redeem({ id, secret, csr: csrFor(id, key), address: ADDRESS });
    const before = await countRows(database);
    const second = await enrollment.redeem({ id, secret, csr: csrFor(id, key), address: ADDRESS });
    expect(second).toEqual(first);
    expect(await countRows(database)).toEqual(before);
    expect(changed).toEqual([id]);
    await devicesOver(database).revoke(id, 'keyCompromise');
    await expect(enrollment.redeem({ id, secret, csr: csrFor(id, key), address: ADDRESS })).rejects.toThrow(
      refused('code_used'),
    );
  });

  it('case 9: enrolls one device for 20 simultaneous requests with one code, and refuses the others', async () => {
    const database = await open();
    const { enrollment, code } = testEnrollment(database, authority);
    const { id, secret } = await code(await addGroup(database, 'g'));
    const racing = Array.from({ length: 20 }, () =>
      enrollment.redeem({ id, secret, csr: csrFor(id), address: ADDRESS }),
    );
    const ended = await Promise.allSettled(racing);
    expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of ended) if (one.status === 'rejected') expect(one.reason).toEqual(refused('code_used'));
    expect(await countRows(database)).toEqual({ devices: 1, certificates: 1, entries: 1 });
  });

  it('enrolls 50 devices at the same time', async () => {
    const database = await open();
    const { enrollment, code } = testEnrollment(database, authority);
    const group = await addGroup(database, 'g');
    const codes = await Promise.all(Array.from({ length: 50 }, () => code(group)));
    await Promise.all(
      codes.map(({ id, secret }) => enrollment.redeem({ id, secret, csr: csrFor(id), address: ADDRESS })),
    );
    expect(await countRows(database)).toEqual({ devices: 50, certificates: 50, entries: 50 });
  });

  it('case 9: refuses an expired or canceled code with a code for the reason', async () => {
    const database = await open();
    const { enrollment, code } = testEnrollment(database, authority);
    const group = await addGroup(database, 'g');
    const old = await code(group, { expiresInHours: 1 });
    const taken = await code(group);
    await enrollment.cancelCode(taken.id);
    const redeem = ({ id, secret }: { id: string; secret: string }) =>
      enrollment.redeem({ id, secret, csr: csrFor(id), address: ADDRESS });
    await expect(redeem(taken)).rejects.toThrow(/canceled/);
    vi.spyOn(Date, 'now').mockReturnValue(Date.now() + HOUR + 1);
    await expect(redeem(old)).rejects.toThrow(refused('code_expired'));
    vi.restoreAllMocks();
    expect(await countRows(database)).toEqual({ devices: 0, certificates: 0, entries: 0 });
    await expect(enrollment.cancelCode(taken.id)).rejects.toThrow(refused('not_found'));
    expect((await enrollment.listCodes(EVERY_CODE)).codes.map(({ id, state }) => [id, state])).toEqual(
      expect.arrayContaining([
        [old.id, 'open'],
        [taken.id, 'canceled'],
      ]),
    );
  });

  it('case 9: refuses guesses alike for known and unknown codes, limits them, and blocks no other device', async () => {
    const database = await open();
    const { enrollment, code } = testEnrollment(database, authority);
    const { id, secret } = await code(await addGroup(database, 'g'));
    const guess = (at: string, address: string) =>
      enrollment.redeem({ id: at, secret: 'aaaaaaaaaaaaaaaaaaaaaaaaaa', csr: csrFor(at), address });
    for (let i = 0; i < 20; i++) {
      await expect(guess(i % 2 === 0 ? id : newDeviceId(), ADDRESS)).rejects.toThrow(refused('code_unknown'));
    }
    await expect(guess(id, ADDRESS)).rejects.toThrow(refused('rate_limited'));
    // The limit counts a network as one source.
    for (let i = 0; i < 20; i++) {
      await expect(guess(id, `2001:db8:0:1::${i}`)).rejects.toThrow(refused('code_unknown'));
    }
    await expect(guess(id, '2001:db8:0:1:ffff::1')).rejects.toThrow(refused('rate_limited'));
    await expect(guess(newDeviceId(), ADDRESS)).rejects.toMatchObject({
      code: 'rate_limited',
      context: { retryAfter: expect.any(Number) },
    });
    await expect(enrollment.redeem({ id: 'nonsense', secret, csr: csrFor(id), address: null })).rejects.toThrow(
      refused('code_unknown'),
    );
    expect((await enrollment.redeem({ id, secret, csr: csrFor(id), address: ADDRESS })).device).toBe(id);
  });

  it('case 5: refuses a request for another device, and leaves the code open', async () => {
    const database = await open();
    const { enrollment, code } = testEnrollment(database, authority);
    const { id, secret } = await code(await addGroup(database, 'g'));
    const other = `urn:cordon:device:${newDeviceId()}:1`;
    const attributes = extensionRequest({ '2.5.29.17': sequence(implicit(6, Buffer.from(other))) });
    for (const csr of [csrFor(newDeviceId()), csrFor(''), buildCsr({ privateKey: newKey(), attributes })]) {
      await expect(enrollment.redeem({ id, secret, csr, address: ADDRESS })).rejects.toThrow(
        refused('csr_wrong_subject'),
      );
    }
    const unnamed = buildCsr({ privateKey: newKey() });
    expect((await enrollment.redeem({ id, secret, csr: unnamed, address: ADDRESS })).device).toBe(id);
  });

  it('asks the gate; a refusal names the order and leaves the code open', async () => {
    const database = await open();
    const { enrollment, code, says } = testEnrollment(database, authority);
    const group = await addGroup(database, 'g', 'PK');
    const { id, secret } = await code(group);
    const redeem = () => enrollment.redeem({ id, secret, csr: csrFor(id), address: ADDRESS });
    const allowed = says.verdict;
    const denial = { order: 'PK-2015-1', revision: 1, reasons: ['home'] } as const;
    says.verdict = { allowed: false, denials: [denial], reasons: ['home'] };
    await expect(redeem()).rejects.toThrow(refused('enrollment_denied'));
    await expect(redeem()).rejects.toThrow(/PK-2015-1 \(home\).* Turn to the service desk\.$/);
    says.appeals.set('PK-2015-1', 'the ministry');
    await expect(redeem()).rejects.toThrow(/PK-2015-1 \(home\).* Turn to the ministry\.$/);
    const denials = [denial, { ...denial, order: 'PK-2015-2' }, { ...denial, order: 'PK-2015-3' }];
    says.verdict = { allowed: false, denials, reasons: ['home'] };
    says.appeals.set('PK-2015-3', 'the ministry');
    await expect(redeem()).rejects.toThrow(
      / For an appeal against order PK-2015-1, PK-2015-3, contact the ministry\. For an appeal against order PK-2015-2, contact the service desk\.$/,
    );
    says.verdict = allowed;
    expect((await redeem()).device).toBe(id);
  });

  it('case 10: replaces a duplicate serial number within the same enrollment', async () => {
    const database = await open();
    const group = await addGroup(database, 'g');
    const { enrollment, code } = testEnrollment(database, authority);
    const first = await code(group);
    const { certificate } = await enrollment.redeem({ ...first, csr: csrFor(first.id), address: ADDRESS });
    const { serialNumber } = new X509Certificate(certificate);
    let issues = 0;
    const colliding: Authority = {
      ...authority,
      issue: (request) => {
        const issued = authority.issue(request);
        return issues++ === 0 ? { ...issued, serial: serialNumber.toLowerCase() } : issued;
      },
    };
    const next = testEnrollment(database, colliding);
    const second = await next.code(group);
    await next.enrollment.redeem({ ...second, csr: csrFor(second.id), address: ADDRESS });
    expect(issues).toBe(2);
    expect(await countRows(database)).toEqual({ devices: 2, certificates: 2, entries: 2 });

    const broken = testEnrollment(database, {
      ...authority,
      issue: (request) => ({ ...authority.issue(request), serial: serialNumber.toLowerCase() }),
    });
    const third = await broken.code(group);
    await expect(broken.enrollment.redeem({ ...third, csr: csrFor(third.id), address: ADDRESS })).rejects.toThrow(
      refused('internal'),
    );
    expect(await countRows(database)).toEqual({ devices: 2, certificates: 2, entries: 2 });
  });

  it('uses the code’s home area in the gate, before the group’s home area', async () => {
    const database = await open();
    const group = await addGroup(database, 'g', 'PK');
    const { enrollment, code, asked } = testEnrollment(database, authority);
    const fr = 'FR' as HomeArea;
    const { link } = await code(group, { home: fr });
    const [id = '', secret = ''] = (/code=(.+)$/.exec(link)?.[1] ?? '').split('.');
    await enrollment.redeem({ id, secret, csr: csrFor(id), address: null });
    expect(asked).toEqual([{ areas: [], home: 'FR', seat: null }]);
  });
});
