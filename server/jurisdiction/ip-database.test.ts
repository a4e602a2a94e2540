import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, expect, it } from 'vitest';
import { DrivenClock } from '../../shared/time/driven-clock.ts';
import { longestTurn } from '../../tests/support/longest-turn.ts';
import { KNOWN_ADDRESSES, type MmdbValue, writeMmdb } from '../../tests/support/mmdb-writer.ts';
import { openNewStore } from '../../tests/support/new-store.ts';
import type { Database } from '../store/database.ts';
import { IpDatabaseStore } from '../store/ip-database-store.ts';
import { openIpDatabases, openMmdb } from './ip-database.ts';

const files = dirname(
  createRequire(import.meta.url).resolve('@ip-location-db/geo-whois-asn-country-mmdb/package.json'),
);
const file = (name: string) => readFileSync(join(files, name));
const ALL = file('geo-whois-asn-country.mmdb');
const V4 = file('geo-whois-asn-country-ipv4.mmdb');
const NOW = Date.UTC(2026, 10, 1);
const of = (bytes: Buffer) => Readable.from([bytes]);

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function world() {
  const folder = mkdtempSync(join(tmpdir(), 'cordon-ip-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const database = await openNewStore(join(folder, 'cordon.db'));
  cleanups.push(() => database.close());
  const warnings: string[] = [];
  const ports = {
    folder: join(folder, 'ip'),
    store: new IpDatabaseStore(database),
    clock: new DrivenClock(NOW),
    log: { warn: (_: object, message: string) => void warnings.push(message) },
  };
  return { database, ports, warnings, open: () => openIpDatabases(ports) };
}

const entries = (database: Database) =>
  database.db
    .selectFrom('ledger_entries')
    .select('body')
    .where('kind', '=', 'ip-database.activated')
    .orderBy('id')
    .execute();

it('starts with the included database, records it once in the ledger, and shows its build time', async () => {
  const { database, open } = await world();
  const ip = await open();
  expect(ip.lookUp('39.32.0.1')).toEqual({ country: 'PK', registered: null, represented: null });
  expect(ip.lookUp('2400:adc0::1').country).toBe('PK');
  expect(ip.current()).toMatchObject({ name: 'bundled', builtAt: Date.parse('2026-06-17T19:51:40Z') });
  await open();
  expect(await entries(database)).toHaveLength(1);
  expect(await ip.list()).toHaveLength(1);
});

it('activates another database without a restart, with a ledger entry, and rolls back', async () => {
  const { database, open } = await world();
  const ip = await open();
  const bundled = ip.current().hash;
  const imported = await ip.import('four', of(V4), 'acc_1');
  expect(imported).toMatchObject({ name: 'four', active: false, importedAt: NOW });
  expect(imported.hash).toBe(createHash('sha256').update(V4).digest('hex'));
  expect(ip.current().hash).toBe(bundled);
  expect(await ip.activate(imported.hash, 'acc_2')).toMatchObject({ active: true });
  expect(ip.lookUp('39.32.0.1').country).toBe('PK');
  expect(ip.lookUp('2400:adc0::1').country, 'a file for IPv4 knows nothing of IPv6').toBeNull();
  expect((await open()).current().name, 'after a restart').toBe('four');
  await ip.activate(bundled, 'acc_2');
  expect(ip.lookUp('2400:adc0::1').country).toBe('PK');
  expect((await ip.list()).filter(({ active }) => active).map(({ hash }) => hash)).toEqual([bundled]);
  expect((await entries(database)).map(({ body }) => JSON.parse(body).public.name)).toEqual([
    'bundled',
    'four',
    'bundled',
  ]);
});

it.each([
  ['nothing', Buffer.alloc(0)],
  ['text', Buffer.from('hello')],
  [
    'a database without a build time',
    Buffer.from(V4.toString('latin1').replace('build_epoch', 'build_epoxy'), 'latin1'),
  ],
  ['a file that was cut off', ALL.subarray(0, 3_000_000)],
  ['a file whose beginning is missing', ALL.subarray(3_000_000)],
  [
    'a database that knows no address',
    Buffer.concat([Buffer.alloc(ALL.length - 20_000), ALL.subarray(ALL.length - 20_000)]),
  ],
])('refuses %s and changes nothing', async (_, bytes) => {
  const { database, ports, open } = await world();
  const ip = await open();
  await expect(ip.import('bad', of(bytes), 'acc_1')).rejects.toMatchObject({ code: 'ip_database_invalid' });
  expect(await ip.list()).toHaveLength(1);
  expect(readdirSync(ports.folder)).toEqual([`${ip.current().hash}.mmdb`]);
  expect(await entries(database)).toHaveLength(1);
  expect(ip.lookUp('39.32.0.1').country).toBe('PK');
});

it('rejects the activation of a missing or changed file', async () => {
  const { database, ports, open } = await world();
  const ip = await open();
  await expect(ip.activate('0'.repeat(64), 'acc_2')).rejects.toMatchObject({ code: 'not_found' });
  const { hash } = await ip.import('four', of(V4), 'acc_1');
  writeFileSync(join(ports.folder, `${hash}.mmdb`), V4.subarray(0, 1_000_000));
  await expect(ip.activate(hash, 'acc_2')).rejects.toMatchObject({ code: 'ip_database_invalid' });
  expect(ip.current().name).toBe('bundled');
  expect(await entries(database)).toHaveLength(1);
  const entry = { kind: 'ip-database.activated', at: NOW, subject: null, public: {} } as const;
  expect(await ports.store.activateIpDatabase('0'.repeat(64), null, entry)).toBeNull();
  expect((await ip.list()).filter(({ active }) => active)).toHaveLength(1);
});

it('uses the included database, and logs this, if the active file is missing', async () => {
  const { database, ports, warnings, open } = await world();
  const ip = await open();
  const { hash } = await ip.import('four', of(V4), 'acc_1');
  await ip.activate(hash, 'acc_2');
  rmSync(join(ports.folder, `${hash}.mmdb`));
  const again = await open();
  expect(again.current().name).toBe('bundled');
  expect(warnings).toHaveLength(1);
  expect((await entries(database)).length).toBe(3);
});

it('ignores special-purpose addresses that the database contains', async () => {
  const ip = await (await world()).open();
  expect(openMmdb(ALL).lookUp('192.168.1.1').country, 'what the database says').toBe('AU');
  for (const address of ['192.168.1.1', '203.0.113.9', '::ffff:192.168.1.1', 'fe80::1%eth0', '']) {
    expect(ip.lookUp(address), address).toEqual({ country: null, registered: null, represented: null });
  }
  expect(ip.lookUp('::ffff:39.32.0.1').country).toBe('PK');
});

it('reads the records of other makers, and distinguishes location from registration', () => {
  const written = (shape: (country: string) => MmdbValue, more: Record<string, MmdbValue> = {}) =>
    openMmdb(
      writeMmdb({ ...Object.fromEntries(KNOWN_ADDRESSES.map(([ip, country]) => [ip, shape(country)])), ...more }, NOW),
    );

  const nested = written((country) => ({ country: { iso_code: country } }), {
    '5.5.5.1': {
      country: { iso_code: 'DE' },
      registered_country: { iso_code: 'US' },
      represented_country: { iso_code: 'GB', type: 'military' },
    },
    '5.5.5.2': { registered_country: { iso_code: 'US' } },
    '5.5.5.3': { country: { iso_code: 'EU' } },
    '5.5.5.4': { city: 'nowhere' },
    '5.5.5.5': { country: { iso_code: 7 } },
  });
  expect(nested.builtAt).toBe(NOW);
  expect(nested.lookUp('39.32.0.1').country).toBe('PK');
  expect(nested.lookUp('5.5.5.1')).toEqual({ country: 'DE', registered: 'US', represented: 'GB' });
  for (const address of ['5.5.5.2', '5.5.5.3', '5.5.5.4', '5.5.5.5', '5.5.5.6']) {
    expect(nested.lookUp(address).country, address).toBeNull();
  }
  expect(written((country) => ({ country })).lookUp('39.32.0.1').country).toBe('PK');
  expect(written((country) => ({ country_code: country })).lookUp('39.32.0.1').country).toBe('PK');
  expect(() => written(() => ({ country: 'AQ' }))).toThrow(/only 0 of 12 well-known/);
});

it('records the account of each activation, and rolls back one step further each time', async () => {
  const { database, open } = await world();
  const ip = await open();
  const bundled = ip.current().hash;
  await expect(ip.rollBack('acc_3')).rejects.toMatchObject({ code: 'conflict' });
  const four = await ip.import('four', of(V4), 'acc_1');
  expect(four).toMatchObject({ importedBy: 'acc_1', size: V4.length });
  const third = writeMmdb(Object.fromEntries(KNOWN_ADDRESSES.map(([at, country]) => [at, { country }])), NOW);
  const { hash } = await ip.import('third', of(third), 'acc_1');
  await ip.activate(four.hash, 'acc_2');
  await ip.activate(hash, 'acc_2');
  expect(await ip.rollBack('acc_3')).toMatchObject({ hash: four.hash, active: true });
  const again = await open();
  expect(again.current().hash, 'after a restart').toBe(four.hash);
  expect(await again.rollBack('acc_3')).toMatchObject({ hash: bundled, active: true });
  await expect(again.rollBack('acc_3')).rejects.toMatchObject({ code: 'conflict' });
  expect((await again.uses()).map((use) => [use.hash, use.by])).toEqual([
    [bundled, 'acc_3'],
    [four.hash, 'acc_3'],
    [hash, 'acc_2'],
    [four.hash, 'acc_2'],
    [bundled, null],
  ]);
  expect(await entries(database)).toHaveLength(5);
});

it('rejects damaged, endless and huge files, without blocking the event loop', async () => {
  const { database, ports, open } = await world();
  const ip = await open();
  const small = writeMmdb(Object.fromEntries(KNOWN_ADDRESSES.map(([at, country]) => [at, { country }])), NOW);
  const separator = small.indexOf(Buffer.alloc(16), 6);
  const tree = Buffer.from(small);
  // The root points far outside the data section.
  tree.writeUIntBE(0xfffff0, 0, 3);
  const data = Buffer.from(small);
  // A string longer than the data section.
  data.writeUInt8((2 << 5) | 31, separator + 16);
  const refused = (why: string) => ({ code: 'ip_database_invalid', message: expect.stringContaining(why) });
  await expect(ip.import('bad', of(tree), 'acc_1')).rejects.toMatchObject(refused('points outside the data section'));
  await expect(ip.import('bad', of(data), 'acc_1')).rejects.toMatchObject(refused('is outside the data section'));
  // Each map contains the previous one twice: 2 to the power of 30 values in a few hundred bytes.
  const bomb = withData(small, (encode) => {
    let at = encode(Buffer.from([0x40]));
    for (let depth = 0; depth < 30; depth += 1) {
      const pointer = Buffer.from([0x20 | (at >> 8), at & 0xff]);
      at = encode(Buffer.concat([Buffer.from([0xe2, 0x41, 0x61]), pointer, Buffer.from([0x41, 0x62]), pointer]));
    }
    return at;
  });
  await expect(ip.import('bomb', of(bomb), 'acc_1')).rejects.toMatchObject(refused('has no end'));

  // Each of 3,000 records points to the same map of 2,000 values: 6 million values in 20 kilobytes.
  const crowd = manyRecords(3_000, 2_000);
  await expect(ip.import('crowd', of(crowd), 'acc_1')).rejects.toMatchObject(refused('more values than'));

  const longest = longestTurn();
  async function* endless() {
    const megabyte = Buffer.alloc(1024 * 1024, 1);
    for (;;) yield megabyte;
  }
  await expect(ip.import('huge', endless(), 'acc_1')).rejects.toMatchObject({ code: 'too_large' });
  await ip.import('four', of(V4), 'acc_1');
  expect(longest()).toBeLessThan(50);
  expect(readdirSync(ports.folder).sort()).toEqual((await ip.list()).map(({ hash }) => `${hash}.mmdb`).sort());
  expect(await entries(database)).toHaveLength(1);
}, 60_000);

/** A file whose tree has `records` different records, each a list with a pointer to one map of `values` values. */
function manyRecords(records: number, values: number): Buffer {
  const size = (type: number, entries: number) =>
    Buffer.from([(type << 5) | 30, (entries - 285) >> 8, (entries - 285) & 0xff]);
  const map = Buffer.concat([size(7, values / 2), Buffer.alloc(values, 0x40)]);
  const record = Buffer.from([0x01, 0x04, 0x20, 0x00]);
  const data = Buffer.concat([map, ...Array<Buffer>(records).fill(record)]);
  const nodes = records / 2;
  const tree = Buffer.alloc(nodes * 6);
  for (let at = 0; at < records; at += 1) tree.writeUIntBE(nodes + 16 + map.length + at * record.length, at * 3, 3);
  const usual = writeMmdb({ '8.8.8.8': 'US' }, NOW);
  const marker = usual.lastIndexOf(Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'));
  const metadata = Buffer.from(usual.subarray(marker));
  const count = metadata.indexOf('node_count') + 'node_count'.length + 1;
  metadata.writeUInt32BE(nodes, count);
  return Buffer.concat([tree, Buffer.alloc(16), data, metadata]);
}

/** Copy of the file with other data. `make` receives an append function and returns the offset of the record for all addresses. */
function withData(file: Buffer, make: (encode: (value: Buffer) => number) => number): Buffer {
  const marker = file.lastIndexOf(Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'));
  const separator = file.indexOf(Buffer.alloc(16), 6);
  const nodes = separator / 6;
  const data: Buffer[] = [];
  const record = make((value) => {
    const at = data.reduce((sum, { length }) => sum + length, 0);
    data.push(value);
    return at;
  });
  const tree = Buffer.from(file.subarray(0, separator));
  for (let at = 0; at < tree.length; at += 3)
    if (tree.readUIntBE(at, 3) > nodes) tree.writeUIntBE(nodes + 16 + record, at, 3);
  return Buffer.concat([tree, Buffer.alloc(16), ...data, file.subarray(marker)]);
}
