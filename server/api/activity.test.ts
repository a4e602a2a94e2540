/** The activity log over real HTTP: every changing route is recorded, with source and outcome, and each role reads only its part. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { activityList } from '../../shared/api/activity.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { PASSWORD } from '../../tests/support/api-client.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { RIGHTS } from '../admins/rights.ts';
import { recordingOf } from './recorded-routes.ts';

type Who = 'owner' | 'auditor' | 'scoped' | 'nobody';
let api: ApiServer;
let group: GroupId;
let mine: DeviceId;
let theirs: DeviceId;
const who: Partial<Record<Who, Record<string, string>>> = {};
const accounts: Partial<Record<Who, { id: string; email: string; secret: string }>> = {};

beforeAll(async () => {
  api = await startApi();
  group = await addGroup(api.database, 'Mine');
  const grants = {
    owner: [],
    auditor: [{ role: 'auditor' as const, group: null, area: null }],
    scoped: [{ role: 'fleet' as const, group, area: null }],
    nobody: [],
  };
  for (const name of ['owner', 'auditor', 'scoped', 'nobody'] as const) {
    const account = await api.account(`${name}@example.org`, grants[name]);
    accounts[name] = account;
    who[name] = { authorization: `Bearer ${await api.token(account)}`, 'user-agent': `test of ${name}` };
  }
  mine = await addDevice(api.database, { group, user: 'Ada' });
  theirs = await addDevice(api.database, { group: await addGroup(api.database, 'Theirs'), user: 'Ben' });
});
afterAll(() => api.close());

async function log(query = '', as: Who = 'owner') {
  const { json } = await api.request('GET', `/api/v1/activity${query}`, who[as]);
  return activityList.parse(json);
}
const newest = async (query = '') => (await log(query)).entries[0];

it('records a request of every changing route', async () => {
  const changing = api.routes.filter((route) => route.method !== 'get' && !['read', null].includes(recordingOf(route)));
  expect(changing.length).toBeGreaterThan(80);
  const missing: string[] = [];
  for (const { name, method, path } of changing) {
    // The account has no role, so its requests are forbidden. Every account may use the other routes, so their input is invalid.
    const open = ['public', 'self'].includes(RIGHTS[name].scope);
    const at = path.replaceAll(/:[a-z0-9]+/g, 'x');
    await api.request(method.toUpperCase(), at, who.nobody, open ? { invalid: 1 } : {});
    const [entry] = (await log(`?action=${name}&limit=1`)).entries;
    if (entry === undefined) missing.push(name);
  }
  expect(missing).toEqual([]);
});

it('lists the few routes that change nothing, although they are not GET', () => {
  const unrecorded = api.routes.filter((route) => route.method !== 'get' && recordingOf(route) === null);
  // Before you add a route here, check that its handler stores nothing, or only a display setting of the caller.
  expect(unrecorded.map(({ name }) => name).sort()).toEqual([
    'device-columns.save',
    'devices.preview-action',
    'devices.preview-reassignment',
    'orders.preview',
    'passkeys.options',
    'policies.rehearse',
    'provider.begin',
    'provider.step-up',
    'session.passkey-challenge',
    'session.step-up-challenge',
  ]);
});

it('records actor, action, target, source and outcome of a change', async () => {
  const created = await api.request('POST', '/api/v1/groups', who.owner, { name: 'Paris', home: null, seat: null });
  expect(created.status).toBe(201);
  expect(await newest('?action=groups.create&outcome=ok')).toMatchObject({
    kind: 'change',
    actor: { kind: 'admin', id: accounts.owner?.id, name: 'owner@example.org' },
    via: 'token',
    credential: expect.stringMatching(/^tok_/),
    address: '127.0.0.1',
    agent: 'test of owner',
    outcome: 'ok',
    targets: [{ kind: 'group', id: created.json.id, name: 'Paris' }],
  });
  await api.request('DELETE', `/api/v1/groups/${created.json.id}`, who.scoped);
  expect(await newest('?action=groups.delete&outcome=refused')).toMatchObject({
    outcome: 'forbidden',
    targets: [{ kind: 'group', id: created.json.id }],
  });
  await api.request('POST', `/api/v1/devices/${mine}/revoke`, who.owner, { reason: 'keyCompromise' });
  expect((await log(`?device=${mine}`)).entries.map(({ action }) => action)).toContain('device.revoked');
  expect(await newest(`?device=${mine}&kind=change`)).toMatchObject({ action: 'devices.revoke', outcome: 'ok' });
});

it('names the command, the role and the switch of a change, and finds the command by its words', async () => {
  const command = { kind: 'refresh-inventory' };
  await api.request('POST', `/api/v1/devices/${mine}/commands`, who.owner, { command });
  await api.request('POST', '/api/v1/commands', who.owner, { command, devices: [mine] });
  const found = await log('?text=refresh%20inventory');
  expect(found.entries.map(({ action }) => action)).toEqual(['commands.issue-many', 'commands.issue']);
  for (const { targets } of found.entries)
    expect(targets).toContainEqual({ kind: 'command-kind', id: 'refresh-inventory', name: null });
  const grant = { role: 'helpdesk', group: null, area: null };
  await api.request('POST', `/api/v1/accounts/${accounts.nobody?.id}/grants`, who.owner, grant);
  expect((await newest('?action=grants.create'))?.targets).toContainEqual({ kind: 'role', id: 'helpdesk', name: null });
  await api.request('POST', '/api/v1/script-settings', who.owner, { on: 'a secret text' });
  expect((await newest('?action=scripts.switch'))?.targets).toEqual([]);
});

it('names a policy and the version of its rollout', async () => {
  const document = { settings: { 'disk.encryption': true }, compliance: { graceHours: 0, actions: [] } };
  const { json: policy } = await api.request('POST', '/api/v1/policies', who.owner, { name: 'Laptops', document });
  await api.request('POST', `/api/v1/policies/${policy.id}/rollout`, who.owner, { version: 1, percent: 30 });
  expect((await newest('?action=policies.roll-out'))?.targets).toEqual([
    { kind: 'percent', id: '30', name: null },
    { kind: 'policy', id: policy.id, name: 'Laptops' },
    { kind: 'version', id: '1', name: null },
  ]);
});

it('records sign-ins, failed sign-ins and sign-outs, without the text of the failed one', async () => {
  const owner = accounts.owner ?? { id: '', email: '', secret: '' };
  const { headers } = await api.signIn(owner);
  await api.request('DELETE', '/api/v1/session', headers);
  const secret = 'my-password-in-the-wrong-field';
  await api.request('POST', '/api/v1/session', {}, { email: secret, password: PASSWORD, totp: '000000' });
  await api.request('POST', '/api/v1/session', {}, { email: owner.email, password: secret, totp: '000000' });
  const { entries } = await log('?kind=sign-in&limit=10');
  expect(entries.map(({ action, outcome }) => [action, outcome]).slice(0, 4)).toEqual([
    ['session.create', 'credentials_wrong'],
    ['session.create', 'invalid_input'],
    ['session.delete', 'ok'],
    ['session.create', 'ok'],
  ]);
  expect(entries[0]?.targets).toMatchObject([{ kind: 'account', id: owner.id }]);
  expect(entries[1]?.targets).toEqual([]);
  expect(entries[3]).toMatchObject({ actor: { id: owner.id } });
  const rows = await api.database.db.selectFrom('activity_entries').selectAll().execute();
  expect(JSON.stringify(rows)).not.toContain(secret);
});

it('records a read of personal data once an hour', async () => {
  for (const _ of [1, 2]) await api.request('GET', `/api/v1/ledger/openings?subject=${theirs}`, who.auditor);
  const { entries } = await log('?action=ledger.openings');
  expect(entries).toHaveLength(1);
  expect(entries[0]).toMatchObject({ kind: 'read', targets: [{ kind: 'device', id: theirs, name: 'Ben' }] });
});

it('shows a limited role only changes and events of its devices, without addresses', async () => {
  await api.request('POST', `/api/v1/devices/${mine}/commands`, who.owner, { command: { kind: 'lock-workspace' } });
  const all = await log('?limit=200', 'scoped');
  expect(all.limited).toBe(true);
  expect(all.entries.length).toBeGreaterThan(0);
  for (const entry of all.entries) {
    expect(['change', 'event']).toContain(entry.kind);
    expect(entry).toMatchObject({ address: null, agent: null, credential: null });
    expect(entry.targets.map(({ id }) => id)).toContain(mine);
    expect(entry.targets.map(({ id }) => id)).not.toContain(theirs);
  }
  expect((await log(`?device=${theirs}`, 'scoped')).entries).toEqual([]);
  expect((await api.request('GET', '/api/v1/activity', who.nobody)).status).toBe(403);
  expect((await api.request('GET', '/api/v1/activity/export?format=sealed', who.scoped)).status).toBe(403);
});

it('exports CSV and JSON lines with the same filters, and records the export', async () => {
  const csv = await api.request('GET', '/api/v1/activity/export?format=csv&action=groups', who.auditor);
  expect(csv.text.split('\r\n')[0]).toContain('id,at,until,count,kind,actor');
  expect(csv.text).toContain('groups.create');
  expect(csv.text).not.toContain('devices.revoke');
  const json = await api.request('GET', '/api/v1/activity/export?action=groups', who.auditor);
  expect(
    json.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).action),
  ).toContain('groups.create');
  expect(await newest('?action=activity.export')).toMatchObject({ actor: { id: accounts.auditor?.id }, outcome: 'ok' });
  const filtered = await api.request('GET', '/api/v1/activity/export?format=sealed&action=groups', who.auditor);
  expect(filtered.json.code).toBe('invalid_input');
});

it('pages with a cursor', async () => {
  const first = await log('?limit=3');
  expect(first.entries).toHaveLength(3);
  const second = await log(`?limit=3&cursor=${first.next}`);
  const ids = [...first.entries, ...second.entries].map(({ id }) => id);
  expect(ids).toEqual(ids.toSorted((a, b) => b - a));
  expect(new Set(ids).size).toBe(6);
});
