/**
 * Software and advisories on the command line and over the API, on the real store: search in the order of the package manager, scopes,
 * import of a file, sections, and the roles that see local users.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../shared/exit-codes.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';
import { testInventories } from '../../tests/support/inventories.ts';
import { dpkg, reportOf, testState } from '../../tests/support/inventory-state.ts';

let api: ApiServer;
let old: DeviceId;
let fixed: DeviceId;
let elsewhere: DeviceId;
const tokens = new Map<string, string>();
const folder = mkdtempSync(join(tmpdir(), 'cordon-software-'));

const cordon = (who: string, ...args: readonly string[]) =>
  runInProcess(['software', ...args], {
    XDG_CONFIG_HOME: '/nowhere',
    CORDON_SERVER: api.url,
    CORDON_TOKEN: tokens.get(who),
  });
const get = (who: string, path: string) =>
  api.request('GET', `/api/v1${path}`, { authorization: `Bearer ${tokens.get(who)}` });

beforeAll(async () => {
  api = await startApi();
  const karachi = await addGroup(api.database, 'Karachi', 'PK');
  const lahore = await addGroup(api.database, 'Lahore', 'PK');
  old = await addDevice(api.database, { group: karachi, user: 'Amina Khan' });
  fixed = await addDevice(api.database, { group: karachi, user: 'Bilal' });
  elsewhere = await addDevice(api.database, { group: lahore, user: 'Chen' });
  const inventories = await testInventories(api.database);
  const os = { id: 'debian', version: '12' };
  const users = [{ name: 'amina', admin: true }];
  const openssl = (version: string) => [dpkg('libssl3', version, 'openssl')];
  await inventories.put(old, reportOf(testState('khi-1', openssl('3.0.9-1'), { os, users, network: [] })));
  await inventories.put(fixed, reportOf(testState('khi-2', openssl('3.0.15-1~deb12u1'), { os })));
  await inventories.put(elsewhere, reportOf(testState('lhe-1', [...openssl('3.0.9-1'), dpkg('bash', '5.2')], { os })));
  const everywhere = { group: null, area: null };
  for (const [who, grant] of Object.entries({
    owner: { role: 'owner' as const, ...everywhere },
    auditor: { role: 'auditor' as const, ...everywhere },
    local: { role: 'fleet' as const, group: karachi, area: null },
  })) {
    tokens.set(who, await api.token(await api.account(`${who}@example.org`, [grant])));
  }
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await api.close();
});

it('lists software and finds devices by version, within the scope', async () => {
  expect((await cordon('owner', 'list')).out).toMatch(
    /dpkg +bash +5\.2 +1 +1\ndpkg +libssl3 +3\.0\.15-1~deb12u1 +2 +3\n/,
  );
  expect((await cordon('local', 'list')).out).not.toContain('bash');
  const who = await cordon('owner', 'who', 'libssl3', '--below', '3.0.15', '--json');
  expect(who.json().devices.map(({ device }: { device: string }) => device)).toEqual([old, elsewhere]);
  const local = await cordon('local', 'who', 'libssl3', '--below', '3.0.15');
  expect(local.out).toMatch(
    new RegExp(`^devices: 1 of 2 with libssl3\n[^\n]*\n${old} +Amina Khan +khi-1 +3\\.0\\.9-1\n$`),
  );
  const none = await cordon('local', 'who', 'bash');
  expect([none.code, none.err]).toEqual([EXIT.notFound, expect.stringMatching(/software list --text bash/)]);
  expect((await cordon('owner', 'device', fixed, '--text', 'ssl')).out).toMatch(/dpkg +libssl3 +3\.0\.15-1~deb12u1/);
});

it('writes CSV files within the scope and without names of people', async () => {
  const [list, devices] = [join(folder, 'list.csv'), join(folder, 'devices.csv')];
  expect((await cordon('local', 'list', '--csv', list)).code).toBe(0);
  expect(readFileSync(list, 'utf8')).toBe(
    'source,name,newest,versions,devices\r\ndpkg,libssl3,3.0.15-1~deb12u1,2,2\r\n',
  );
  await cordon('owner', 'who', 'libssl3', '--below', '3.0.15', '--csv', devices);
  expect(readFileSync(devices, 'utf8').split('\r\n')).toEqual([
    'device,hostname,versions',
    `${old},khi-1,3.0.9-1`,
    `${elsewhere},lhe-1,3.0.9-1`,
    '',
  ]);
});

it('imports advisories, and lists the devices that they affect', async () => {
  const affected = [
    {
      package: { ecosystem: 'Debian:12', name: 'openssl' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed: '3.0.15-1~deb12u1' }] }],
    },
  ];
  const file = join(folder, 'osv.json');
  writeFileSync(
    file,
    JSON.stringify([{ id: 'DSA-1-1', modified: '2026-09-04T00:00:00Z', summary: 'openssl', affected }]),
  );
  expect((await cordon('local', 'import-advisories', file)).code).toBe(EXIT.forbidden);
  expect((await cordon('owner', 'import-advisories', file)).out).toMatch(/1 read, 1 new or changed, 0 withdrawn/);
  expect((await cordon('local', 'advisories')).out).toMatch(/DSA-1-1 +\S+ +1 +openssl/);
  const named = await cordon('owner', 'advisories', 'DSA-1-1');
  expect(named.out).toMatch(
    new RegExp(`DSA-1-1: 2 affected devices\n[\\s\\S]*${old} +Amina Khan +khi-1 +libssl3 3\\.0\\.9-1`),
  );
  expect((await cordon('owner', 'device', old, '--advisories')).out).toMatch(/DSA-1-1 +libssl3 3\.0\.9-1 +openssl/);
  expect((await cordon('owner', 'device', fixed, '--advisories')).out).toBe('(none)\n');
  writeFileSync(file, '[{"id": "X"');
  const broken = await cordon('owner', 'import-advisories', file);
  expect(broken.err).toMatch(/not a JSON array\. The file ends inside the array/);
});

it('shows local users only to roles that help the user, and only for one device', async () => {
  const { json } = await get('local', `/devices/${old}/inventory`);
  expect([json.inventory.users, json.withheld]).toEqual([[{ name: 'amina', admin: true }], []]);
  const audited = (await get('auditor', `/devices/${old}/inventory`)).json;
  expect(audited.withheld).toEqual(['users', 'network', 'queries']);
  expect(JSON.stringify([audited, (await get('auditor', `/devices/${old}`)).json])).not.toContain('amina');
  expect((await get('auditor', `/devices/${old}/inventory?section=users`)).json.inventory).not.toHaveProperty('users');
  expect((await get('local', `/devices/${old}/inventory?section=users`)).json.inventory).toMatchObject({
    users: [{ name: 'amina' }],
  });
  for (const path of ['inventory', 'software', 'advisories', 'facts']) {
    expect([path, (await get('local', `/devices/${elsewhere}/${path}`)).json.code]).toEqual([path, 'out_of_scope']);
  }
  expect((await get('local', `/devices/${old}/facts`)).json.facts).toMatchObject({ 'users.count': 1 });
  const { facts } = (await get('auditor', `/devices/${old}/facts`)).json;
  expect(facts).toMatchObject({ hostname: 'khi-1' });
  expect(Object.keys(facts).filter((name) => name.startsWith('users.'))).toEqual([]);
});

it('switches sections off and on, for owners only', async () => {
  expect((await cordon('local', 'sections', '--off', 'users')).code).toBe(EXIT.forbidden);
  const off = await cordon('owner', 'sections', '--off', 'users', 'battery');
  expect(off.out).toMatch(/battery +off[\s\S]*users +off[\s\S]*changed \S+ by owner@example\.org/);
  expect((await cordon('owner', 'sections', '--on', 'battery')).out).toMatch(/battery +on[\s\S]*users +off/);
  expect((await cordon('owner', 'sections', '--off', 'everything')).err).toMatch(/There is no section everything/);
  expect((await cordon('owner', 'sections', '--off', 'system')).code).not.toBe(0);
  await cordon('owner', 'sections', '--on', 'users');
});
