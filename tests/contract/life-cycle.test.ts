/** Life cycle of devices on both databases: marks, labels, retirement, and the deletion of the record. */
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Authority } from '../../certs/authority.ts';
import { LIFE_CYCLE_STATES, RETIRED_DAYS } from '../../server/devices/life-cycle.ts';
import { createGroupMembers } from '../../server/groups/groups.ts';
import type { Database } from '../../server/store/database.ts';
import { deleteRetired, KEPT, OF_DEVICE } from '../../server/store/deleted-devices.ts';
import { FactReader } from '../../server/store/fact-reader.ts';
import { GroupMemberStore } from '../../server/store/group-member-store.ts';
import { HoldStore } from '../../server/store/hold-store.ts';
import { storeWorkspaceReports } from '../../server/store/workspace-rows.ts';
import { type DeviceId, deviceIdSchema, newLegalHoldId } from '../../shared/protocol/ids.ts';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { fleet, NOW } from '../support/device-world.ts';
import { csrFor, testAuthority, testEnrollment } from '../support/enrollment.ts';
import { addCertificate, addDevice, addGroup } from '../support/fleet-rows.ts';
import { testInventories } from '../support/inventories.ts';
import { reportOf, testState } from '../support/inventory-state.ts';
import { describeOnEveryStore, describeOnSqlite } from './every-store.ts';

const DAY = 86_400_000;
const LATER = NOW + RETIRED_DAYS * DAY + 1;

let authority: Authority;
let remove: () => void;
beforeAll(() => {
  ({ authority, remove } = testAuthority());
});
afterAll(() => remove());

/** Tables with rows about the device. */
async function tablesWith(database: Database, device: DeviceId): Promise<string[]> {
  const found: string[] = [];
  for (const table of [...OF_DEVICE, 'device_software' as const]) {
    const { rows } = await sql`select 1 from ${sql.table(table)} where device_id = ${device}`.execute(database.db);
    if (rows.length > 0) found.push(table);
  }
  return found.sort();
}

const hold = (device: DeviceId) => ({
  id: newLegalHoldId(),
  on: { kind: 'device' as const, device },
  reason: 'r',
  reference: null,
  placedAt: 1,
  placedBy: 'acc',
  realAt: 1,
});
const placed = (subject: DeviceId) => ({ kind: 'legal-hold.placed' as const, at: 1, subject, public: {} });
const released = (subject: DeviceId) => ({ kind: 'legal-hold.released' as const, at: 1, subject, public: {} });

describeOnEveryStore('the life cycle of a device', (open) => {
  it('follows marks and reports, and keeps both apart', async () => {
    const database = await open();
    const { devices, clock } = fleet(database);
    const group = await addGroup(database, 'g');
    const [device, other] = [await addDevice(database, { group }), await addDevice(database, { group })];
    expect(await devices.perform([device], { kind: 'mark-missing' })).toBe(1);
    clock.jump(NOW + 1);
    // A repeated mark keeps the time of the first one.
    expect(await devices.perform([device, other], { kind: 'mark-missing' })).toBe(1);
    expect(await devices.get(device)).toMatchObject({ lifeCycle: 'missing', missingSince: NOW });
    await database.transaction((tx) =>
      storeWorkspaceReports(tx, [{ device, generation: 1, event: 'lock-workspace', at: NOW }]),
    );
    expect(await devices.get(device)).toMatchObject({ lifeCycle: 'missing', workspace: { state: 'locked' } });
    expect(await devices.perform([device, other], { kind: 'mark-found' })).toBe(2);
    expect(await devices.get(device)).toMatchObject({ lifeCycle: 'locked', missingSince: null });
    await devices.perform([device], { kind: 'mark-missing' });
    await devices.revoke(device);
    expect(await devices.get(device)).toMatchObject({ lifeCycle: 'ended', missingSince: null });
    const { refused } = await devices.assess([device], { kind: 'mark-found' });
    expect(refused).toEqual([{ device, reason: 'not-enrolled' }]);
  });

  it('selects the devices in each state', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const group = await addGroup(database, 'g');
    const add = () => addDevice(database, { group });
    const [active, locked, missing, ended, retired] = [await add(), await add(), await add(), await add(), await add()];
    const lock = (device: DeviceId) => ({ device, generation: 1, event: 'lock-workspace' as const, at: NOW });
    await database.transaction((tx) => storeWorkspaceReports(tx, [locked, missing, ended].map(lock)));
    await devices.perform([missing], { kind: 'mark-missing' });
    await devices.revoke(ended);
    await devices.perform([retired], { kind: 'retire' });
    const expected = { active, locked, wiped: null, missing, ended, retired, deleted: null };
    for (const state of LIFE_CYCLE_STATES) {
      const found = await devices.list({ filter: { lifeCycle: state }, scope: null });
      expect([state, found.items.map(({ id, lifeCycle }) => [id, lifeCycle])]).toEqual([
        state,
        expected[state] === null ? [] : [[expected[state], state]],
      ]);
    }
    const searched = await devices.list({ filter: { lifeCycle: 'missing', text: missing }, scope: null });
    expect(searched.total).toBe(1);
  });

  it('selects devices by label, for lists and for dynamic groups', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const groups = createGroupMembers({
      store: new GroupMemberStore(database),
      facts: new FactReader(database),
      bus: { publish: () => undefined, subscribe: () => () => undefined },
      clock: new DrivenClock(NOW),
    });
    const group = await addGroup(database, 'g');
    const [kiosk, plain] = [await addDevice(database, { group }), await addDevice(database, { group })];
    const dynamic = await groups.createDynamic('Kiosks', '"kiosk" in labels && !missing');
    const members = async () => {
      await groups.settle();
      return (await devices.list({ filter: { group: dynamic }, scope: null })).items.map(({ id }) => id);
    };
    expect(await members()).toEqual([]);
    await devices.perform([kiosk, plain], { kind: 'label', add: ['kiosk', 'loan 2026'], remove: [] });
    await devices.perform([plain], { kind: 'label', add: ['spare'], remove: ['kiosk'] });
    expect(await members()).toEqual([kiosk]);
    expect((await devices.get(plain)).labels).toEqual(['loan 2026', 'spare']);
    for (const filter of [{ label: 'kiosk' }, { label: 'kiosk', text: kiosk }, { label: 'kiosk', located: false }])
      expect((await devices.list({ filter, scope: null })).items.map(({ id }) => id)).toEqual([kiosk]);
    expect((await devices.list({ filter: { label: 'loan 2026' }, scope: null })).total).toBe(2);
    await devices.perform([kiosk], { kind: 'mark-missing' });
    expect(await members()).toEqual([]);
  });

  it('refuses a label beyond the limit, also if another admin was faster', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    const twenty = Array.from({ length: 20 }, (_, index) => `label ${index}`);
    await devices.perform([device], { kind: 'label', add: twenty, remove: [] });
    const more = { kind: 'label', add: ['one more'], remove: [] } as const;
    expect((await devices.assess([device], more)).refused).toEqual([{ device, reason: 'too-many-labels' }]);
    await expect(devices.perform([device], more)).rejects.toMatchObject({ code: 'conflict' });
    expect((await devices.get(device)).labels).toHaveLength(20);
  });

  it('retires a device: the certificate ends, the record stays, and the device can enroll again', async () => {
    const database = await open();
    const group = await addGroup(database, 'g');
    const { enrollment, code } = testEnrollment(database, authority);
    const first = await code(group);
    await enrollment.redeem({ ...first, csr: csrFor(first.id), address: '192.0.2.7' });
    const { devices, wakes } = fleet(database);
    const device = deviceIdSchema.parse(first.id);
    await devices.perform([device], { kind: 'label', add: ['kiosk'], remove: [] });
    expect(await devices.perform([device], { kind: 'retire' })).toBe(1);
    expect(await devices.perform([device], { kind: 'retire' })).toBe(0);
    expect(await devices.get(device)).toMatchObject({
      lifeCycle: 'retired',
      status: 'revoked',
      retiredAt: NOW,
      deletedAfter: NOW + RETIRED_DAYS * DAY,
      labels: ['kiosk'],
    });
    expect(await devices.certificates(device)).toMatchObject([{ revokedAt: expect.any(Number) }]);
    const kinds = (await database.db.selectFrom('ledger_entries').select('kind').execute()).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'certificate.revoked')).toHaveLength(1);
    await Promise.resolve();
    expect(wakes).toContainEqual({ kind: 'ended', device });

    const again = await code(group, { device });
    await enrollment.redeem({ ...again, csr: csrFor(device), address: '192.0.2.7' });
    expect(await devices.get(device)).toMatchObject({
      lifeCycle: 'active',
      generation: 2,
      retiredAt: null,
      deletedAfter: null,
      labels: ['kiosk'],
    });
  });

  it('retires a device whose enrollment has ended, without another ledger entry', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const device = await addDevice(database, { group: await addGroup(database, 'g') });
    await addCertificate(database, { device });
    await devices.unenroll(device);
    expect(await devices.perform([device], { kind: 'retire' })).toBe(1);
    expect(await devices.get(device)).toMatchObject({ lifeCycle: 'retired', status: 'unenrolled' });
    const { length } = await database.db.selectFrom('ledger_entries').select('id').execute();
    expect(length).toBe(1);
  });

  it('deletes the record and everything that belongs to it after the retention period', async () => {
    const database = await open();
    const { devices } = fleet(database);
    const group = await addGroup(database, 'g');
    const project = await addGroup(database, 'Project');
    const [gone, young, held] = [
      await addDevice(database, { group, user: 'Gone' }),
      await addDevice(database, { group, user: 'Young' }),
      await addDevice(database, { group, user: 'Held' }),
    ];
    const holds = new HoldStore(database);
    for (const device of [gone, young, held]) await fill(database, devices, project, device);
    const past = hold(gone);
    await holds.place(past, placed(gone));
    await holds.release(past.id, { at: 2, by: 'acc', reason: 'r' }, released(gone));
    await holds.place(hold(held), placed(held));
    const [before] = [await tablesWith(database, gone)];
    expect(before).toEqual(expect.arrayContaining(FILLED));
    await devices.perform([gone, young, held], { kind: 'retire' });
    const times = { domain: LATER, real: LATER };
    await database.db.updateTable('devices').set({ retired_at: LATER }).where('id', '=', young).execute();
    expect(await deleteRetired(database, times)).toBe(1);
    expect(await deleteRetired(database, times)).toBe(0);

    await expect(devices.get(gone)).rejects.toMatchObject({ code: 'not_found' });
    expect(await tablesWith(database, gone)).toEqual([]);
    for (const device of [young, held]) expect((await tablesWith(database, device)).length).toBeGreaterThan(8);
    expect((await devices.assess([gone], { kind: 'retire' })).refused).toEqual([{ device: gone, reason: 'not-found' }]);
    // Evidence of the operator stays: certificates, legal holds, and the activity log with the deletion itself.
    expect(await devices.certificates(gone)).toHaveLength(1);
    expect(await holds.hold(past.id)).toMatchObject({ on: { device: gone, user: '' } });
    const events = await database.db
      .selectFrom('activity_targets')
      .innerJoin('activity_entries', 'activity_entries.id', 'activity_targets.entry_id')
      .select(['action', 'person_id'])
      .where('target', '=', gone)
      .execute();
    expect(events).toContainEqual({ action: 'device.deleted', person_id: expect.any(String) });
  });

  it('keeps a retired device that may enroll again with an open activation code', async () => {
    const database = await open();
    const group = await addGroup(database, 'g');
    const { enrollment, code } = testEnrollment(database, authority);
    const first = await code(group);
    await enrollment.redeem({ ...first, csr: csrFor(first.id), address: '192.0.2.7' });
    const { devices } = fleet(database);
    const device = deviceIdSchema.parse(first.id);
    await devices.perform([device], { kind: 'retire' });
    await code(group, { device });
    const real = Date.now();
    expect(await deleteRetired(database, { domain: LATER, real })).toBe(0);
    expect(await deleteRetired(database, { domain: LATER, real: real + 90 * DAY })).toBe(1);
  });
});

const FILLED = [
  ...['alerts', 'changed_facts', 'commands', 'compliance_events', 'device_compliance', 'device_history'],
  ...['device_inventory', 'device_labels', 'device_software', 'device_workspaces', 'evidence', 'group_members'],
];

async function fill(
  database: Database,
  devices: ReturnType<typeof fleet>['devices'],
  project: Awaited<ReturnType<typeof addGroup>>,
  device: DeviceId,
): Promise<void> {
  await addCertificate(database, { device });
  await (await testInventories(database)).put(device, reportOf(testState('host')));
  await new GroupMemberStore(database).changeMembers(project, [device], []);
  await devices.perform([device], { kind: 'label', add: ['kiosk'], remove: [] });
  const own = { device_id: device, generation: 1 };
  await database.transaction(async (tx) => {
    await storeWorkspaceReports(tx, [{ device, generation: 1, event: 'lock-workspace', at: 1 }]);
    await tx
      .insertInto('device_compliance')
      .values({ ...own, results: '[]', state: 'compliant', failing: '[]', taken: '[]', outgoing: '[]', changed_at: 1 })
      .execute();
    await tx
      .insertInto('compliance_events')
      .values({ device_id: device, at: 1, event: 'compliant', detail: '' })
      .execute();
    await tx
      .insertInto('evidence')
      .values({ ...own, at: 1, detail: '', received_at: 1 })
      .execute();
    await tx
      .insertInto('alerts')
      .values({ device_id: device, at: 1, first_at: 1, count: 1, code: 'disk_full', detail: '' })
      .execute();
    const command = { id: `cmd of ${device}`, kind: 'message', body: '{}', state: 'done' } as const;
    await tx
      .insertInto('commands')
      .values({ ...own, ...command, created_by: 'x', created_at: 1, expires_at: 9 })
      .execute();
  });
}

describeOnSqlite('the tables with data of devices', (open) => {
  it('are deleted with the record, or kept on purpose', async () => {
    const { db } = await open();
    const { rows } = await sql<{ name: string }>`select m.name from sqlite_master m join pragma_table_info(m.name) c
      where m.type = 'table' and c.name = 'device_id' order by m.name`.execute(db);
    // `removeSoftware` also updates the index of software versions.
    const known = [...OF_DEVICE, ...KEPT, 'device_software'];
    expect(rows.map(({ name }) => name)).toEqual([...known].sort());
  });
});
