/** Policies over real HTTP: steps of an admin, and two people for a policy that can wipe. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';

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
  marked = { authorization: `Bearer ${await api.token(owner)}` };
  group = await addGroup(api.database, 'Paris');
  device = await addDevice(api.database, { group });
});
afterAll(() => api.close());

const request = (method: string, path: string, body?: unknown) => api.request(method, `/api/v1${path}`, marked, body);

describe('policies over HTTP', () => {
  it('refuse settings outside the catalog and forbidden values, and name the field', async () => {
    for (const settings of [{}, { 'disk.paint': 'red' }, { 'software.forbidden': ['--all'] }]) {
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
});
