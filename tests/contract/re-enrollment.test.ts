import { X509Certificate } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Authority } from '../../certs/authority.ts';
import { LocalBus } from '../../server/bus/bus.ts';
import { createCommands } from '../../server/commands/commands.ts';
import { createDevices } from '../../server/devices/devices.ts';
import { commandStores } from '../../server/store/command-stores.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { deviceStores } from '../../server/store/device-stores.ts';
import { HoldStore } from '../../server/store/hold-store.ts';
import { UnlockShareStore } from '../../server/store/unlock-share-store.ts';
import type { HomeArea } from '../../shared/areas/area-code.ts';
import { newDeviceId, newGroupId, newLegalHoldId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import {
  countRows,
  csrFor,
  DOMAIN_NOW,
  devicesOver,
  entryKinds,
  testAuthority,
  testEnrollment,
} from '../support/enrollment.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { testPersonKeys } from '../support/person-keys.ts';
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

describeOnEveryStore('a device that enrolls again', (open) => {
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
    const before = await countRows(database);
    await expect(code(group, { device: device.id })).rejects.toThrow(refused('legal_hold'));
    await expect(enrollment.redeem({ ...again, csr: csrFor(device.id), address: ADDRESS })).rejects.toThrow(
      refused('legal_hold'),
    );
    expect(await countRows(database)).toEqual(before);
    const other = await code(group);
    expect(await enrollment.redeem({ ...other, csr: csrFor(other.id), address: ADDRESS })).toMatchObject({
      generation: 1,
    });
    expect(await holds.underLegalHold([device.id, other.id])).toEqual(new Set([device.id, other.id]));

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
      stores: commandStores(database),
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

  it('explains for each state of a device why an action is not allowed', async () => {
    const database = await open();
    const { enrollment, code } = testEnrollment(database, authority);
    const given = await code(await addGroup(database, 'g'));
    await enrollment.redeem({ ...given, csr: csrFor(given.id), address: ADDRESS });
    const devices = devicesOver(database);
    await devices.unenroll(given.id);
    await expect(devices.update(given.id, { home: null })).rejects.toThrow(
      'The device is unenrolled. Enroll it again first.',
    );
    await expect(devices.revoke(given.id)).rejects.toThrow('already unenrolled, and its certificates are revoked');
  });

  it('explains that a device enrolled again while an admin revoked it', async () => {
    const database = await open();
    const { enrollment, code } = testEnrollment(database, authority);
    const group = await addGroup(database, 'g');
    const given = await code(group);
    await enrollment.redeem({ ...given, csr: csrFor(given.id), address: ADDRESS });
    await devicesOver(database).unenroll(given.id);
    const again = await code(group, { device: given.id });
    // The device enrolls between the attempt to revoke it and the next read.
    class InterruptedStore extends DeviceStore {
      override async end(...args: Parameters<DeviceStore['end']>) {
        const isEnded = await super.end(...args);
        await enrollment.redeem({ ...again, csr: csrFor(given.id), address: ADDRESS });
        return isEnded;
      }
    }
    const devices = createDevices({
      ...deviceStores(database, testPersonKeys()),
      store: new InterruptedStore(database),
      bus: new LocalBus(),
      clock: new DrivenClock(DOMAIN_NOW),
      followers: { deviceChanged: async () => undefined },
    });
    await expect(devices.revoke(given.id)).rejects.toThrow('The device enrolled again during this action.');
    expect(await devices.get(given.id)).toMatchObject({ status: 'active', generation: 2 });
  });
});
