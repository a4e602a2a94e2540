/** Filters, columns, export and saved views of the device list over real HTTP. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../shared/api/roles.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { runInProcess } from '../../tests/support/in-process-cli.ts';
import { testInventories } from '../../tests/support/inventories.ts';
import { reportOf, testState } from '../../tests/support/inventory-state.ts';

let api: ApiServer;
let mine: GroupId;
let ids: DeviceId[];
const who: Partial<Record<Role | 'scoped', Record<string, string>>> = {};

beforeAll(async () => {
  api = await startApi();
  mine = await addGroup(api.database, 'Mine');
  const theirs = await addGroup(api.database, 'Theirs');
  for (const role of ['owner', 'fleet', 'helpdesk', 'legal', 'auditor'] as const) {
    const account = await api.account(`${role}@example.org`, [{ role, group: null, area: null }]);
    who[role] = { authorization: `Bearer ${await api.token(account)}` };
  }
  const scoped = await api.account('mine@example.org', [{ role: 'fleet', group: mine, area: null }]);
  who.scoped = { authorization: `Bearer ${await api.token(scoped)}` };
  ids = [];
  for (let index = 0; index < 12; index += 1) {
    const group = index % 3 === 0 ? mine : theirs;
    ids.push(await addDevice(api.database, { group, user: `User ${String(index).padStart(2, '0')}` }));
  }
});
afterAll(() => api.close());

const get = (path: string, as: Role | 'scoped' = 'owner') => api.request('GET', `/api/v1${path}`, who[as]);
const usersOf = (json: { devices: { user: string }[] }) => json.devices.map(({ user }) => user);

describe('filters, columns and export', () => {
  const conditions = (...where: object[]) => `where=${encodeURIComponent(JSON.stringify(where))}`;
  const lines = async (path: string, as: Role | 'scoped' = 'owner') =>
    (await get(`/devices.csv${path}`, as)).text.trim().split('\r\n');

  beforeAll(async () => {
    const inventories = await testInventories(api.database);
    const report = (index: number, name: string, firewall: boolean) =>
      inventories.put(ids[index]!, reportOf(testState(name, [], { security: { firewall, secureBoot: null } })));
    await report(0, 'ALPHA-1', true);
    await report(1, '=BETA-2', false);
  });

  it('selects devices by conditions, and returns and sorts by the requested columns', async () => {
    const on = (
      await get(`/devices?${conditions({ field: 'firewall', op: 'is', value: true })}&columns=hostname,firewall`)
    ).json;
    expect(usersOf(on)).toEqual(['User 00']);
    expect(on.devices[0].facts).toEqual({ hostname: 'ALPHA-1', firewall: true });
    const known = (await get(`/devices?${conditions({ field: 'hostname', op: 'known' })}&sort=hostname&limit=1`)).json;
    expect([usersOf(known), known.total, known.devices[0].facts]).toEqual([['User 01'], 2, undefined]);
    const next = (
      await get(
        `/devices?${conditions({ field: 'hostname', op: 'known' })}&sort=hostname&limit=1&cursor=${known.cursor}`,
      )
    ).json;
    expect([usersOf(next), next.cursor]).toEqual([['User 00'], null]);
    expect(usersOf((await get('/devices?text=01%20beta')).json)).toEqual(['User 01']);
    expect((await get(`/devices?${conditions({ field: 'hostname', op: 'unknown' })}`)).json.total).toBe(10);
  });

  it.each([
    ['an unknown field', [{ field: 'color', op: 'is', value: 'red' }]],
    ['an operator of another type', [{ field: 'firewall', op: 'contains', value: 'x' }]],
    ['a value of another type', [{ field: 'firewall', op: 'is', value: 'true' }]],
    ['too many conditions', Array.from({ length: 9 }, () => ({ field: 'hostname', op: 'known' }))],
  ])('refuses %s', async (_case, where) => {
    expect((await get(`/devices?${conditions(...where)}`)).json.code).toBe('invalid_input');
  });

  it('refuses a text of more than eight words, and facts about users without the right to see them', async () => {
    expect((await get('/devices?text=a+b+c+d+e+f+g+h+i')).json.code).toBe('invalid_input');
    expect((await get('/devices?columns=users.count')).status).toBe(200);
    for (const query of [
      'columns=users.count',
      'sort=users.admins',
      'columns=network.addresses',
      conditions({ field: 'users.names', op: 'includes', value: 'amina' }),
      conditions({ field: 'users.count', op: 'known' }),
    ]) {
      expect((await get(`/devices?${query}`, 'auditor')).json.code).toBe('forbidden');
    }
  });

  it('exports the list as CSV within the scope, without formulas, and records the export', async () => {
    const all = await lines('?columns=firewall,hostname');
    expect(all).toHaveLength(13);
    expect(all[0]).toMatch(/^device,hostname,status,.*,firewall,hostname$/);
    expect(all[2]).toContain(",'=BETA-2,active,");
    expect(all.join()).not.toContain('User');
    expect(all[2]).toMatch(/,,,false,'=BETA-2$/);
    expect(await lines('?text=user', 'scoped')).toHaveLength(5);
    const log = (await get('/activity?action=devices.export')).json;
    expect(log.entries[0]).toMatchObject({ action: 'devices.export', outcome: 'ok' });
  });

  it('lists labels within the scope, filters by them, and exports labels and marks', async () => {
    const label = (devices: (DeviceId | undefined)[], add: string[]) =>
      api.request('POST', '/api/v1/device-actions/label', who.owner, { devices, add });
    await label([ids[0], ids[1]], ['kiosk']);
    await label([ids[0]], ['loan 2026']);
    await api.request('POST', '/api/v1/device-actions/mark-missing', who.owner, { devices: [ids[0]] });
    const labels = [
      { label: 'kiosk', devices: 2 },
      { label: 'loan 2026', devices: 1 },
    ];
    expect((await get('/device-labels')).json.labels).toEqual(labels);
    expect((await get('/device-labels', 'scoped')).json.labels).toEqual([{ ...labels[0], devices: 1 }, labels[1]]);
    expect(usersOf((await get('/devices?label=Kiosk')).json)).toEqual(['User 00', 'User 01']);
    expect(
      usersOf(
        (await get(`/devices?${conditions({ field: 'labels', op: 'excludes', value: 'loan 2026' })}&label=kiosk`)).json,
      ),
    ).toEqual(['User 01']);
    const [head, first] = await lines('?label=kiosk');
    expect(head).toMatch(/,name,labels,marks$/);
    expect(first).toMatch(/,"kiosk; loan 2026",missing$/);
    await api.request('POST', '/api/v1/device-actions/mark-found', who.owner, { devices: [ids[0]] });
  });

  it('sends a command only to the devices that meet the conditions', async () => {
    const where = [{ field: 'hostname', op: 'starts-with', value: 'alpha' }];
    const body = { command: { kind: 'refresh-inventory' }, filter: { where } };
    const { status, json } = await api.request('POST', '/api/v1/commands', who.owner, body);
    expect([status, json.queued]).toEqual([201, 1]);
  });
});

describe('saved views', () => {
  const send = (method: string, path: string, as: Role | 'scoped', body?: object) =>
    api.request(method, `/api/v1${path}`, who[as], body);
  const view = {
    name: 'Firewall off',
    filter: { where: [{ field: 'firewall', op: 'is', value: false }] },
    columns: ['firewall'],
  };
  const names = async (as: Role | 'scoped') =>
    (await get('/device-views', as)).json.views.map(({ name }: { name: string }) => name);

  it('belong to one account, and appear to others only when shared', async () => {
    const made = (await send('POST', '/device-views', 'fleet', view)).json;
    expect(made).toMatchObject({ ...view, shared: false, sort: 'user', descending: false });
    expect([await names('fleet'), await names('owner')]).toEqual([['Firewall off'], []]);
    expect((await send('POST', '/device-views', 'fleet', view)).json.code).toBe('conflict');
    expect((await send('PATCH', `/device-views/${made.id}`, 'owner', view)).json.code).toBe('not_found');
    expect((await send('PATCH', `/device-views/${made.id}`, 'fleet', { ...view, shared: true })).status).toBe(200);
    expect(await names('helpdesk')).toEqual(['Firewall off']);
    expect((await send('PATCH', `/device-views/${made.id}`, 'owner', view)).json.code).toBe('forbidden');
    expect((await send('DELETE', `/device-views/${made.id}`, 'helpdesk')).json.code).toBe('forbidden');
    expect((await get(`/activity?action=device-views.update`)).json.entries[0].targets).toMatchObject([
      { id: made.id },
    ]);
    expect((await send('DELETE', `/device-views/${made.id}`, 'owner')).status).toBe(200);
    expect(await names('fleet')).toEqual([]);
  });

  it('are shared only by roles that manage devices, and are at most 50 per account', async () => {
    expect((await send('POST', '/device-views', 'helpdesk', { ...view, shared: true })).json.code).toBe('forbidden');
    for (let index = 0; index < 50; index += 1)
      await send('POST', '/device-views', 'scoped', { name: `View ${index}` });
    expect((await send('POST', '/device-views', 'scoped', { name: 'One more' })).json.detail).toContain('50 views');
  });

  it('serve the command line, which saves, lists, uses and deletes them', async () => {
    const cordon = (...args: string[]) =>
      runInProcess(['devices', ...args], {
        XDG_CONFIG_HOME: '/nowhere',
        CORDON_SERVER: api.url,
        CORDON_TOKEN: who.fleet?.['authorization']?.slice('Bearer '.length),
      });
    const where = ['--where', 'hostname starts-with alpha', '--columns', 'hostname,firewall'];
    expect((await cordon('save-view', 'Alpha hosts', ...where, '--connected', 'false')).out).toContain(
      'Saved the view',
    );
    expect((await cordon('save-view', 'Alpha hosts', ...where, '--shared')).code).toBe(0);
    expect((await cordon('save-view', 'Kiosks', '--label', 'kiosk', '--life-cycle', 'active')).code).toBe(0);
    expect((await cordon('list', '--view', 'Kiosks', '--columns', 'users.names')).out).toMatch(/User 00.*\n.*User 01/);
    expect((await cordon('views')).out).toMatch(/Alpha hosts .* true .*starts-with/);
    const listed = (await cordon('list', '--view', 'Alpha hosts')).out;
    expect(listed).toMatch(/firewall\n.*User 00.*ALPHA-1 +true\n$/s);
    expect((await cordon('list', '--where', 'hostname likes x')).err).toContain('is not a condition');
    expect((await cordon('delete-view', 'Alpha hosts')).code).toBe(0);
    expect((await cordon('list', '--view', 'Alpha hosts')).err).toContain('There is no view Alpha hosts');
  });

  it('are beside the columns that the account chose', async () => {
    expect((await get('/device-views', 'legal')).json.columns).toBeNull();
    const columns = ['hardware.serial', 'os.version'];
    expect((await send('POST', '/device-columns', 'legal', { columns })).status).toBe(200);
    expect((await get('/device-views', 'legal')).json.columns).toEqual(columns);
    expect((await send('POST', '/device-columns', 'legal', { columns: ['os.id', 'os.id'] })).json.code).toBe(
      'invalid_input',
    );
  });
});
