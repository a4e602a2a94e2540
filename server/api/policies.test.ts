/** Policies over real HTTP: steps of an admin, and two people for a policy that can wipe. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeviceId, type GroupId, newPolicyId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { WIFI } from '../../tests/support/network-connections.ts';

let api: ApiServer;
let marked: Record<string, string>;
let group: GroupId;
let device: DeviceId;

const RULES = { graceHours: 0, actions: [] as object[] };
const FIREWALL = { settings: { 'firewall.enabled': true }, compliance: RULES };
const WIPING = { ...FIREWALL, compliance: { graceHours: 0, actions: [{ action: 'wipe-workspace', afterHours: 1 }] } };

beforeAll(async () => {
  api = await startApi();
  const owner = await api.account('owner@example.org', [{ role: 'owner', group: null, area: null }]);
  await api.account('confirmer@example.org', [{ role: 'owner', group: null, area: null }]);
  marked = { authorization: `Bearer ${await api.token(owner)}` };
  group = await addGroup(api.database, 'Paris');
  device = await addDevice(api.database, { group });
});
afterAll(() => api.close());

const request = (method: string, path: string, body?: unknown) => api.request(method, `/api/v1${path}`, marked, body);

describe('policies over HTTP', () => {
  it('refuse settings outside the catalog and forbidden values, and name the field', async () => {
    const secret = { ...WIFI, security: { kind: 'wpa-personal', psk: 'a password' } };
    const refused = [
      {},
      { 'disk.paint': 'red' },
      { 'software.forbidden': ['--all'] },
      { 'network.connections': [secret] },
    ];
    for (const settings of refused) {
      const { status, json } = await request('POST', '/policies', { name: 'x', document: { ...FIREWALL, settings } });
      expect([status, json.code]).toEqual([400, 'invalid_input']);
      expect(json.detail).toMatch(/^body\.document\.settings/);
    }
  });

  it('are drafted, rolled out, assigned and rehearsed', async () => {
    const created = await request('POST', '/policies', { name: 'Draft', document: FIREWALL });
    expect(created.status).toBe(201);
    const { id } = created.json;
    const rollout = { version: 1, percent: 100 };
    expect((await request('POST', `/policies/${id}/rollout`, rollout)).json).toMatchObject({ current: 1, next: null });
    const assigned = await request('POST', `/policies/${id}/groups`, { groups: [group] });
    expect(assigned.json).toMatchObject({ groups: [group] });
    const rehearsed = await request('POST', `/policies/${id}/rehearsal`, { groups: [] });
    expect(rehearsed.json).toMatchObject({
      devices: 1,
      changed: 1,
      settings: [{ setting: 'firewall.enabled', devices: 1 }],
    });
    const json = await request('GET', '/compliance/report.json');
    expect(JSON.parse(json.text)).toMatchObject([{ device, user: 'Samantha', failing: [] }]);
    const listed = await request('GET', '/compliance/report.csv');
    expect(listed.status).toBe(200);
    const admission = await request('GET', `/devices/${device}/compliance-admission`);
    expect([admission.status, admission.json.code]).toEqual([403, 'not_compliant']);
  });

  it('need two people if a version in use can wipe workspaces', async () => {
    const { id } = (await request('POST', '/policies', { name: 'Wiping', document: WIPING })).json;
    const rolled = await request('POST', `/policies/${id}/rollout`, { version: 1, percent: 1 });
    expect(rolled.json).toMatchObject({ code: 'second_person_required' });
    expect((await request('GET', `/policies/${id}`)).json).toMatchObject({ current: null, next: null });
    // Without a version in use, an assignment has no effect yet.
    expect((await request('POST', `/policies/${id}/groups`, { groups: [group] })).status).toBe(200);
  });

  it('show the second person the policy and its devices, and refuse devices that joined later', async () => {
    const { email, secret } = await api.account('second@example.org', [{ role: 'fleet', group: null, area: null }]);
    const { headers } = await api.signIn({ email, secret });
    const confirm = async (action: string, hash: string) =>
      api.request('POST', `/api/v1/actions/${action}/confirm`, headers, { hash });
    const shown = async (action: string) => (await api.request('GET', `/api/v1/actions/${action}`, headers)).json;

    // The policies of the other tests have precedence for the firewall.
    const document = { ...WIPING, settings: { 'disk.encryption': true } };
    const { id } = (await request('POST', '/policies', { name: 'Wiping laptops', document })).json;
    const rollout = { version: 1, percent: 100 };
    const early = (await request('POST', `/policies/${id}/rollout`, rollout)).json.context.action;
    await request('POST', `/policies/${id}/groups`, { groups: [group] });
    const first = await shown(early);
    expect(first).toMatchObject({ devices: 0, policy: 'Wiping laptops', body: rollout, confirmable: true });
    const refused = await confirm(early, first.hash);
    expect([refused.status, refused.json.code]).toEqual([409, 'conflict']);
    expect((await request('GET', `/policies/${id}`)).json.current).toBe(null);

    const { action } = (await request('POST', `/policies/${id}/rollout`, rollout)).json.context;
    const second = await shown(action);
    expect(second).toMatchObject({ devices: 1, scope: [device], route: 'policies.roll-out' });
    expect((await confirm(action, second.hash)).status).toBe(200);
    expect((await request('GET', `/policies/${id}`)).json.current).toBe(1);
  });

  it('filter and count the compliance list within the scope, and name devices only for the right to list them', async () => {
    const oslo = await addGroup(api.database, 'Oslo');
    const other = await addDevice(api.database, { group: oslo, user: 'Chloe' });
    const names = [device, other].map((device_id) => ({ device_id, name: `Laptop of ${device_id}` }));
    await api.database.db.insertInto('display_names').values(names).execute();
    const { id } = (await request('GET', '/policies')).json.policies[0];
    const as = async (grants: Parameters<ApiServer['account']>[1], email: string) => {
      const headers = { authorization: `Bearer ${await api.token(await api.account(email, grants))}` };
      return async (path: string) => (await api.request('GET', `/api/v1${path}`, headers)).json;
    };
    const everyone = async (path: string) => (await request('GET', path)).json;
    expect((await everyone(`/compliance?policy=${id}`)).devices).toMatchObject([
      { device, name: `Laptop of ${device}` },
    ]);
    expect(await everyone(`/compliance/counts?policy=${id}`)).toMatchObject({ unknown: 1, 'no-policy': 0 });
    expect((await everyone('/compliance?state=failing')).devices).toEqual([]);
    expect((await everyone('/compliance?setting=firewall.enabled')).devices).toEqual([]);
    // No loop of compliance runs here, so that no device has a stored state.
    expect((await everyone('/compliance?state=no-policy')).devices).toHaveLength(2);
    expect(await everyone('/compliance?setting=disk.paint')).toMatchObject({ code: 'invalid_input' });
    expect(await everyone(`/compliance?policy=${newPolicyId()}`)).toMatchObject({ code: 'not_found' });

    const scoped = await as([{ role: 'helpdesk', group: oslo, area: null }], 'oslo@example.org');
    expect((await scoped('/compliance')).devices).toMatchObject([{ device: other, name: `Laptop of ${other}` }]);
    expect((await scoped(`/compliance?policy=${id}`)).devices).toEqual([]);
    expect(await scoped(`/compliance/counts?policy=${id}`)).toMatchObject({ unknown: 0, 'no-policy': 0 });

    const admin = await api.account('admin@example.org', [{ role: 'owner', group: null, area: null }]);
    const { headers } = await api.signIn(admin);
    const role = { name: 'Compliance', rights: ['compliance.list'] };
    const made = (await api.request('POST', '/api/v1/roles', headers, role)).json;
    const reader = await api.account('reader@example.org', []);
    const grant = { role: made.id, group: null, area: null };
    await api.request('POST', `/api/v1/accounts/${reader.id}/grants`, headers, grant);
    const authorization = `Bearer ${await api.token(reader)}`;
    const listed = await api.request('GET', '/api/v1/compliance', { authorization });
    expect(listed.json.devices.map(({ name }: { name: string | null }) => name)).toEqual([null, null]);
  });
});
