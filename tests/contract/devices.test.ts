import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { type DeviceId, newCommandId, newDeviceId, newGroupId } from '../../shared/protocol/ids.ts';
import { FR, fleet, NOW, PK } from '../support/device-world.ts';
import { addCertificate, addDevice, addGroup } from '../support/fleet-rows.ts';
import { addPerson } from '../support/persons.ts';
import { until } from '../support/until.ts';
import { describeOnEveryStore } from './every-store.ts';

const connect = (device: DeviceId, generation = 1) => ({ device, generation, address: '192.0.2.1', agent: '0.1.0' });

describeOnEveryStore('identity by certificate', (open) => {
  it('finds the device whose newest enrollment has the certificate', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g'), generation: 2 });
    const fingerprint = await addCertificate(database, { device, generation: 2 });
    expect(await devices.identify(fingerprint, NOW)).toMatchObject({
      device,
      generation: 2,
      certificate: { fingerprint },
    });
  });

  it('refuses every other certificate with a code for the reason', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g'), generation: 2 });
    const cases: [string, string][] = [
      ['00'.repeat(32), 'certificate_unknown'],
      [await addCertificate(database, { device: null }), 'certificate_unknown'],
      [await addCertificate(database, { device: newDeviceId() }), 'certificate_unknown'],
      [await addCertificate(database, { device: null, profile: 'server' }), 'certificate_wrong_profile'],
      [await addCertificate(database, { device, generation: 2, profile: 'messaging' }), 'certificate_wrong_profile'],
      [await addCertificate(database, { device, generation: 1 }), 'certificate_superseded'],
      [await addCertificate(database, { device, generation: 2, notAfter: NOW - 1 }), 'certificate_expired'],
      [await addCertificate(database, { device, generation: 2, notBefore: NOW + 1 }), 'certificate_expired'],
    ];
    for (const [fingerprint, code] of cases) {
      await expect(devices.identify(fingerprint, NOW)).rejects.toMatchObject({ code });
    }
  });

  it('refuses the old certificate after the first use of the renewed one, and not before', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const old = await addCertificate(database, { device, issuedAt: 1 });
    const renewed = await addCertificate(database, { device, issuedAt: 2 });
    await devices.identify(old, NOW);
    await devices.identify(renewed, NOW);
    await devices.identify(renewed, NOW);
    await expect(devices.identify(old, NOW)).rejects.toMatchObject({ code: 'certificate_superseded' });
  });

  it('lists every certificate of a device with its state, newest first', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const group = await addGroup(database, 'g');
    const device = await addDevice(database, { group, generation: 2 });
    const oldest = await addCertificate(database, { device, generation: 1, issuedAt: 1 });
    const older = await addCertificate(database, { device, generation: 2, issuedAt: 2, notAfter: NOW + 1 });
    const newest = await addCertificate(database, { device, generation: 2, issuedAt: 3 });
    await addCertificate(database, { device: await addDevice(database, { group }) });
    await devices.identify(newest, NOW);
    await devices.revoke(device);
    const revokedAt = expect.any(Number);
    expect(await devices.certificates(device)).toMatchObject([
      { fingerprint: newest, generation: 2, profile: 'device', supersededAt: null, revokedAt },
      { fingerprint: older, generation: 2, notBefore: 0, notAfter: NOW + 1, supersededAt: NOW },
      { fingerprint: oldest, generation: 1 },
    ]);
  });

  it('case 2: a revocation ends the identity, wakes its sockets and adds one ledger entry per certificate', async () => {
    const database = await open();
    const { devices, wakes } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const fingerprint = await addCertificate(database, { device });
    await addCertificate(database, { device, issuedAt: 2 });
    const bystander = await addDevice(database, { group: await addGroup(database, 'h') });
    const other = await addCertificate(database, { device: bystander });

    await devices.revoke(device, 'keyCompromise');
    await devices.revoke(device, 'keyCompromise');
    await expect(devices.identify(fingerprint, NOW)).rejects.toMatchObject({ code: 'certificate_revoked' });
    await expect(devices.connected(connect(device))).rejects.toMatchObject({ code: 'certificate_revoked' });
    await expect(devices.unenroll(device)).rejects.toMatchObject({ code: 'conflict' });
    await devices.identify(other, NOW);

    expect(await devices.get(device)).toMatchObject({ status: 'revoked', endedAt: NOW });
    const entries = await database.db.selectFrom('ledger_entries').selectAll().execute();
    expect(entries.map(({ kind }) => kind)).toEqual(['certificate.revoked', 'certificate.revoked']);
    expect(JSON.parse(entries[0]!.body)).toMatchObject({ at: NOW, public: { reason: 1 } });
    expect(entries.some(({ body }) => body.includes(device))).toBe(false);
    const openings = await database.db.selectFrom('ledger_openings').select('subject').execute();
    expect(openings).toEqual([{ subject: device }, { subject: device }]);
    await turn();
    expect(wakes).toContainEqual({ kind: 'ended', device });
  });

  it('cancels the open commands of a revoked or unenrolled device, and of no other device', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const group = await addGroup(database, 'g');
    const [device, other] = [await addDevice(database, { group }), await addDevice(database, { group })];
    const states = ['queued', 'stored', 'done', 'expired'] as const;
    const add = async (id: DeviceId, state: (typeof states)[number]) =>
      database.db
        .insertInto('commands')
        .values({
          id: newCommandId(),
          device_id: id,
          generation: 1,
          kind: 'lock-workspace',
          body: '{"kind":"lock-workspace"}',
          state,
          created_by: 'x',
          created_at: states.indexOf(state),
          expires_at: 9,
          stored_at: null,
          finished_at: null,
          detail: null,
        })
        .execute();
    for (const state of states) await add(device, state);
    await add(other, 'queued');
    await devices.unenroll(device);
    const left = async (id: DeviceId) =>
      (
        await database.db
          .selectFrom('commands')
          .select('state')
          .where('device_id', '=', id)
          .orderBy('created_at')
          .execute()
      ).map(({ state }) => state);
    expect(await left(device)).toEqual(['canceled', 'canceled', 'done', 'expired']);
    expect(await left(other)).toEqual(['queued']);
  });
});

describeOnEveryStore('groups, and settings of devices', (open) => {
  it('gives a device its group’s home area unless the device has one, and announces each change', async () => {
    const database = await open();
    const { devices, changed, wakes } = fleet(database);
    const group = await devices.createGroup({ name: 'Lahore', home: PK, seat: null });
    const device = await addDevice(database, { group: group.id });
    expect(await devices.get(device)).toMatchObject({ home: PK, own: { home: null } });
    await devices.update(device, {
      home: FR,
      statement: { kind: 'presence', reason: 'seen there', areas: [PK], until: NOW + 1000 },
    });
    expect(await devices.get(device)).toMatchObject({
      home: FR,
      seat: null,
      statement: { kind: 'presence', reason: 'seen there', areas: [PK], at: NOW, until: NOW + 1000 },
    });
    await devices.update(device, { statement: null, home: null });
    expect(await devices.get(device)).toMatchObject({ home: PK, statement: null });
    await devices.updateGroup(group.id, { home: FR });
    expect((await devices.get(device)).home).toBe(FR);
    expect((await devices.get(device)).group.mailPrograms).toBe(false);
    expect(await devices.updateGroup(group.id, { mailPrograms: true })).toMatchObject({ mailPrograms: true, home: FR });
    expect((await devices.get(device)).group.mailPrograms).toBe(true);
    expect(changed).toEqual([device, device, device, device]);
    await turn();
    expect(wakes.filter(({ kind }) => kind === 'device')).toHaveLength(4);
  });

  it('uses a stated home area until the statement expires, also while no server runs', async () => {
    const database = await open();
    const { devices, clock, changed } = fleet(database);
    const stop = await devices.startStatementExpiry((error) => expect.unreachable(String(error)));
    const device = await addDevice(database, { group: await addGroup(database, 'g', PK) });
    const state = (until: number) =>
      devices.update(device, { statement: { kind: 'home', reason: 'posted to Paris', areas: [FR], until } });
    const stated = await state(NOW + 1000);
    expect(stated).toMatchObject({ home: FR, own: { home: null }, statement: { reason: 'posted to Paris' } });
    clock.jump(NOW + 1000);
    await until(async () => expect(await devices.get(device)).toMatchObject({ home: PK, statement: null }));
    expect(changed).toEqual([device, device]);

    await state(NOW + 2000);
    stop();
    clock.jump(NOW + 3000);
    expect((await devices.get(device)).home).toBe(FR);
    (await devices.startStatementExpiry((error) => expect.unreachable(String(error))))();
    expect(await devices.get(device)).toMatchObject({ home: PK, statement: null });
    expect(changed).toHaveLength(4);
  });

  it('refuses invalid settings and changes nothing', async () => {
    const database = await open();
    const { devices, changed } = fleet(database);
    const group = await devices.createGroup({ name: 'one', home: null, seat: null });
    const second = await devices.createGroup({ name: 'two', home: null, seat: null });
    const device = await addDevice(database, { group: group.id, user: 'U' });
    const refused: [() => Promise<unknown>, string][] = [
      [() => devices.createGroup({ name: 'one', home: null, seat: null }), 'conflict'],
      [() => devices.updateGroup(second.id, { name: 'one' }), 'conflict'],
      [() => devices.updateGroup(newGroupId(), { name: 'x' }), 'not_found'],
      [() => devices.deleteGroup(group.id), 'conflict'],
      [() => devices.deleteGroup(newGroupId()), 'not_found'],
      [() => devices.update(device, { group: newGroupId() }), 'not_found'],
      [() => devices.update(newDeviceId(), { home: PK }), 'not_found'],
      [
        () => devices.update(device, { statement: { kind: 'presence', reason: 'r', areas: [PK], until: NOW } }),
        'invalid_input',
      ],
      [
        () => devices.update(device, { statement: { kind: 'home', reason: 'r', areas: [PK, FR], until: NOW + 1 } }),
        'invalid_input',
      ],
    ];
    for (const [act, code] of refused) await expect(act()).rejects.toMatchObject({ code });
    await devices.updateGroup(second.id, { name: 'two' });
    expect((await devices.groups()).map(({ name }) => name)).toEqual(['one', 'two']);
    expect(await devices.get(device)).toMatchObject({ group: { id: group.id }, statement: null });
    expect(changed).toEqual([]);
    await database.transaction((tx) => addPerson(tx, 'U', second.id));
    await devices.update(device, { group: second.id });
    await expect(devices.deleteGroup(group.id)).rejects.toMatchObject({ code: 'conflict' });
    await database.db.deleteFrom('person_groups').where('group_id', '=', group.id).execute();
    await devices.deleteGroup(group.id);
    await devices.revoke(device);
    await expect(devices.update(device, { home: PK })).rejects.toMatchObject({ code: 'conflict' });
  });
});
