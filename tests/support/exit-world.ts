/** An order with exit mode and an export window of 30 days, adopted in a pack world. */
import { randomBytes, randomInt } from 'node:crypto';
import { sql } from 'kysely';
import { expect } from 'vitest';
import type { Database } from '../../server/store/database.ts';
import type { Receipt } from '../../shared/order/documents.ts';
import { type DeviceId, newCommandId, newDeviceId } from '../../shared/protocol/ids.ts';
import type { testAuthority } from './enrollment.ts';
import { PROPOSAL } from './order-world.ts';
import { ORDER, openPackWorld, type PackDevice, type PackWorld } from './pack-world.ts';
import { addPerson } from './persons.ts';
import { NOW } from './signed-documents.ts';
import { until } from './until.ts';

const DAY = 86_400_000;

export interface ExitWorld {
  readonly packs: PackWorld;
  readonly effective: number;
  approve(revision: number): Promise<void>;
  act(action: 'exit' | 'pause' | 'resume' | 'revise' | 'withdraw'): Promise<number>;
  endExportWindow(): void;
  /** Adds a device with one row in each table whose data an exit deletes. */
  addDevice(): Promise<PackDevice>;
  /** Stores a receipt of the device and verifies it. */
  report(device: PackDevice, kind: Receipt['kind'], revision: number): Promise<void>;
  progress(): ReturnType<PackWorld['world']['orders']['exit']['progressAnew']>;
  statusOf(device: PackDevice): Promise<string | undefined>;
  waitForEnd(device: PackDevice): Promise<void>;
}

export async function openExitWorld(
  database: Database,
  authority: ReturnType<typeof testAuthority>['authority'],
): Promise<ExitWorld> {
  const packs = await openPackWorld(database, authority);
  const { world } = packs;
  const { ada, ben, cyd, proposer } = world.people;

  const approve = async (revision: number) => {
    for (const person of [ada, ben]) await world.sign(ORDER, revision, person);
  };
  const statusOf = async ({ id }: PackDevice) => {
    const row = await database.db.selectFrom('devices').select('status').where('id', '=', id).executeTakeFirst();
    return row?.status;
  };

  await world.approverSet([ada, ben, cyd], [ada, ben]);
  const { payload } = await world.orders.drafting.propose(proposer.id, {
    ...PROPOSAL,
    mode: 'exit',
    exportWindow: 'P30D',
    nexus: ['home'],
    services: ['messaging'],
  });
  await approve(1);
  const effective = Date.parse(JSON.parse(payload).terms.effective);

  return {
    packs,
    effective,
    approve,
    statusOf,
    act: async (action) => (await world.orders.drafting.proposeAction(proposer.id, ORDER, { action })).revision,
    endExportWindow: () => world.clock.jump(effective + 30 * DAY),
    addDevice: () => addDeviceWithData(database, packs),
    report: async (device, kind, revision) => {
      await packs.answer(device, { kind, revision, at: new Date(world.clock.now()).toISOString() });
      await packs.verified();
    },
    progress: () => world.orders.exit.progressAnew(ORDER),
    waitForEnd: async (device) => {
      await until(async () => expect(await statusOf(device)).toBe('revoked'), 20_000);
      // The fleet of the test world has active devices only.
      world.devices.delete(device.id);
    },
  };
}

async function addDeviceWithData(database: Database, packs: PackWorld): Promise<PackDevice> {
  const one = await packs.addDevice();
  const { db } = database;
  await db
    .insertInto('groups')
    .values({ id: packs.world.group, name: 'all', home: null, seat: null, created_at: NOW })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
  const person = await database.transaction((tx) => addPerson(tx, 'Samantha', packs.world.group));
  await db
    .insertInto('devices')
    .values({
      id: one.id,
      generation: 1,
      status: 'active',
      person_name: 'Samantha',
      person_id: person,
      group_id: packs.world.group,
      home: 'PK',
      seat: null,
      enrolled_at: NOW,
      ended_at: null,
      record_version: 0,
      statement: null,
      statement_until: null,
      stated_home: null,
      located: 0,
    })
    .execute();
  const held = { device_id: one.id, size: 7, at: NOW, body: randomBytes(7) };
  await db
    .insertInto('attachments')
    .values({ id: randomBytes(8).toString('hex'), ...held })
    .execute();
  await db
    .insertInto('device_inventory')
    .values({ device_id: one.id, at: NOW, hostname: null, platform: null, body: '{}' })
    .execute();
  await sql`insert into device_facts (device_id) values (${one.id})`.execute(db);
  await db
    .insertInto('device_fact_lists')
    .values({ device_id: one.id, field: 'users.names', entries: '\namina\n' })
    .execute();
  await db
    .insertInto('device_software')
    .values({ device_id: one.id, state: '', release: null, entries: 0, versions: Buffer.alloc(0) })
    .execute();
  await db
    .insertInto('key_packages')
    .values({ device_id: one.id, generation: 1, last_resort: 1, body: 'AA==' })
    .execute();
  await addMail(database, one.id);
  await addCopies(database, one.id);
  return one;
}

/** Adds a log, a fetched file and the output of a script in two pieces: 9 bytes in all. */
async function addCopies({ db }: Database, device: DeviceId): Promise<void> {
  const copy = { device_id: device, at: NOW };
  await db
    .insertInto('device_logs')
    .values({ ...copy, command_id: newCommandId(), size: 2, body: randomBytes(2) })
    .execute();
  await db
    .insertInto('fetched_files')
    .values({ ...copy, command_id: newCommandId(), name: 'a', reason: 'a', size: 3, body: randomBytes(3) })
    .execute();
  const script = newCommandId();
  await db
    .insertInto('script_outputs')
    .values([0, 2].map((byte_offset) => ({ ...copy, command_id: script, byte_offset, bytes: 2, text: 'ab' })))
    .execute();
}

/** Adds a waiting mail of 9 bytes from an ended sender, one event, an unsent piece of 5 bytes, and a mail key. */
async function addMail({ db }: Database, device: DeviceId): Promise<void> {
  const owner = { device_id: device, generation: 1 };
  const sender = { device_id: newDeviceId(), generation: 1 };
  const mail = randomInt(2 ** 40);
  const waiting = {
    device_id: device,
    at: NOW,
    bytes: 9,
    expires_at: NOW + 365 * DAY,
    holding_order: null,
    due: 0,
  } as const;
  const piece = (size: number) => ({
    id: randomBytes(8).toString('hex'),
    size,
    at: NOW,
    sha256: '',
    body: randomBytes(size),
  });
  await db
    .insertInto('mail_keys')
    .values({ ...owner, number: 1, payload: '', signature: '' })
    .execute();
  await db
    .insertInto('mail_queues')
    .values({ ...owner, last_seq: 2, offered: 0, acknowledged: 0, entries: 1, bytes: 9, events: 1, gate: 'open' })
    .execute();
  await db
    .insertInto('mails')
    .values({ ...sender, id: mail, mail_id: `m${mail}`, at: NOW, entries: 1, body: '{}' })
    .execute();
  await db
    .insertInto('mail_entries')
    .values([
      { ...waiting, seq: 1, mail, event: null },
      { ...waiting, seq: 2, mail: null, event: '{}' },
    ])
    .execute();
  await db
    .insertInto('mail_pieces')
    .values([
      { ...owner, ...piece(5), mail: null },
      { ...sender, ...piece(9), mail },
    ])
    .execute();
}
