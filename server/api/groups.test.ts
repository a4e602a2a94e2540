/** Groups over real HTTP: rights, scopes, errors with positions, and trust. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { testInventories } from '../../tests/support/inventories.ts';
import { reportOf, testState } from '../../tests/support/inventory-state.ts';

type Who = Record<string, string>;
let api: ApiServer;
let [office, project]: GroupId[] = [];
let [ann, bob]: DeviceId[] = [];
let [owner, fleet, scoped]: Who[] = [];

beforeAll(async () => {
  api = await startApi();
  office = await addGroup(api.database, 'Office', 'PK');
  project = await addGroup(api.database, 'Project');
  ann = await addDevice(api.database, { group: office, user: 'Ann' });
  bob = await addDevice(api.database, { group: project, user: 'Bob' });
  await (await testInventories(api.database)).put(ann, reportOf(testState('ws-1')));
  const holder = async (name: string, grants: Parameters<ApiServer['account']>[1]): Promise<Who> => {
    const account = await api.account(`${name}@example.org`, grants);
    return { authorization: `Bearer ${await api.token(account)}` };
  };
  owner = await holder('owner', []);
  fleet = await holder('fleet', [{ role: 'fleet', group: null, area: null }]);
  scoped = await holder('scoped', [{ role: 'fleet', group: project, area: null }]);
});
afterAll(() => api.close());

const send = (who: Who | undefined, method: string, path: string, body?: unknown) =>
  api.request(method, `/api/v1${path}`, who, body);

it('creates a dynamic group, shows it on the device, and finds its devices', async () => {
  const created = await send(fleet, 'POST', '/groups', {
    name: 'Workstations',
    expression: 'hostname.startsWith("ws-")',
  });
  expect([created.status, created.json]).toMatchObject([201, { trusted: false, complete: false, home: null }]);
  await api.groupMembers.settle();
  const { id } = created.json;
  expect((await send(owner, 'GET', `/groups/${id}`)).json).toMatchObject({ complete: true, uses: [] });
  const found = (await send(owner, 'GET', `/devices?group=${id}`)).json;
  expect(found.devices.map((device: { id: string }) => device.id)).toEqual([ann]);
  expect((await send(owner, 'GET', `/devices/${ann}`)).json.groups).toEqual([
    { id: office, name: 'Office', kind: 'primary' },
    { id, name: 'Workstations', kind: 'dynamic' },
  ]);
});

it('refuses an invalid expression with its position, and a home for a dynamic group', async () => {
  const wrong = await send(fleet, 'POST', '/groups', { name: 'Wrong', expression: 'true &&\n tint == "red"' });
  expect([wrong.status, wrong.json]).toMatchObject([400, { code: 'invalid_input', context: { line: 2, column: 2 } }]);
  const home = await send(fleet, 'POST', '/groups', { name: 'Home', home: 'PK', expression: 'true' });
  expect(home.json.code).toBe('invalid_input');
});

it('previews within the scope of the caller, with unknown results apart', async () => {
  const expression = 'hostname.startsWith("ws-")';
  expect((await send(fleet, 'POST', '/group-preview', { expression })).json).toMatchObject({
    error: null,
    matching: 1,
    unknown: 1,
    examined: 2,
    complete: true,
    examples: [{ id: ann, user: 'Ann', hostname: 'ws-1' }],
  });
  expect((await send(scoped, 'POST', '/group-preview', { expression })).json).toMatchObject({
    matching: 0,
    examined: 1,
  });
  expect((await send(fleet, 'POST', '/group-preview', { expression: 'os.' })).json.error).toMatchObject({ line: 1 });
});

it('lets an admin with a scope change only members that stay in the scope', async () => {
  const path = `/groups/${project}/members`;
  expect((await send(scoped, 'PATCH', path, { add: [ann] })).json.code).toBe('out_of_scope');
  expect((await send(fleet, 'PATCH', path, { add: [ann] })).status).toBe(200);
  expect(
    (await send(scoped, 'GET', `/devices/${ann}`)).json.groups.map((group: { name: string }) => group.name),
  ).toEqual(['Office', 'Project']);
  // Without the group, the admin could not undo the change.
  expect((await send(scoped, 'PATCH', path, { remove: [ann] })).json.code).toBe('out_of_scope');
  expect((await send(scoped, 'PATCH', `/groups/${office}/members`, { add: [bob] })).json.code).toBe('out_of_scope');
  expect((await send(fleet, 'PATCH', path, { remove: [ann] })).status).toBe(200);
  expect((await send(fleet, 'PATCH', path, { add: ['dev_aaaaaaaaaaaaaaaa'] })).json.code).toBe('not_found');
});

it('allows a role for a dynamic group only after an owner trusts the group, and lists the use', async () => {
  const { id } = (await send(fleet, 'POST', '/groups', { name: 'Macs', expression: 'os.platform == "darwin"' })).json;
  const helper = await api.account('helper@example.org', []);
  const grant = () => api.admins.grant(helper.id, { role: 'helpdesk', group: id, area: null });
  await expect(grant()).rejects.toMatchObject({ code: 'conflict' });
  expect((await send(fleet, 'POST', `/groups/${id}/trust`, { trusted: true })).json.code).toBe('forbidden');
  expect((await send(owner, 'POST', `/groups/${id}/trust`, { trusted: true })).json.trusted).toBe(true);
  await grant();
  expect((await send(fleet, 'PATCH', `/groups/${id}`, { expression: 'true' })).json.code).toBe('conflict');
  expect((await send(owner, 'POST', `/groups/${id}/trust`, { trusted: false })).json.code).toBe('conflict');
  expect((await send(owner, 'GET', `/groups/${id}`)).json.uses).toEqual([
    { kind: 'roles', count: 1, names: ['helper@example.org'] },
  ]);
  const deleted = await send(owner, 'DELETE', `/groups/${id}`);
  expect([deleted.json.code, deleted.json.detail]).toEqual([
    'conflict',
    expect.stringContaining('roles (helper@example.org)'),
  ]);
});
