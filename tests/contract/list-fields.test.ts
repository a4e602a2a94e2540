/** Every field by which the device list filters, on stored inventories, and the migration that fills the fields of older stores. */
import { sql } from 'kysely';
import { expect, it } from 'vitest';
import { DeviceStore } from '../../server/store/device-store.ts';
import { listFields } from '../../server/store/migrations/0008-list-fields.ts';
import type { Sections } from '../../shared/inventory/inventory.ts';
import type { Condition } from '../../shared/inventory/list-fields.ts';
import { LIST_FIELDS } from '../../shared/inventory/list-fields.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { NOW } from '../support/device-world.ts';
import { addDevice, addGroup } from '../support/fleet-rows.ts';
import { testInventories } from '../support/inventories.ts';
import { dpkg, reportOf, testState } from '../support/inventory-state.ts';
import { describeOnEveryStore } from './every-store.ts';

const SYSTEM = {
  agent: '0.2.0',
  hostname: 'one',
  os: { platform: 'linux', id: 'debian', version: '12', distro: 'Debian', release: '12.6', kernel: '6.1', arch: 'x64' },
  hardware: {
    manufacturer: 'Lenovo',
    model: 'T14',
    serial: 'PF-1',
    uuid: '4C4C4544-0031',
    cpu: 'Ryzen 7',
    cores: 8,
    memory: 16_000_000_000,
  },
  bootedAt: 5,
};
const SECTIONS: Sections = {
  system: SYSTEM,
  disks: [
    { name: 'nvme0n1', size: 500, encrypted: true },
    { name: 'sda', size: 100, encrypted: false },
  ],
  battery: [{ name: 'BAT0', percent: 71, health: 90, cycles: 120, state: 'charging' }],
  updates: { checkedAt: 9, pending: 1, security: 0, restart: false, packages: [{ name: 'curl', version: '8' }] },
  security: { firewall: true, secureBoot: true },
  users: [
    { name: 'amina', admin: true },
    { name: 'guest', admin: false },
  ],
  network: [{ name: 'eth0', mac: 'aa:bb:cc:dd:ee:ff', addresses: ['10.0.0.7', 'fe80::1'] }],
  certificates: [{ subject: 'CN=Company CA', issuer: 'CN=Root', notAfter: 99, sha256: 'ab12', use: 'trust' }],
};

const CONDITIONS: readonly (readonly [Condition, readonly string[]])[] = [
  [{ field: 'labels', op: 'includes', value: 'KIOSK' }, ['Amina']],
  [{ field: 'labels', op: 'includes', value: 'kios' }, []],
  [{ field: 'labels', op: 'contains', value: 'Kios' }, ['Amina']],
  [{ field: 'labels', op: 'excludes', value: 'kiosk' }, ['Bilal']],
  [{ field: 'users.names', op: 'includes', value: 'Amina' }, ['Amina']],
  [{ field: 'users.names', op: 'includes', value: 'ami' }, []],
  [{ field: 'users.names', op: 'contains', value: 'ami' }, ['Amina']],
  [{ field: 'users.names', op: 'excludes', value: 'ami' }, ['Amina']],
  [{ field: 'users.adminNames', op: 'includes', value: 'guest' }, []],
  [{ field: 'disk.unencrypted', op: 'includes', value: 'sda' }, ['Amina']],
  [{ field: 'network.addresses', op: 'includes', value: 'FE80::1' }, ['Amina']],
  [{ field: 'certificates.issuers', op: 'contains', value: 'root' }, ['Amina']],
  [{ field: 'certificates.expireAt', op: 'at-most', value: 99 }, ['Amina']],
  [{ field: 'disk.size', op: 'is', value: 600 }, ['Amina']],
  [{ field: 'software', op: 'includes', value: 'OpenSSL' }, ['Amina']],
  [{ field: 'software', op: 'includes', value: 'open' }, []],
  [{ field: 'software', op: 'contains', value: 'SSL' }, ['Amina']],
  [{ field: 'software', op: 'includes', value: 'openssl < 3.0.15' }, ['Amina']],
  [{ field: 'software', op: 'includes', value: 'openssl >= 3.0.15' }, []],
  [{ field: 'software', op: 'excludes', value: 'openssl = 3.0.15' }, ['Amina']],
  [{ field: 'software', op: 'excludes', value: 'bash' }, []],
];

describeOnEveryStore('the fields of the device list', (open) => {
  async function world() {
    const database = await open();
    const inventories = await testInventories(database);
    const group = await addGroup(database, 'Karachi');
    const first = await addDevice(database, { group, user: 'Amina' });
    await addDevice(database, { group, user: 'Bilal' });
    const software = [dpkg('openssl', '3.0.14'), dpkg('bash', '5.2')];
    await inventories.put(first, reportOf({ sections: SECTIONS, missing: {}, software }));
    await database.db.insertInto('device_labels').values({ device_id: first, label: 'kiosk' }).execute();
    const store = new DeviceStore(database);
    const found = async (...where: Condition[]) => {
      const query = { filter: { where }, scope: null, now: NOW };
      const all: readonly DeviceId[] = await store.all(query);
      const { total } = await store.list({ ...query, sort: 'id', descending: false, after: null, offset: 0, limit: 9 });
      expect(total).toBe(all.length);
      return all.map((id) => (id === first ? 'Amina' : 'Bilal')).sort();
    };
    return { database, store, first, found };
  }

  it('knows each field of the device that reported it', async () => {
    const { database, first, found } = await world();
    await database.db
      .insertInto('lost_modes')
      .values({
        device_id: first,
        id: 'lost_1',
        generation: 1,
        reason: 'r',
        contact: 'c',
        started_at: 1,
        until_at: 2,
        delivered_at: null,
        unlocated_at: null,
        ended_at: null,
        ended_by: null,
      })
      .execute();
    await database.db
      .insertInto('device_presence')
      .values({
        device_id: first,
        generation: 1,
        session_epoch: 1,
        connected: 1,
        changed_at: 1,
        last_seen_at: 7,
        address: null,
        agent: null,
        list_version: 1,
        stored_record_version: 1,
        approver_set_version: 1,
        last_report: 0,
      })
      .execute();
    for (const field of LIST_FIELDS) {
      const both = field === 'user' || field === 'enrolled' || field === 'lostMode';
      expect([field, await found({ field, op: 'known' })]).toEqual([field, both ? ['Amina', 'Bilal'] : ['Amina']]);
      expect([field, await found({ field, op: 'unknown' })]).toEqual([field, both ? [] : ['Bilal']]);
    }
    expect(await found({ field: 'lostMode', op: 'is', value: true })).toEqual(['Amina']);
    expect(await found({ field: 'lostMode', op: 'is', value: false })).toEqual(['Bilal']);
    expect(await found({ field: 'seen', op: 'at-least', value: 7 })).toEqual(['Amina']);
    expect(await found({ field: 'user', op: 'starts-with', value: 'bi' })).toEqual(['Bilal']);
  });

  it('meets conditions on lists, labels and software', async () => {
    const { found } = await world();
    for (const [condition, users] of CONDITIONS) {
      expect([condition, await found(condition)]).toEqual([condition, users]);
    }
  });

  it('shows lists as columns, and removes a list whose section is no longer reported', async () => {
    const { database, store, first } = await world();
    const columns = ['users.names', 'disk.unencrypted', 'os.release'] as const;
    const query = {
      filter: {},
      scope: null,
      now: NOW,
      sort: 'user',
      descending: false,
      after: null,
      offset: 0,
    } as const;
    const facts = async () => (await store.list({ ...query, limit: 9, columns })).facts.get(first);
    expect(await facts()).toEqual({
      'users.names': ['amina', 'guest'],
      'disk.unencrypted': ['sda'],
      'os.release': '12.6',
    });
    const inventories = await testInventories(database);
    await inventories.put(first, reportOf({ ...testState('one', [], { disks: [] }), missing: { users: 'off' } }));
    expect(await facts()).toMatchObject({ 'disk.unencrypted': [] });
    expect(await facts()).not.toHaveProperty('users.names');
  });

  it('are filled by the migration as a report fills them', async () => {
    const { database } = await world();
    const { db, dialect } = database;
    const rows = async () => [
      await db.selectFrom('device_fact_lists').selectAll().orderBy('device_id').orderBy('field').execute(),
      await db.selectFrom('device_facts').selectAll().execute(),
    ];
    const before = await rows();
    await sql`drop table device_fact_lists`.execute(db);
    for (const column of ADDED) await sql`alter table device_facts drop column ${sql.ref(column)}`.execute(db);
    await listFields(dialect).up(db);
    expect(await rows()).toEqual(before);
  });
});

const ADDED = [
  'os_release',
  'hardware_uuid',
  'hardware_processor',
  'os_updates_checked_at',
  'disk_count',
  'disk_size',
  'battery_percent',
  'battery_cycles',
  'certificates_count',
  'certificates_expire_at',
];
