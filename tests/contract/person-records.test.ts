import { expect, it } from 'vitest';
import { createPersonKeys, firstNeededPeriod, KEY_PERIOD } from '../../server/person-keys/person-keys.ts';
import type { Database } from '../../server/store/database.ts';
import { PersonKeyFile } from '../../server/store/person-key-file.ts';
import { PersonKeyRecords } from '../../server/store/person-key-records.ts';
import { PersonRecordStore } from '../../server/store/person-record-store.ts';
import { removeExpired } from '../../server/store/retention.ts';
import { type DeviceId, type PersonId, personIdSchema } from '../../shared/protocol/ids.ts';
import { testCustody } from '../support/custody.ts';
import { fleet, NOW } from '../support/device-world.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { describeOnEveryStore } from './every-store.ts';

const DAY = 86_400_000;
const ADDRESS = '198.51.100.77';

async function worldOn(database: Database) {
  const file = new PersonKeyFile(':memory:');
  const keys = createPersonKeys(file, testCustody());
  const { devices, clock } = fleet(database, keys);
  const group = await addGroup(database, 'g');
  const device = await addDevice(database, { group });
  const other = await addDevice(database, { group, user: 'Noor' });
  const { person_id } = await database.db
    .selectFrom('devices')
    .select('person_id')
    .where('id', '=', device)
    .executeTakeFirstOrThrow();
  const person = personIdSchema.parse(person_id);
  const connect = (id: DeviceId, address = ADDRESS) =>
    devices.connected({ device: id, generation: 1, address, agent: '0.1.0' });
  const records = new PersonRecordStore(database, keys);
  const log = (range = { from: NOW - DAY, to: NOW + DAY }, of: PersonId = person) =>
    records.lines(of, ['connection-log'], range);
  return { file, keys, devices, clock, device, other, person, connect, records, log };
}

describeOnEveryStore('the encrypted records of a person', (open) => {
  it('logs each connection of one person once: ended, replaced, interrupted by a kill, and open', async () => {
    const database = await open();
    const { devices, clock, device, other, connect, log } = await worldOn(database);
    await connect(other, '203.0.113.9');
    const first = await connect(device);
    clock.jump(NOW + 1_000);
    await devices.disconnected({ device, epoch: first.epoch });
    await devices.disconnected({ device, epoch: first.epoch });
    clock.jump(NOW + 2_000);
    await connect(device, '198.51.100.78');
    clock.jump(NOW + 3_000);
    await connect(device, '198.51.100.79');
    clock.jump(NOW + 4_000);
    await devices.resetPresence();
    clock.jump(NOW + 5_000);
    await connect(device, '198.51.100.80');
    const fields = (await log()).map((line) => line.fields);
    expect(fields.map(({ connectedAt, disconnectedAt, address }) => [connectedAt, disconnectedAt, address])).toEqual([
      [new Date(NOW).toISOString(), new Date(NOW + 1_000).toISOString(), ADDRESS],
      [new Date(NOW + 2_000).toISOString(), new Date(NOW + 3_000).toISOString(), '198.51.100.78'],
      [new Date(NOW + 3_000).toISOString(), new Date(NOW + 3_000).toISOString(), '198.51.100.79'],
      [new Date(NOW + 5_000).toISOString(), null, '198.51.100.80'],
    ]);
    expect(fields.every((each) => each['device'] === device && each['generation'] === 1)).toBe(true);
    expect(await log({ from: NOW + 2_000, to: NOW + 3_000 })).toHaveLength(1);
  });

  it('case 41: gives a connection to the user of its enrollment, also if another user has the device when it ends', async () => {
    const database = await open();
    const { keys, devices, device, other, person, connect, log, records } = await worldOn(database);
    const first = await connect(device);
    const { person_id } = await database.db
      .selectFrom('devices')
      .select('person_id')
      .where('id', '=', other)
      .executeTakeFirstOrThrow();
    const next = personIdSchema.parse(person_id);
    const place = { person, at: NOW, row: `${device} 1` };
    const [sealed = ''] = keys.seal('enrollments', [
      { ...place, plain: Buffer.from('{"codeCreatedBy":"a","codeCreatedAt":1}') },
    ]);
    await database.db
      .insertInto('enrollment_records')
      .values({ person_id: person, device_id: device, generation: 1, enrolled_at: NOW, sealed })
      .execute();
    await database.db.updateTable('devices').set({ generation: 2, person_id: next }).where('id', '=', device).execute();
    await devices.disconnected({ device, epoch: first.epoch });
    expect(await log()).toHaveLength(1);
    expect(await log(undefined, next)).toEqual([]);
    const range = { from: NOW - DAY, to: NOW + DAY };
    expect(await records.lines(next, ['connection-log', 'order-receipts'], range)).toEqual([]);
  });

  it('stores neither device, time nor address of an ended connection in the clear', async () => {
    const database = await open();
    const { devices, device, connect } = await worldOn(database);
    const { epoch } = await connect(device);
    await devices.disconnected({ device, epoch });
    const rows = await database.db.selectFrom('connection_log').selectAll().execute();
    expect(rows).toHaveLength(1);
    const text = JSON.stringify(rows);
    for (const secret of [ADDRESS, device, String(NOW)]) {
      expect(text).not.toContain(secret);
      expect(Buffer.from(rows[0]?.sealed ?? '', 'base64').includes(secret)).toBe(false);
    }
  });

  it('cannot decrypt a row in the place of another row or person', async () => {
    const database = await open();
    const { keys, devices, device, connect, log } = await worldOn(database);
    const { epoch } = await connect(device);
    await devices.disconnected({ device, epoch });
    expect(await log()).toHaveLength(1);
    await database.db.updateTable('connection_log').set({ id: 'moved' }).execute();
    await expect(log()).rejects.toMatchObject({ code: 'unavailable' });
    expect(keys).toBeDefined();
  });

  it('destroys a key with the retention of its records, and an old copy of the store then stays unreadable', async () => {
    const database = await open();
    const { file, keys, devices, clock, device, person, connect, log } = await worldOn(database);
    const { epoch } = await connect(device);
    await devices.disconnected({ device, epoch });
    const oldCopy = await database.db.selectFrom('connection_log').selectAll().execute();
    const remaining = new PersonKeyRecords(database);

    const later = NOW + 91 * DAY + KEY_PERIOD;
    expect(await keys.destroyExpired(later, remaining)).toBe(0);
    clock.jump(later);
    expect(await removeExpired(database, { domain: later, real: later }, 432)).toMatchObject({ connection_log: 1 });
    expect(await keys.destroyExpired(later, remaining)).toBe(1);
    expect([...file.all()]).toEqual([]);

    await database.db.insertInto('connection_log').values(oldCopy).execute();
    expect(await log()).toMatchObject([{ fields: { unreadable: 1 } }]);
    const restarted = createPersonKeys(file, testCustody());
    expect(
      await new PersonRecordStore(database, restarted).lines(person, ['connection-log'], { from: 0, to: later }),
    ).toEqual([{ record: 'connection-log', at: new Date(0).toISOString(), fields: { unreadable: 1 } }]);
  });

  it('keeps rows and key of a person under a legal hold', async () => {
    const database = await open();
    const { keys, devices, device, person, connect, log } = await worldOn(database);
    const { epoch } = await connect(device);
    await devices.disconnected({ device, epoch });
    await database.db
      .insertInto('legal_holds')
      .values({ id: 'h', person_id: person, reason: 'r', placed_at: NOW, placed_by: 'a', records_updated: 1 })
      .execute();
    const later = NOW + 1_000 * DAY;
    await removeExpired(database, { domain: later, real: later }, 432);
    expect(await keys.destroyExpired(later, new PersonKeyRecords(database))).toBe(0);
    expect(await log()).toHaveLength(1);
  });
});

it('never needs a key before its records are past their retention period', () => {
  for (const use of ['connections', 'enrollments'] as const) {
    const days = use === 'connections' ? 90 : 400;
    for (let at = NOW; at < NOW + KEY_PERIOD; at += DAY / 2) {
      const period = Math.floor(at / KEY_PERIOD);
      expect(firstNeededPeriod(use, at + days * DAY)).toBeLessThanOrEqual(period);
      expect(firstNeededPeriod(use, (period + 1) * KEY_PERIOD + (days + 1) * DAY)).toBe(period + 1);
    }
  }
});
