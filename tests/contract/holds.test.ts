/** Legal holds on both databases: devices under a hold, their device records, and the preservation of their data. */
import { afterEach, expect, it } from 'vitest';
import { createCommands } from '../../server/commands/commands.ts';
import { createDevices } from '../../server/devices/devices.ts';
import { createHolds, type Holds } from '../../server/holds/holds.ts';
import { createJurisdiction, type Jurisdiction } from '../../server/jurisdiction/jurisdiction.ts';
import { commandStores } from '../../server/store/command-stores.ts';
import type { Database } from '../../server/store/database.ts';
import { DeviceStore } from '../../server/store/device-store.ts';
import { deviceStores } from '../../server/store/device-stores.ts';
import { GroupStore } from '../../server/store/group-store.ts';
import { HoldStore } from '../../server/store/hold-store.ts';
import { JurisdictionStore } from '../../server/store/jurisdiction-store.ts';
import { MailboxStore } from '../../server/store/mailbox-store.ts';
import { PastLocationStore } from '../../server/store/past-location-store.ts';
import { PostStore } from '../../server/store/post-store.ts';
import { removeExpired } from '../../server/store/retention.ts';
import { UnlockShareStore } from '../../server/store/unlock-share-store.ts';
import { parseDocument } from '../../shared/order/canonical.ts';
import { deviceRecordSchema, PAYLOAD_TYPES } from '../../shared/order/documents.ts';
import { payloadOf } from '../../shared/order/dsse.ts';
import type { PersonId } from '../../shared/protocol/ids.ts';
import { type DeviceId, type GroupId, newDeviceId, newLegalHoldId } from '../../shared/protocol/ids.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { postOf } from '../support/mailbox-link.ts';
import { type OrderWorld, openOrderWorld } from '../support/order-world.ts';
import { testPersonKeys } from '../support/person-keys.ts';
import { personCalled } from '../support/persons.ts';
import { describeOnEveryStore } from './every-store.ts';

const DAY = 86_400_000;
const REASON = 'Case 12: keep all that concerns the tender.';

describeOnEveryStore('legal holds', (openStore) => {
  let world: OrderWorld;
  let database: Database;
  let holds: Holds;
  let devices: ReturnType<typeof createDevices>;
  let commands: ReturnType<typeof createCommands>;
  let group: GroupId;
  afterEach(async () => {
    await holds.stop();
    await world.stop();
  });

  async function open(): Promise<void> {
    database = await openStore();
    group = await addGroup(database, 'Karachi', 'PK');
    const [store, groups] = [new DeviceStore(database), new GroupStore(database)];
    world = await openOrderWorld(database, ({ clock, bus, changes }) => {
      const jurisdiction: Jurisdiction = createJurisdiction({
        store: new JurisdictionStore(database),
        past: new PastLocationStore(database),
        clock,
        changes,
        ip: new Proxy({} as never, { get: () => () => undefined }),
      });
      devices = createDevices({
        ...deviceStores(database, testPersonKeys()),
        bus,
        clock,
        followers: { deviceChanged: async (device) => void (await world.orders.effect.reissueRecord(device)) },
      });
      return {
        fleet: { personalia: (device) => store.get(device), devicesOf: (of) => groups.devicesOf(of) },
        jurisdiction,
      };
    });
    const { bus, clock } = world;
    commands = createCommands({
      stores: commandStores(database),
      shares: new UnlockShareStore(database),
      bus,
      clock,
      devices,
    });
    holds = holdsOver((device) => world.orders.effect.reissueRecord(device));
  }

  const holdsOver = (reissueRecord: (device: DeviceId) => Promise<unknown>): Holds =>
    createHolds({
      store: new HoldStore(database),
      records: { reissueRecord },
      bus: world.bus,
      clock: world.clock,
      log: { error: () => undefined },
    });
  const add = (user: string) => addDevice(database, { group, user });
  const place = (on: { device: DeviceId } | { person: PersonId }) =>
    holds.place({ on, reason: REASON, reference: '12/2015', by: 'acc_counsel' });
  const release = (id: Awaited<ReturnType<typeof place>>['id']) =>
    holds.release(id, { reason: 'The case is settled.', by: 'acc_other' });
  const all = { released: null, device: null, cursor: null, limit: 50 };
  const recordOf = async (device: DeviceId) => {
    const row = await world.orders.effect.record(device);
    return row && parseDocument(deviceRecordSchema, payloadOf(row.envelope, PAYLOAD_TYPES.record));
  };
  const wipe = (device: DeviceId) => commands.issue({ device, command: { kind: 'wipe-workspace' }, by: 'acc' });

  it('apply to a device until their release, also in its device record, and stay in the list', async () => {
    await open();
    const [one, other] = [await add('Amina'), await add('Amina')];
    const hold = await place({ device: one });
    expect(hold).toMatchObject({
      on: { kind: 'device', device: one, user: 'Amina' },
      reason: REASON,
      reference: '12/2015',
      placedBy: 'acc_counsel',
      placedAt: world.clock.now(),
      released: null,
    });
    expect(await holds.underLegalHold([one, other, newDeviceId()])).toEqual(new Set([one]));
    expect(await holds.underLegalHold([])).toEqual(new Set());
    expect([(await devices.get(one)).underLegalHold, (await devices.get(other)).underLegalHold]).toEqual([true, false]);
    expect(await recordOf(one)).toMatchObject({ legalHold: true, version: 1 });
    expect(await recordOf(other)).toBeNull();
    expect(world.wakes).toContainEqual({ kind: 'device', device: one });

    world.clock.jump(world.clock.now() + DAY);
    const released = await release(hold.id);
    expect(released.released).toEqual({ at: world.clock.now(), by: 'acc_other', reason: 'The case is settled.' });
    expect(await holds.underLegalHold([one])).toEqual(new Set());
    expect(await recordOf(one)).toMatchObject({ version: 2 });
    expect(await recordOf(one)).not.toHaveProperty('hold');
    await expect(release(hold.id)).rejects.toMatchObject({ code: 'conflict' });
    await expect(release(newLegalHoldId())).rejects.toMatchObject({ code: 'not_found' });
    expect((await holds.list(all)).holds).toEqual([released]);
    expect((await holds.list({ ...all, released: false })).holds).toEqual([]);
  });

  it('apply to all devices of a user, and to later ones from their first device record', async () => {
    await open();
    const [one, two, other] = [await add('Amina Khan'), await add(' amina  KHAN'), await add('Amina')];
    const { id } = await place({ person: personCalled('AMINA KHAN') });
    expect(await holds.underLegalHold([one, two, other])).toEqual(new Set([one, two]));
    const later = await add('Amina Khan');
    await world.orders.effect.reissueRecord(later);
    expect(await recordOf(later)).toMatchObject({ version: 1, legalHold: true });
    expect((await holds.list({ ...all, device: later })).holds).toMatchObject([
      { id, on: { kind: 'person', user: 'Amina Khan', devices: 3 } },
    ]);
    expect((await holds.list({ ...all, device: other })).holds).toEqual([]);
    await release(id);
    for (const device of [one, two, later]) expect(await recordOf(device)).not.toHaveProperty('hold');
  });

  it('apply to a device until the last of several is released', async () => {
    await open();
    const device = await add('Amina');
    const [first, second] = [await place({ device }), await place({ person: personCalled('Amina') })];
    await release(first.id);
    expect(await recordOf(device)).toMatchObject({ legalHold: true });
    await release(second.id);
    expect(await holds.underLegalHold([device])).toEqual(new Set());
  });

  it('are listed newest first, page by page', async () => {
    await open();
    const device = await add('Amina');
    const placed: string[] = [];
    for (let count = 0; count < 5; count += 1) {
      placed.unshift((await place({ device })).id);
      world.clock.jump(world.clock.now() + 1);
    }
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<Holds['list']>> = await holds.list({ ...all, cursor, limit: 2 });
      seen.push(...page.holds.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== null);
    expect(seen).toEqual(placed);
    await expect(holds.list({ ...all, cursor: '1 dev_x' })).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('have a ledger entry for each change, which names no person', async () => {
    await open();
    const device = await add('Amina');
    const [first, second] = [await place({ device }), await place({ person: personCalled('Amina') })];
    await release(first.id);
    await expect(place({ device: newDeviceId() })).rejects.toMatchObject({ code: 'not_found' });
    const entries = await database.db
      .selectFrom('ledger_entries')
      .innerJoin('ledger_openings', 'ledger_openings.entry_id', 'ledger_entries.id')
      .select(['kind', 'body', 'subject'])
      .where('kind', 'like', 'legal-hold.%')
      .orderBy('id')
      .execute();
    const person = personCalled('Amina');
    expect(entries.map(({ kind, body, subject }) => [kind, JSON.parse(body).public, subject])).toEqual([
      ['legal-hold.placed', { hold: first.id }, device],
      ['legal-hold.placed', { hold: second.id }, person],
      ['legal-hold.released', { hold: first.id }, device],
    ]);
    for (const { body } of entries) {
      for (const text of [device, person, 'Amina', 'tender', '12/2015']) expect(body).not.toContain(text);
    }
  });

  it('reach devices at the next start after a crash or a store failure', async () => {
    await open();
    const device = await add('Amina');
    const broken = holdsOver(() => Promise.reject(new Error('the disk is full')));
    const { id } = await broken.place({ on: { device }, reason: REASON, reference: null, by: 'acc' });
    await broken.stop();
    expect(await holds.underLegalHold([device])).toEqual(new Set([device]));
    expect(await recordOf(device)).toBeNull();
    await holds.start();
    expect(await recordOf(device)).toMatchObject({ legalHold: true });
    expect(await new HoldStore(database).undelivered()).toEqual([]);
    await release(id);
    expect(await recordOf(device)).not.toHaveProperty('hold');
  });

  it('refuse destructive commands, and cancel waiting ones', async () => {
    await open();
    const [held, free] = [await add('Amina'), await add('Bilal')];
    const [waits, locks] = [
      await wipe(held),
      await commands.issue({ device: held, command: { kind: 'lock-workspace' }, by: 'acc' }),
    ];
    const { id } = await place({ person: personCalled('amina') });
    expect(await commands.get(waits.id)).toMatchObject({ state: 'canceled', detail: 'A legal hold was placed.' });
    expect((await commands.pendingFor(held, 1)).map((each) => each.id)).toEqual([locks.id]);
    await expect(wipe(held)).rejects.toMatchObject({ code: 'legal_hold', context: { device: held } });
    await expect(commands.issue({ device: held, command: { kind: 'unenroll' }, by: 'acc' })).rejects.toMatchObject({
      code: 'legal_hold',
    });
    const many = { devices: [held, free], command: { kind: 'wipe-workspace' as const }, by: 'acc' };
    expect(await commands.issueToMany(many)).toMatchObject({
      queued: 1,
      refused: [{ device: held, code: 'legal_hold' }],
    });
    const wipes = await database.db
      .selectFrom('ledger_entries')
      .where('kind', '=', 'workspace.wipe')
      .selectAll()
      .execute();
    expect(wipes).toHaveLength(2);
    await release(id);
    expect(await wipe(held)).toMatchObject({ state: 'queued' });
  });

  it('keep mail that waits for a device after its expiry, after an order, and after the device’s end', async () => {
    await open();
    const [from, held, free] = [await add('Zoe'), await add('Amina'), await add('Bilal')];
    const [posts, mailboxes] = [new PostStore(database), new MailboxStore(database)];
    const [now, order] = [world.clock.now(), '2015-001'];
    const enrollment = (device: DeviceId) => ({ device, generation: 1 });
    const send = (text: string, denied: boolean) =>
      posts.post({
        sender: enrollment(from),
        post: postOf([held, free], text, { expires: now + 1000 }),
        at: now,
        expiresAt: now + 1000,
        recipients: [held, free].map((device) => ({
          device,
          known: true,
          denial: null,
          waiting: denied ? ('return' as const) : null,
        })),
      });
    const count = async (device: DeviceId) => {
      const rows = await database.db
        .selectFrom('mailbox_entries')
        .selectAll()
        .where('device_id', '=', device)
        .execute();
      return rows.length;
    };
    const { id } = await place({ device: held });
    await send('one', false);
    await mailboxes.expire(now + 2000);
    expect([await count(held), await count(free)]).toEqual([1, 0]);
    const page = { ...enrollment(held), after: 0, entries: 10, bytes: 100_000, dueOnly: false, now: now + 3000 };
    expect((await mailboxes.read(page)).entries).toHaveLength(1);

    await send('two', false);
    const denial = { rule: 'return' as const, order };
    await mailboxes.settle(
      [held, free].map((device) => ({ device, denial })),
      now,
    );
    expect([await count(held), await count(free)]).toEqual([2, 0]);
    await mailboxes.settle([{ device: held, denial: null }], now);
    expect((await mailboxes.read({ ...page, now })).entries).toHaveLength(2);

    await devices.revoke(held);
    expect(await count(held)).toBe(2);
    await release(id);
    await mailboxes.expire(now + 3 * DAY);
    expect(await count(held)).toBe(0);
    const reports = await mailboxes.read({ ...page, ...enrollment(from), now });
    expect(
      reports.entries.map(({ item }) => item.type === 'delivery-report' && `${item.device === held} ${item.status}`),
    ).toEqual(expect.arrayContaining(['true expired', 'false expired', 'false returned']));
  });

  it('keep evidence and other data that would be deleted by age', async () => {
    await open();
    const [held, free] = [await add('Amina'), await add('Bilal')];
    const old = { generation: 1, at: 1 };
    for (const device_id of [held, free]) {
      await database.db
        .insertInto('evidence')
        .values({ ...old, device_id, detail: '', received_at: 1 })
        .execute();
      await database.db
        .insertInto('attachments')
        .values({ id: device_id, device_id, size: 1, at: 1, body: Buffer.of(1) })
        .execute();
      const sent = { device_id, generation: 1, post_id: 'p', at: 1, digest: 1, answer: '' };
      await database.db.insertInto('post_results').values(sent).execute();
    }
    for (const device_id of [held, free, null]) {
      await database.db
        .insertInto('alerts')
        .values({ at: 1, first_at: 1, count: 1, device_id, code: 'c', detail: '' })
        .execute();
    }
    await database.db.updateTable('group_history').set({ until_at: 2 }).execute();
    const lent = await addGroup(database, 'Lahore', 'PK');
    await database.db.updateTable('group_history').set({ until_at: 2 }).where('group_id', '=', lent).execute();
    const { id } = await place({ person: personCalled('Amina') });
    const later = { domain: world.clock.now(), real: Date.now() };
    expect(await removeExpired(database, later, 400)).toMatchObject({
      evidence: 1,
      attachments: 1,
      post_results: 1,
      alerts: 2,
      group_history: 1,
    });
    const kept = await database.db.selectFrom('evidence').select('device_id').execute();
    expect(kept).toEqual([{ device_id: held }]);
    await release(id);
    expect(await removeExpired(database, later, 400)).toMatchObject({
      evidence: 1,
      attachments: 1,
      post_results: 1,
      alerts: 1,
      group_history: 1,
    });
  });
});
