/**
 * Rows that PostgreSQL reads for a search through all devices. The search has many steps. If each step read a whole table, the work would
 * grow with the square of the fleet.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeviceExport, DeviceFilter } from '../../server/devices/ports.ts';
import { ComplianceStore } from '../../server/store/compliance-store.ts';
import { type Database, openDatabase } from '../../server/store/database.ts';
import { devicesNamed } from '../../server/store/device-identifiers.ts';
import { DeviceScans } from '../../server/store/device-scan.ts';
import { GroupMemberStore } from '../../server/store/group-member-store.ts';
import { PolicyStore } from '../../server/store/policy-store.ts';
import { parseHomeArea } from '../../shared/areas/area-code.ts';
import type { DeviceId, GroupId, PolicyId } from '../../shared/protocol/ids.ts';
import { NOW } from '../support/device-world.ts';
import { addGroup } from '../support/fleet-rows.ts';
import { addLocatedFleet } from '../support/located-fleet.ts';
import { createOwnDatabase, type OwnDatabase, onDatabase, POSTGRES_SERVER } from '../support/postgres.ts';
import { needed } from '../support/tools.ts';
import { until } from '../support/until.ts';

/** Number of devices, for six steps of a search. */
const DEVICES = 12_000;
const GROUP = 'grp_aaaaaaaaaaaaaaaa' as GroupId;
const POLICY = 'pol_aaaaaaaaaaaaaaaa' as PolicyId;
const PAGE = 200;
const SCOPE = [{ group: GROUP, homes: null }];
/** Rows of other tables, one for each device. */
const ROWS = `
  insert into display_names (device_id, name) select id, 'Laptop ' || id from devices;
  insert into device_labels (device_id, label) select id, 'blue' from devices;
  insert into groups select (jsonb_populate_record(g, '{"id": "${GROUP}", "name": "All"}')).* from groups g;
  insert into group_members (group_id, device_id) select '${GROUP}', id from devices;
  insert into policies (id, name, precedence, created_at) values ('${POLICY}', 'Laptops', 1, 0);
  insert into policy_groups (policy_id, group_id) values ('${POLICY}', '${GROUP}');
  insert into device_compliance (device_id, generation, results, state, failing, taken, outgoing, changed_at)
    select id, 1, '[]', 'compliant', '{}', '{}', '[]', 0 from devices;
  insert into device_workspaces (device_id, generation, state, since) select id, 1, 'locked', 0 from devices;
  insert into lost_modes (device_id, id, generation, reason, contact, started_at, until_at)
    select id, id, 1, 'Lost', '', 0, 1 from devices;
  insert into device_fact_lists (device_id, field, entries)
    select id, 'disk.names', chr(10) || 'sda' || chr(10) from devices;
  insert into messaging_keys select id, 1, 'p', 'n', 'n', 'k', 'p', id, 0, 1 from devices;
  analyze;`;

const search =
  (filter: DeviceFilter, rest: Partial<DeviceExport> = {}) =>
  async (database: Database) => {
    const query = { filter, scope: null, now: NOW, sort: 'id', descending: false, ...rest } as const;
    return (await new DeviceScans(database).ids(query)).length;
  };
async function membersOfPolicy(database: Database): Promise<void> {
  let found = 0;
  const members = new ComplianceStore(database).members({ policy: POLICY, scope: SCOPE, after: null });
  for await (const part of members) found += part.length;
  expect(found).toBe(DEVICES);
}

/** Reads all devices of the scope in pages, and checks that the pages contain every device. */
async function pageThrough(page: (after: DeviceId | null) => Promise<readonly DeviceId[]>): Promise<void> {
  let after: DeviceId | null = null;
  let found = 0;
  for (;;) {
    const devices: readonly DeviceId[] = await page(after);
    found += devices.length;
    after = devices.at(-1) ?? null;
    if (after === null) break;
  }
  expect(found).toBe(DEVICES);
}

/** Work by its name, with the tables whose reads the test counts. */
const CASES: readonly (readonly [string, readonly string[], (database: Database) => Promise<unknown>])[] = [
  ['two words', ['device_facts', 'display_names'], search({ text: '12 khan' })],
  [
    'a word, area and connection',
    ['device_facts', 'device_nexus', 'locations', 'device_presence'],
    search({ text: 'khan', area: parseHomeArea('PK'), connected: true }),
  ],
  ['a word without connection', ['device_facts', 'device_presence'], search({ text: 'khan', connected: false })],
  ['a fact', ['device_facts'], search({ where: [{ field: 'firewall', op: 'is', value: false }] })],
  ['an unknown fact', ['device_facts'], search({ where: [{ field: 'firewall', op: 'unknown' }] })],
  ['a list of facts', ['device_fact_lists'], search({ where: [{ field: 'disk.names', op: 'contains', value: 'sd' }] })],
  ['a label', ['device_labels'], search({ text: 'khan', label: 'blue' })],
  [
    'a label as a condition',
    ['device_labels'],
    search({ where: [{ field: 'labels', op: 'includes', value: 'blue' }] }),
  ],
  ['lost mode', ['lost_modes'], search({ where: [{ field: 'lostMode', op: 'is', value: true }] })],
  ['a workspace', ['device_workspaces'], search({ text: 'khan', workspace: 'locked' })],
  ['an open workspace', ['device_workspaces'], search({ text: 'khan', workspace: 'open' })],
  ['compliance', ['device_compliance'], search({ compliance: 'compliant' })],
  ['a key that waits for a signature', ['messaging_keys'], search({ text: 'khan', countersigned: false })],
  ['members of a group', ['group_members'], search({ text: 'khan', group: GROUP })],
  ['devices in a scope', ['group_members'], search({ text: 'khan' }, { scope: SCOPE })],
  ['an address in a scope', ['device_presence', 'group_members'], search({ text: '192.0' }, { addresses: SCOPE })],
  ['a list sorted by a fact', ['device_facts'], search({}, { sort: 'hardware.serial' })],
  ['a list sorted by the last contact', ['device_presence'], search({ text: 'khan' }, { sort: 'seen' })],
  ['devices by their names', ['device_facts', 'display_names'], (database) => devicesNamed(database, ['host-1', 'x'])],
  ['compliance with a policy', ['device_compliance', 'group_members'], membersOfPolicy],
  [
    'the preview of a group',
    ['group_members'],
    (database) => pageThrough((after) => new GroupMemberStore(database).devicesAfter(after ?? '', PAGE, SCOPE)),
  ],
  [
    'the rehearsal of a policy',
    ['group_members'],
    (database) =>
      pageThrough((after) => new PolicyStore(database).devices({ scope: SCOPE, groups: [GROUP], after, limit: PAGE })),
  ],
];

const { present } = needed('PostgreSQL', 'set CORDON_TEST_DATABASE_URL', POSTGRES_SERVER !== '');

describe.skipIf(!present)('searches on PostgreSQL', () => {
  let own: OwnDatabase;

  beforeAll(async () => {
    own = await createOwnDatabase(POSTGRES_SERVER, 'test');
    const database = await openDatabase({ url: own.url });
    const group = await addGroup(database, 'Paris', 'FR');
    const seen = [{ source: 'address', areas: ['PK'], at: NOW, connected: true }] as const;
    const fleet = Array.from({ length: DEVICES }, (_, index) => ({
      user: index % 50 === 0 ? 'Amina Khan' : 'Ben',
      hostname: `host-${index}`,
      facts: { hardware_serial: `S${index}`, firewall: index % 2 },
      presence: { connected: index % 2 === 0, listVersion: 1, address: `192.0.2.${index % 250}` },
      seen,
    }));
    await addLocatedFleet(database, group, NOW, fleet);
    await database.close();
    await onDatabase(own.url, (client) => client.query(ROWS));
  });
  afterAll(() => own?.drop());

  /** Rows that PostgreSQL has read in each of the tables since their creation. A connection reports its reads when it ends. */
  const reads = (tables: readonly string[]) =>
    onDatabase(own.url, async (client) => {
      await until(async () => {
        const others = `select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`;
        expect((await client.query(others)).rowCount).toBe(0);
      });
      const { rows } = await client.query<{ name: string; rows: string }>(
        `select t.relname as name, t.seq_tup_read
          + (select coalesce(sum(idx_tup_read), 0) from pg_stat_user_indexes i where i.relid = t.relid) as rows
        from pg_stat_user_tables t where t.relname = any($1)`,
        [tables],
      );
      return new Map(rows.map((row) => [row.name, Number(row.rows)]));
    });

  it.each(CASES)('reads each table a few times for a search by %s', async (_name, tables, work) => {
    const before = await reads(tables);
    const database = await openDatabase({ url: own.url });
    await work(database);
    await database.close();
    const after = await reads(tables);
    for (const table of tables) {
      const times = ((after.get(table) ?? 0) - (before.get(table) ?? 0)) / DEVICES;
      // Each word and each use of a scope may read the table once.
      expect(times, `${table}: number of times that the search read all its rows`).toBeLessThan(2.5);
    }
  });
});
