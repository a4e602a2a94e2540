import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Authority } from '../../certs/authority.ts';
import { implicit, sequence } from '../../certs/der.ts';
import { LocalBus } from '../../server/bus/bus.ts';
import { createCommands } from '../../server/commands/commands.ts';
import { createDevices } from '../../server/devices/devices.ts';
import { CommandStore } from '../../server/store/command-store.ts';
import type { Database } from '../../server/store/database.ts';
import { deviceStores } from '../../server/store/device-stores.ts';
import { EnrollmentStore } from '../../server/store/enrollment-store.ts';
import { HoldStore } from '../../server/store/hold-store.ts';
import { UnlockShareStore } from '../../server/store/unlock-share-store.ts';
import type { HomeArea } from '../../shared/areas/area-code.ts';
import { type DeviceId, newDeviceId, newGroupId, newLegalHoldId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { buildCsr, extensionRequest } from '../support/build-csr.ts';
import { csrFor, DOMAIN_NOW, newKey, testAuthority, testEnrollment } from '../support/enrollment.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { addPerson, personCalled } from '../support/persons.ts';
import { until } from '../support/until.ts';
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

/** State of the store that a refusal must not change. */
async function counts(database: Database) {
  const count = async (table: 'devices' | 'certificates' | 'ledger_entries') =>
    (await database.db.selectFrom(table).selectAll().execute()).length;
  return {
    devices: await count('devices'),
    certificates: await count('certificates'),
    entries: await count('ledger_entries'),
  };
}
const entryKinds = async (database: Database) =>
  (await database.db.selectFrom('ledger_entries').select('kind').orderBy('id').execute()).map(({ kind }) => kind);

function devicesOver(database: Database) {
  return createDevices({
    ...deviceStores(database),
    bus: { publish: () => undefined, subscribe: () => () => undefined },
    clock: new DrivenClock(DOMAIN_NOW),
    followers: { deviceChanged: async () => undefined },
  });
}

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
    expect(changed).toEqual([id]);
    expect(asked).toEqual([{ areas: [], home: 'PK', seat: null }]);
    const device = await devicesOver(database).get(id);
    expect(device).toMatchObject({ user: 'Amina', status: 'active', generation: 1, enrolledAt: DOMAIN_NOW });
    const identity = await devicesOver(database).identify(fingerprintOf(enrolled.certificate), Date.now());
    expect(identity).toMatchObject({ device: id, generation: 1 });
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
    const before = await counts(database);
    await expect(enrollment.redeem({ id, secret, csr: csrFor(id), address: ADDRESS })).rejects.toThrow(
      refused('code_used'),
    );
    expect(await counts(database)).toEqual(before);
  });

  it('returns the same certificate for the same key, for a device that lost the response', async () => {
    const database = await open();
    const { enrollment, code, changed } = testEnrollment(database, authority);
    const { id, secret } = await code(await addGroup(database, 'g'));
    const key = newKey();
    const first = await enrollment.redeem({ id, secret, csr: csrFor(id, key), address: ADDRESS });
    const before = await counts(database);
    const second = await enrollment.redeem({ id, secret, csr: csrFor(id, key), address: ADDRESS });
    expect(second).toEqual(first);
    expect(await counts(database)).toEqual(before);
    expect(changed).toEqual([id, id]);
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
    expect(await counts(database)).toEqual({ devices: 1, certificates: 1, entries: 1 });
  });

  it('enrolls 50 devices at the same time', async () => {
    const database = await open();
    const { enrollment, code } = testEnrollment(database, authority);
    const group = await addGroup(database, 'g');
    const codes = await Promise.all(Array.from({ length: 50 }, () => code(group)));
    await Promise.all(
      codes.map(({ id, secret }) => enrollment.redeem({ id, secret, csr: csrFor(id), address: ADDRESS })),
    );
    expect(await counts(database)).toEqual({ devices: 50, certificates: 50, entries: 50 });
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
    expect(await counts(database)).toEqual({ devices: 0, certificates: 0, entries: 0 });
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
    expect(await counts(database)).toEqual({ devices: 2, certificates: 2, entries: 2 });

    const broken = testEnrollment(database, {
      ...authority,
      issue: (request) => ({ ...authority.issue(request), serial: serialNumber.toLowerCase() }),
    });
    const third = await broken.code(group);
    await expect(broken.enrollment.redeem({ ...third, csr: csrFor(third.id), address: ADDRESS })).rejects.toThrow(
      refused('internal'),
    );
    expect(await counts(database)).toEqual({ devices: 2, certificates: 2, entries: 2 });
  });

  it('keeps the enrollment of a device under a legal hold that was placed before or after the code', async () => {
    const database = await open();
    const group = await addGroup(database, 'Karachi');
    const { enrollment, code } = testEnrollment(database, authority);
    const device = await code(group);
    await enrollment.redeem({ ...device, csr: csrFor(device.id), address: ADDRESS });
    const again = await code(group, { device: device.id });
    const holds = new HoldStore(database);
    const hold = { id: newLegalHoldId(), reason: 'r', reference: null, placedAt: 1, placedBy: 'acc', realAt: 1 };
    const entry = { at: 1, subject: device.id, public: {} };
    // All codes in this test are for Amina.
    const on = { kind: 'person', person: personCalled('Amina') } as const;
    await holds.place({ ...hold, on }, { kind: 'legal-hold.placed', ...entry });
    const before = await counts(database);
    await expect(code(group, { device: device.id })).rejects.toThrow(refused('legal_hold'));
    await expect(enrollment.redeem({ ...again, csr: csrFor(device.id), address: ADDRESS })).rejects.toThrow(
      refused('legal_hold'),
    );
    expect(await counts(database)).toEqual(before);
    const other = await code(group);
    expect(await enrollment.redeem({ ...other, csr: csrFor(other.id), address: ADDRESS })).toMatchObject({
      generation: 1,
    });
    expect(await holds.held([device.id, other.id])).toEqual(new Set([device.id, other.id]));

    await holds.release(hold.id, { at: 2, by: 'acc', reason: 'r' }, { kind: 'legal-hold.released', ...entry });
    expect(await enrollment.redeem({ ...again, csr: csrFor(device.id), address: ADDRESS })).toMatchObject({
      generation: 2,
    });
  });

  it('enrolls a device again in its next generation, and ends the earlier one', async () => {
    const database = await open();
    const group = await addGroup(database, 'g');
    const { enrollment, code, wakes } = testEnrollment(database, authority);
    const first = await code(group);
    const old = await enrollment.redeem({ ...first, csr: csrFor(first.id), address: ADDRESS });
    const again = await code(group, { device: first.id });
    expect(again.id).toBe(first.id);
    // Until the new code is used, the device stays as it is. The old secret is invalid.
    const devices = devicesOver(database);
    await expect(devices.identify(fingerprintOf(old.certificate), Date.now())).resolves.toMatchObject({
      generation: 1,
    });
    await expect(enrollment.redeem({ ...first, csr: csrFor(first.id), address: ADDRESS })).rejects.toThrow(
      refused('code_unknown'),
    );
    const renewed = await enrollment.redeem({ ...again, csr: csrFor(first.id), address: ADDRESS });
    expect(renewed.generation).toBe(2);
    expect(new X509Certificate(renewed.certificate).subjectAltName).toBe(`URI:urn:cordon:device:${first.id}:2`);
    await expect(devices.identify(fingerprintOf(old.certificate), Date.now())).rejects.toThrow(
      refused('certificate_revoked'),
    );
    await expect(devices.identify(fingerprintOf(renewed.certificate), Date.now())).resolves.toMatchObject({
      generation: 2,
    });
    expect(await entryKinds(database)).toEqual(['certificate.issued', 'certificate.revoked', 'certificate.issued']);
    await until(() => expect(wakes).toContainEqual({ kind: 'ended', device: first.id }));
    // A renewal for the earlier generation is refused.
    const late = { identity: { device: first.id, generation: 1 }, csr: csrFor(first.id) };
    await expect(enrollment.renew(late)).rejects.toThrow(refused('certificate_revoked'));
  });

  it('keeps a device’s group, home and seat when it enrolls again, even if they changed while the link was open', async () => {
    const database = await open();
    const [group, other] = [await addGroup(database, 'g', 'DE'), await addGroup(database, 'h', 'IN')];
    const { enrollment, code, asked } = testEnrollment(database, authority);
    const devices = devicesOver(database);
    const [pk, fr, us] = ['PK', 'FR', 'US'] as [HomeArea, HomeArea, HomeArea];
    const first = await code(group, { home: fr, seat: us });
    await enrollment.redeem({ ...first, csr: csrFor(first.id), address: ADDRESS });
    const again = await code(group, { device: first.id });
    await expect(devices.update(first.id, { group: other })).rejects.toThrow(refused('conflict'));
    await database.transaction((tx) => addPerson(tx, 'Amina', other));
    await devices.update(first.id, { home: pk, group: other });
    const { codes } = await enrollment.listCodes(EVERY_CODE);
    expect(codes).toMatchObject([{ id: first.id, group: other, home: pk, seat: us }]);
    expect(await enrollment.redeem({ ...again, csr: csrFor(first.id), address: ADDRESS })).toMatchObject({
      generation: 2,
    });
    const own = { home: pk, seat: us };
    expect(await devices.get(first.id)).toMatchObject({ user: 'Amina', group: { id: other }, own });
    expect(asked.at(-1)).toEqual({ areas: [], ...own });

    await devices.update(first.id, { home: null, seat: null });
    const third = await code(other, { device: first.id });
    await enrollment.redeem({ ...third, csr: csrFor(first.id), address: ADDRESS });
    expect(asked.at(-1)).toEqual({ areas: [], home: 'IN', seat: null });
  });

  it('cancels open commands of an earlier enrollment, so that no later enrollment receives them', async () => {
    const database = await open();
    const group = await addGroup(database, 'g');
    const { enrollment, code } = testEnrollment(database, authority);
    const commands = createCommands({
      store: new CommandStore(database),
      shares: new UnlockShareStore(database),
      bus: new LocalBus(),
      clock: new DrivenClock(DOMAIN_NOW),
      devices: devicesOver(database),
    });
    const first = await code(group);
    await enrollment.redeem({ ...first, csr: csrFor(first.id), address: ADDRESS });
    const wipe = { device: first.id, command: { kind: 'wipe-workspace' as const }, by: 'acc_test' };
    const [waiting, stored, done] = [
      await commands.issue(wipe),
      await commands.issue(wipe),
      await commands.issue(wipe),
    ];
    await commands.stored(first.id, 1, stored.id);
    await commands.finished(first.id, 1, { command: done.id, outcome: 'done', detail: '' });
    const again = await code(group, { device: first.id });
    await enrollment.redeem({ ...again, csr: csrFor(first.id), address: ADDRESS });
    const canceled = { state: 'canceled', detail: 'The device was enrolled again.', finishedAt: expect.any(Number) };
    expect(await commands.get(waiting.id)).toMatchObject(canceled);
    expect(await commands.get(stored.id)).toMatchObject(canceled);
    expect(await commands.get(done.id)).toMatchObject({ state: 'done' });
  });

  it('gives a device that enrolls again the user, home and seat of its code, unless a location statement is valid', async () => {
    const database = await open();
    const group = await addGroup(database, 'g', 'DE');
    const { enrollment, code, asked } = testEnrollment(database, authority);
    const devices = devicesOver(database);
    const [pk, fr, us] = ['PK', 'FR', 'US'] as [HomeArea, HomeArea, HomeArea];
    const first = await code(group, { seat: us });
    await enrollment.redeem({ ...first, csr: csrFor(first.id), address: ADDRESS });
    const again = await code(group, { device: first.id, user: 'Bilal', home: pk });
    await enrollment.redeem({ ...again, csr: csrFor(first.id), address: ADDRESS });
    expect(await devices.get(first.id)).toMatchObject({ user: 'Bilal', own: { home: pk, seat: us } });
    expect(asked.at(-1)).toEqual({ areas: [], home: pk, seat: us });

    const until = DOMAIN_NOW + HOUR;
    await devices.update(first.id, { statement: { kind: 'home', areas: [fr], reason: 'posted', until } });
    const third = await code(group, { device: first.id, user: 'Bilal', home: us });
    await enrollment.redeem({ ...third, csr: csrFor(first.id), address: ADDRESS });
    expect(await devices.get(first.id)).toMatchObject({ home: fr, own: { home: us } });
    expect(asked.at(-1)).toEqual({ areas: [], home: fr, seat: us });
  });

  it('enrolls a revoked device again with a code for that device, and refuses another group', async () => {
    const database = await open();
    const group = await addGroup(database, 'g');
    const other = await addGroup(database, 'h');
    const { enrollment, code } = testEnrollment(database, authority);
    const first = await code(group);
    await enrollment.redeem({ ...first, csr: csrFor(first.id), address: ADDRESS });
    await devicesOver(database).revoke(first.id, 'keyCompromise');
    await expect(code(other, { device: first.id })).rejects.toThrow(refused('conflict'));
    await expect(code(group, { device: newDeviceId() })).rejects.toThrow(refused('not_found'));
    await expect(code(newGroupId())).rejects.toThrow(refused('not_found'));
    const again = await code(group, { device: first.id });
    const back = await enrollment.redeem({ ...again, csr: csrFor(first.id), address: ADDRESS });
    expect(back.generation).toBe(2);
    expect(await devicesOver(database).get(first.id)).toMatchObject({ status: 'active', generation: 2, endedAt: null });
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
    const before = await counts(database);
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
    expect(await counts(database)).toEqual(before);
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
    await new EnrollmentStore(database).renew({ device: id, generation: 1, certificate: row, issued: entry });
    await expect(devices.identify(messaging.fingerprint, Date.now())).rejects.toThrow(
      refused('certificate_wrong_profile'),
    );
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

/** Changes the last byte of the signature. */
function forged(csr: Buffer): Buffer {
  const bytes = Buffer.from(csr);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  return bytes;
}
