import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LocalBus, type Wake } from '../../server/bus/bus.ts';
import { createDevices } from '../../server/devices/devices.ts';
import type { DeviceFilter, DeviceSort } from '../../server/devices/ports.ts';
import { inScope } from '../../server/devices/scope.ts';
import type { Database } from '../../server/store/database.ts';
import { deviceStores } from '../../server/store/device-stores.ts';
import { type HomeArea, parseHomeArea } from '../../shared/areas/area-code.ts';
import type { Inventory } from '../../shared/protocol/frames.ts';
import { type DeviceId, type GroupId, newCommandId, newDeviceId, newGroupId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { addCertificate, addDevice, addGroup } from '../support/fleet-rows.ts';
import { addPerson } from '../support/persons.ts';
import { until } from '../support/until.ts';
import { describeOnEveryStore } from './every-store.ts';

const NOW = 500_000;
const PK = 'PK' as HomeArea;
const FR = 'FR' as HomeArea;

function fleet(database: Database) {
  const clock = new DrivenClock(NOW);
  const bus = new LocalBus();
  const wakes: Wake[] = [];
  bus.subscribe((wake) => wakes.push(wake));
  const changed: DeviceId[] = [];
  const devices = createDevices({
    ...deviceStores(database),
    bus,
    clock,
    followers: { deviceChanged: async (device) => void changed.push(device) },
  });
  return { devices, clock, wakes, changed };
}

const scopeOf = (groups: readonly GroupId[] | null) => groups?.map((group) => ({ group, homes: null })) ?? null;
const parsePlaces = (texts: readonly string[]) => texts.map(parseHomeArea);
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

describeOnEveryStore('presence', (open) => {
  it('case 14: a second socket of one identity replaces the first one, ends its writes and raises an alert', async () => {
    const database = await open();
    const { devices, clock, wakes } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const first = await devices.connected(connect(device));
    expect(first).toMatchObject({ epoch: 1, tookOver: false, reportsThrough: 0 });
    clock.jump(NOW + 10);
    const second = await devices.connected({ ...connect(device), address: '192.0.2.2' });
    expect(second).toMatchObject({ epoch: 2, tookOver: true });
    const alerts = await devices.alerts({ scope: null });
    expect(alerts).toMatchObject([{ device, code: 'taken_over', at: NOW + 10 }]);
    await turn();
    expect(wakes).toContainEqual({ kind: 'opened', device, epoch: 2 });

    clock.jump(NOW + 20);
    await devices.seen({ device, epoch: first.epoch }, { list: 99, reports: 99 });
    await devices.disconnected({ device, epoch: first.epoch });
    const { presence } = await devices.get(device);
    expect(presence).toMatchObject({
      connected: true,
      address: '192.0.2.2',
      changedAt: NOW + 10,
      lastSeenAt: NOW + 10,
      listVersion: 0,
      reportsThrough: 0,
    });
    await devices.disconnected({ device, epoch: second.epoch });
    expect((await devices.get(device)).presence).toMatchObject({ connected: false, changedAt: NOW + 20 });
  });

  it('case 14: exactly one of many simultaneous sockets stays connected', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const opened = await Promise.all(Array.from({ length: 20 }, () => devices.connected(connect(device))));
    expect(opened.map(({ epoch }) => epoch).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(opened.filter(({ tookOver }) => !tookOver)).toHaveLength(1);
    expect(await devices.alerts({ scope: null })).toMatchObject([{ code: 'taken_over', count: 19 }]);
  });

  it('raises no alert for a connection after a clean end or a restart of the server', async () => {
    const database = await open();
    const { devices, clock } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const { epoch } = await devices.connected(connect(device));
    await devices.disconnected({ device, epoch });
    expect(await devices.connected(connect(device))).toMatchObject({ tookOver: false });
    // The session's last report, its end and the device's next session share a commit.
    const [, , again] = await Promise.all([
      devices.seen({ device, epoch: 2 }, { reports: 3 }),
      devices.disconnected({ device, epoch: 2 }),
      devices.connected(connect(device)),
    ]);
    expect(again).toMatchObject({ epoch: 3, tookOver: false, reportsThrough: 3 });
    clock.jump(NOW + 5);
    await devices.resetPresence();
    expect((await devices.get(device)).presence).toMatchObject({ connected: false, changedAt: NOW + 5 });
    expect(await devices.connected(connect(device))).toMatchObject({ epoch: 4, tookOver: false });
    expect(await devices.alerts({ scope: null })).toEqual([]);
  });

  it('stores polls of a suspended device rarely, and only for its present session and enrollment', async () => {
    const database = await open();
    const { devices, clock } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const sight = (list: number, generation = 1) =>
      devices.sighted({ device, generation, address: '192.0.2.7', held: { list, record: 1, approverSet: 1 } });
    const seen = async () => {
      const { presence } = await devices.get(device);
      return presence && [presence.lastSeenAt - NOW, presence.listVersion];
    };
    await sight(4);
    expect(await seen()).toBeNull();
    const { epoch } = await devices.connected(connect(device));
    clock.jump(NOW + 600_000);
    await sight(4);
    expect(await seen()).toEqual([0, 0]);
    await devices.disconnected({ device, epoch });
    await sight(4, 2);
    expect(await seen()).toEqual([0, 0]);
    await sight(4);
    expect(await seen()).toEqual([600_000, 4]);
    clock.jump(NOW + 660_000);
    await sight(4);
    expect(await seen()).toEqual([600_000, 4]);
    await sight(5);
    expect(await seen()).toEqual([660_000, 5]);
    clock.jump(NOW + 840_000);
    await sight(5);
    expect(await seen()).toEqual([840_000, 5]);
    expect(await devices.connected(connect(device))).toMatchObject({ epoch: 2, tookOver: false });
  });

  it('stores reported versions, never lowers the last report, and starts again with a new enrollment', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const { epoch } = await devices.connected(connect(device));
    const session = { device, epoch };
    await Promise.all([
      devices.seen(session, { list: 4, record: 3, approverSet: 2, agent: '0.2.0' }),
      devices.seen(session, { reports: 7 }),
      devices.seen(session),
    ]);
    await devices.seen(session, { reports: 5, list: 3 });
    expect((await devices.get(device)).presence).toMatchObject({
      listVersion: 3,
      recordStored: 3,
      approverSetVersion: 2,
      agent: '0.2.0',
      reportsThrough: 7,
    });
    expect(await devices.connected(connect(device))).toMatchObject({ reportsThrough: 7 });
    await database.db.updateTable('devices').set({ generation: 2 }).where('id', '=', device).execute();
    await expect(devices.connected(connect(device, 1))).rejects.toMatchObject({ code: 'certificate_revoked' });
    expect(await devices.connected(connect(device, 2))).toMatchObject({ epoch: 3, reportsThrough: 0 });
    expect((await devices.get(device)).presence).toMatchObject({
      listVersion: 0,
      recordStored: 0,
      approverSetVersion: 0,
    });
  });

  it('lets only the newest session end presence, in any interleaving', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const group = await addGroup(database, 'g');
    const step = fc.oneof(
      fc.constant({ kind: 'connect' as const }),
      fc.record({ kind: fc.constant('close' as const), epoch: fc.nat({ max: 6 }) }),
      fc.record({ kind: fc.constant('seen' as const), epoch: fc.nat({ max: 6 }), list: fc.nat({ max: 9 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const device = await addDevice(database, { group });
        let epoch = 0;
        let connected = false;
        let list = 0;
        for (const one of steps) {
          if (one.kind === 'connect') {
            epoch = (await devices.connected(connect(device))).epoch;
            connected = true;
          } else if (one.kind === 'close') {
            await devices.disconnected({ device, epoch: one.epoch });
            if (one.epoch === epoch) connected = false;
          } else {
            await devices.seen({ device, epoch: one.epoch }, { list: one.list });
            if (one.epoch === epoch && epoch > 0) list = one.list;
          }
        }
        const { presence } = await devices.get(device);
        expect(presence?.connected ?? false).toBe(connected);
        expect(presence?.listVersion ?? 0).toBe(list);
      }),
      { numRuns: 25 },
    );
  });

  it('counts repeated alerts, and keeps every grave alert among many others', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const group = await addGroup(database, 'g');
    const [noisy, other] = [await addDevice(database, { group }), await addDevice(database, { group })];
    await devices.raiseAlert({ device: noisy, code: 'taken_over', detail: 'from 192.0.2.1' });
    await Promise.all(
      Array.from({ length: 500 }, (_, n) => devices.raiseAlert({ device: noisy, code: 'same', detail: `${n}` })),
    );
    for (let n = 0; n < 300; n += 1) await devices.raiseAlert({ device: noisy, code: `code_${n}`, detail: `${n}` });
    await devices.raiseAlert({ device: other, code: 'same', detail: 'its own' });
    const all = await devices.alerts({ scope: null, limit: 200 });
    // Forty ordinary codes, one row that counts the other codes, one grave alert, and one alert of the other device.
    expect(all).toHaveLength(43);
    const of = (code: string) => all.find((one) => one.code === code && one.device === noisy);
    expect(of('same')).toMatchObject({ count: 500, isGrave: false });
    expect(of('other_alerts')).toMatchObject({ count: 261, detail: 'code_299: 299' });
    expect(of('taken_over')).toMatchObject({ count: 1, detail: 'from 192.0.2.1', isGrave: true });
    expect((await devices.alerts({ scope: null, grave: true })).map(({ code }) => code)).toEqual(['taken_over']);
    // A repeated alert is the newest again. A day after the first alert, a repetition has its own row.
    await devices.raiseAlert({ device: noisy, code: 'taken_over', detail: 'from 192.0.2.1' });
    const [newest] = await devices.alerts({ scope: null, limit: 1 });
    expect(newest).toMatchObject({ code: 'taken_over', count: 2, detail: 'from 192.0.2.1' });
    await database.db
      .updateTable('alerts')
      .set({ first_at: NOW - 2 * 86_400_000 })
      .execute();
    await devices.raiseAlert({ device: noisy, code: 'taken_over', detail: 'from 192.0.2.1' });
    expect((await devices.alerts({ scope: null, grave: true })).map(({ count }) => count)).toEqual([1, 2]);
  });

  it('keeps the details of different grave alerts of one kind, up to a limit', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const raise = (code: string, detail: string) => devices.raiseAlert({ device, code, detail });
    await Promise.all(['2026-001', '2026-667', '2026-001'].map((order) => raise('order_unverified', order)));
    for (let n = 0; n < 100; n += 1) await raise('list_forked', `list ${n}`);
    await raise('list_older', 'list 3');
    await raise('order_unverified', '2026-667');
    const all = await devices.alerts({ scope: null, limit: 200 });
    const of = (code: string) => all.filter((alert) => alert.code === code);
    expect(of('order_unverified')).toMatchObject([
      { detail: '2026-667', count: 2 },
      { detail: '2026-001', count: 2 },
    ]);
    // Thirty alerts have their own detail. All others share one row for each code.
    expect(of('list_forked')).toHaveLength(29);
    expect(of('list_forked')[0]).toMatchObject({ detail: 'Newest of several: list 99', count: 72 });
    expect(of('list_older')).toMatchObject([{ detail: 'Newest of several: list 3', count: 1 }]);
  });

  it('keeps the newest inventory, and lists alerts within the scope', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const [group, other] = [await addGroup(database, 'g'), await addGroup(database, 'h')];
    const device = await addDevice(database, { group });
    expect(await devices.inventory(device)).toBeNull();
    await Promise.all([devices.putInventory(device, inventory('one')), devices.putInventory(device, inventory('two'))]);
    await devices.putInventory(device, inventory('three'));
    expect((await devices.inventory(device))?.hostname).toBe('three');
    expect(await devices.get(device)).toMatchObject({ hostname: 'three', platform: 'linux' });

    await devices.raiseAlert({ device, code: 'list_forked', detail: 'x' });
    await devices.raiseAlert({ device: null, code: 'crl', detail: 'y' });
    const codes = async (groups: GroupId[] | null) =>
      (await devices.alerts({ scope: scopeOf(groups) })).map(({ code }) => code);
    expect(await codes(null)).toEqual(['crl', 'list_forked']);
    expect(await codes([group])).toEqual(['list_forked']);
    expect(await codes([other])).toEqual([]);
    expect(await codes([])).toEqual([]);
    const [newest] = await devices.alerts({ scope: null, limit: 1 });
    expect((await devices.alerts({ scope: null, before: newest!.id })).map(({ code }) => code)).toEqual([
      'list_forked',
    ]);
  });
});

describeOnEveryStore('the list of devices', (open) => {
  const SORTS: DeviceSort[] = ['id', 'user', 'enrolled', 'seen'];

  it('lists every device once, in order, for every sort and page size', async () => {
    const database = await open();
    const { devices, clock } = fleet(database);
    const group = await addGroup(database, 'g');
    for (let index = 0; index < 23; index += 1) {
      const device = await addDevice(database, { group, user: `User ${index % 5}`, enrolledAt: index % 4 });
      clock.jump(NOW + Math.floor(index / 3));
      if (index % 2) await devices.connected(connect(device));
    }
    const key = (sort: DeviceSort, device: Awaited<ReturnType<typeof devices.get>>) =>
      ({ id: 0, user: device.user, enrolled: device.enrolledAt, seen: device.presence?.lastSeenAt ?? 0 })[sort];
    for (const sort of SORTS) {
      for (const descending of [false, true]) {
        const all = [];
        let cursor: string | null = null;
        do {
          const page: Awaited<ReturnType<typeof devices.list>> = await devices.list({
            scope: null,
            sort,
            descending,
            cursor,
            limit: 7,
          });
          all.push(...page.items);
          cursor = page.cursor;
        } while (cursor);
        expect(new Set(all.map(({ id }) => id)).size).toBe(23);
        // A page by offset shows the same devices.
        for (const offset of [0, 1, 10, 11, 12, 16, 20, 22, 23, 40]) {
          const page = await devices.list({ scope: null, sort, descending, offset, limit: 7 });
          expect(page.items.map(({ id }) => id)).toEqual(all.slice(offset, offset + 7).map(({ id }) => id));
          expect([page.total, page.cursor === null]).toEqual([23, offset + 7 >= 23]);
          if (page.cursor === null) continue;
          const next = await devices.list({ scope: null, sort, descending, cursor: page.cursor, limit: 1 });
          expect([next.total, next.items[0]?.id]).toEqual([23, all[offset + 7]?.id]);
        }
        const sorted = [...all].sort((a, b) => {
          const [x, y] = [key(sort, a), key(sort, b)];
          const ascending = x < y ? -1 : x > y ? 1 : a.id < b.id ? -1 : 1;
          return descending ? -ascending : ascending;
        });
        expect(all.map(({ id }) => id)).toEqual(sorted.map(({ id }) => id));
      }
    }
  });

  it('finds devices by text, group, status, area and connection, and treats wildcards as plain text', async () => {
    const database = await open();
    const { devices, clock } = fleet(database);
    const [here, there] = [await addGroup(database, 'here'), await addGroup(database, 'there')];
    const ann = await addDevice(database, { group: here, user: 'Ann 100%' });
    const bob = await addDevice(database, { group: there, user: 'Bob_' });
    const cyd = await addDevice(database, { group: there, user: 'Cyd' });
    await devices.connected(connect(ann));
    await devices.putInventory(bob, inventory('WORKBENCH-7'));
    await devices.revoke(cyd);
    await database.db
      .insertInto('device_nexus')
      .values([
        { device_id: ann, nexus: 'seen', area: 'PK' },
        { device_id: ann, nexus: 'present', area: 'DE' },
        { device_id: bob, nexus: 'present', area: 'PK' },
        { device_id: bob, nexus: 'present', area: 'FR' },
      ])
      .execute();
    await database.db
      .insertInto('locations')
      .values([
        { device_id: ann, state: '{}', unknown_at: NOW + 1, folded_before: null },
        { device_id: bob, state: '{}', unknown_at: null, folded_before: null },
      ])
      .execute();
    const found = async (filter: DeviceFilter, groups: GroupId[] | null = null) => {
      const scope = scopeOf(groups);
      const { items, total } = await devices.list({ filter, scope });
      expect(total).toBe(items.length);
      // A command to many devices includes only the active devices.
      const active = items.filter(({ status }) => status === 'active').map(({ id }) => id);
      const { status, ...rest } = filter;
      if (status === undefined) expect([...(await devices.reached(rest, scope))].sort()).toEqual(active.sort());
      return items.map(({ user }) => user);
    };
    expect(await found({})).toEqual(['Ann 100%', 'Bob_', 'Cyd']);
    // The search includes ids, and random letters of an id may be part of a name.
    expect(await found({ text: 'aNN 1' })).toEqual(['Ann 100%']);
    expect(await found({ text: '%' })).toEqual(['Ann 100%']);
    expect(await found({ text: '_' })).toEqual(['Ann 100%', 'Bob_', 'Cyd']);
    expect(await found({ text: 'ob_' })).toEqual(['Bob_']);
    expect(await found({ text: 'bench' })).toEqual(['Bob_']);
    expect(await found({ text: cyd.slice(2) })).toEqual(['Cyd']);
    expect(await found({ text: "' or 1=1 --" })).toEqual([]);
    expect(await found({ group: there })).toEqual(['Bob_', 'Cyd']);
    expect(await found({ status: 'revoked' })).toEqual(['Cyd']);
    expect(await found({ area: PK })).toEqual(['Bob_']);
    expect(await found({ area: FR })).toEqual(['Bob_']);
    expect(await found({ area: parseHomeArea('DE') })).toEqual(['Ann 100%']);
    expect(await found({ area: PK, text: 'bench', connected: false, group: there })).toEqual(['Bob_']);
    expect(await found({ connected: true })).toEqual(['Ann 100%']);
    expect(await found({ connected: false, group: there, status: 'active' })).toEqual(['Bob_']);
    expect(await found({}, [here])).toEqual(['Ann 100%']);
    expect(await found({ group: there }, [here])).toEqual([]);
    expect(await found({}, [])).toEqual([]);
    // The device's last evidence has expired, so its location is unknown.
    clock.jump(NOW + 1);
    expect(await found({ area: parseHomeArea('DE') })).toEqual([]);
    await expect(devices.get(bob, scopeOf([here]))).rejects.toMatchObject({ code: 'out_of_scope' });
    await expect(devices.get(newDeviceId())).rejects.toMatchObject({ code: 'not_found' });
  });

  it('case 50: lists exactly the devices that the scope of groups and home areas allows', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const groups = [await addGroup(database, 'none'), await addGroup(database, 'us', 'US-CA')];
    const homes = [null, 'PK', 'US', 'US-NY', 'FR', 'ES', 'ES-CT', 'ES-B', 'ES-M'];
    for (const group of groups) for (const home of homes) await addDevice(database, { group, home });
    const stated = await addDevice(database, { group: groups[0]!, home: 'PK' });
    await devices.update(stated, { statement: { kind: 'home', reason: 'posted', areas: [FR], until: NOW + 1 } });
    for (const { id } of (await devices.list({ scope: null, limit: 200 })).items) {
      await devices.raiseAlert({ device: id, code: 'test', detail: '' });
    }
    const part = fc.record({
      group: fc.constantFrom(null, ...groups),
      homes: fc.constantFrom(
        null,
        ...[['PK'], ['US'], ['US-NY'], ['FR', 'DE'], ['US-CA', 'PK'], ['ES-CT'], ['ES'], ['ES-B', 'ES-MD']].map(
          parsePlaces,
        ),
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 3 }), async (scope) => {
        const all = (await devices.list({ scope: null, limit: 200 })).items;
        const seen = all.filter(({ group, home }) => inScope(scope, { group: group.id, home })).map(({ id }) => id);
        const { items, total } = await devices.list({ scope, limit: 200 });
        expect([items.map(({ id }) => id), total]).toEqual([seen, seen.length]);
        const alerted = (await devices.alerts({ scope, limit: 200 })).map(({ device }) => device);
        expect(alerted.sort()).toEqual([...seen].sort());
      }),
      { numRuns: 25 },
    );
  });

  it('refuses a forged cursor, and a cursor of another sort', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const group = await addGroup(database, 'g');
    for (const user of ['a', 'b']) await addDevice(database, { group, user });
    const { cursor } = await devices.list({ scope: null, limit: 1 });
    const forged = Buffer.from('{"sort":"user","descending":false,"value":1,"id":"x"}').toString('base64url');
    for (const bad of ['x', '!', forged]) {
      await expect(devices.list({ scope: null, cursor: bad })).rejects.toMatchObject({ code: 'invalid_input' });
    }
    await expect(devices.list({ scope: null, cursor, sort: 'seen' })).rejects.toMatchObject({ code: 'invalid_input' });
    expect((await devices.list({ scope: null, cursor })).items.map(({ user }) => user)).toEqual(['b']);
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
    expect(changed).toEqual([device, device, device]);
    await turn();
    expect(wakes.filter(({ kind }) => kind === 'device')).toHaveLength(3);
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

function inventory(hostname: string): Inventory {
  return {
    at: 1,
    agent: '0.1.0',
    hostname,
    os: { platform: 'linux', distro: null, release: null, kernel: null, arch: 'x64' },
    hardware: { manufacturer: null, model: null, serial: null, uuid: null, cpu: null, cores: 2, memory: null },
    disks: [],
    network: [],
  };
}
