/** Start and end of lost mode on many devices, over real HTTP. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { MOST_LOST_TOGETHER } from '../../shared/api/device-actions.ts';
import { ROLES, type Role } from '../../shared/api/roles.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { STEP_UP_WITHIN } from '../admins/action-policy.ts';

const TEXTS = { reason: 'The van was stolen', contact: 'Call +46 8 123 456 78' };

let api: ApiServer;
let group: GroupId;
let devices: DeviceId[];
let people = 0;
type Headers = Record<string, string>;

async function admin(role: Role, scope: GroupId | null = null) {
  people += 1;
  const who = await api.account(`${role}-${people}@example.org`, [{ role, group: scope, area: null }]);
  const { headers } = await api.signIn(who);
  return { headers: headers as Headers, secret: who.secret };
}
const post = (path: string, headers: Headers, body: object) => api.request('POST', `/api/v1${path}`, headers, body);
const start = (headers: Headers, body: object) =>
  post('/device-actions/start-lost-mode', headers, { ...TEXTS, ...body });
const end = (headers: Headers, body: object) => post('/device-actions/end-lost-mode', headers, body);
const stateOf = async (device: DeviceId | undefined, headers: Headers) =>
  (await api.request('GET', `/api/v1/devices/${device}/lost-mode`, headers)).json.lostMode;

beforeAll(async () => {
  api = await startApi();
  await admin('owner');
});
afterAll(() => api.close());
beforeEach(async () => {
  group = await addGroup(api.database, `Group ${people}`);
  devices = [];
  for (let index = 0; index < 4; index += 1) devices.push(await addDevice(api.database, { group, user: `U${index}` }));
});

it('starts and ends lost mode on the confirmed devices, with one entry of the activity log', async () => {
  const { headers } = await admin('fleet', group);
  const [first, second, third, ended] = devices;
  await post(`/devices/${ended}/revoke`, headers, {});
  await post(`/devices/${first}/lost-mode`, headers, { ...TEXTS, days: 1 });
  const preview = await post('/device-actions/preview', headers, { filter: { group }, action: 'start-lost-mode' });
  expect(preview.json).toMatchObject({ selected: 4, affected: 2 });
  const wrong = await start(headers, { filter: { group }, expect: 4 });
  expect([wrong.json.code, wrong.json.context.devices]).toEqual(['conflict', 2]);
  expect(await stateOf(second, headers)).toBeNull();
  const { json } = await start(headers, { filter: { group }, expect: 2 });
  const reasons = json.refused.map(({ reason, sample }: { reason: string; sample: DeviceId[] }) => [reason, sample]);
  expect([json.changed, Object.fromEntries(reasons)]).toEqual([
    2,
    { 'already-lost': [first], 'not-enrolled': [ended] },
  ]);
  const [two, three] = [await stateOf(second, headers), await stateOf(third, headers)];
  expect(two).toMatchObject({ ...TEXTS, endedAt: null, until: two.startedAt + 7 * 86_400_000 });
  expect(three.id).not.toBe(two.id);
  const log = (await api.request('GET', `/api/v1/activity?device=${second}`, headers)).json;
  expect(log.entries[0]).toMatchObject({ action: 'lost-mode.start-many', outcome: 'ok' });
  const targets = log.entries[0].targets.map(({ id }: { id: string }) => id);
  expect(targets).toEqual(expect.arrayContaining([second, third]));
  expect(JSON.stringify(log)).not.toContain(TEXTS.reason);

  const done = await end(headers, { devices: [first, second], expect: 2 });
  expect(done.json).toEqual({ changed: 2, refused: [] });
  expect(await stateOf(second, headers)).toMatchObject({ endedBy: 'admin', positions: { count: 0 } });
  expect(await stateOf(third, headers)).toMatchObject({ endedAt: null });
  const left = await post('/device-actions/preview', headers, { devices, action: 'end-lost-mode' });
  expect(left.json.affected).toBe(1);
});

it('needs the right, the scope, the count and a new sign-in', async () => {
  const [{ headers: desk }, { headers: fleet, secret }] = [await admin('helpdesk', group), await admin('fleet', group)];
  const { headers: other } = await admin('fleet', await addGroup(api.database, 'Other'));
  const { headers: auditor } = await admin('auditor');
  const body = { devices, expect: 4 };
  expect((await start(desk, body)).json.code).toBe('forbidden');
  expect((await start(other, body)).json.code).toBe('out_of_scope');
  const wrongs = [
    { devices },
    { ...body, filter: {} },
    { ...body, contact: ' ' },
    { ...body, expect: MOST_LOST_TOGETHER + 1 },
  ];
  for (const wrong of wrongs) expect((await start(fleet, wrong)).json.code).toBe('invalid_input');
  const some = devices.slice(0, 3);
  expect((await start(fleet, { devices: some, expect: 3 })).json.changed).toBe(3);
  expect((await end(auditor, { devices: some, expect: 3 })).json.code).toBe('forbidden');
  expect((await end(other, { devices: some, expect: 3 })).json.code).toBe('out_of_scope');
  expect((await end(desk, { devices: some })).json.code).toBe('invalid_input');
  for (let period = 0; period < Math.ceil(STEP_UP_WITHIN / 30_000); period += 1) api.code(secret);
  expect((await start(fleet, { devices, expect: 1 })).json.code).toBe('step_up_required');
  expect((await end(fleet, { devices, expect: 3 })).json.code).toBe('step_up_required');
  await post('/session/step-up', fleet, { totp: api.code(secret) });
  expect((await start(fleet, { devices, expect: 1 })).json.changed).toBe(1);
  expect((await end(fleet, { filter: { group }, expect: 4 })).json.changed).toBe(4);
});

it('shows positions to owners and fleet admins of the scope only, and to nobody after the end', async () => {
  const [{ headers: fleet }, { headers: other }] = [
    await admin('fleet', group),
    await admin('fleet', await addGroup(api.database, 'Elsewhere')),
  ];
  const [device] = devices;
  if (device === undefined) throw new Error('the group has no device');
  const { json } = await post(`/devices/${device}/lost-mode`, fleet, { ...TEXTS, days: 1 });
  const position = { latitude: 33.684212345, longitude: 73.047912345, accuracy: 12 };
  await api.lostMode.report(device, 1, { mode: json.lostMode.id, position });
  const locate = (headers: Headers) => post(`/devices/${device}/lost-mode/locate`, headers, {});
  const roles = ROLES.filter((role) => role !== 'owner' && role !== 'fleet');
  expect(roles.length).toBeGreaterThan(2);
  for (const role of roles) {
    const { headers } = await admin(role);
    const answer = await locate(headers);
    expect([role, answer.json.code]).toEqual([role, 'forbidden']);
    const state = await api.request('GET', `/api/v1/devices/${device}/lost-mode`, headers);
    expect(state.text + answer.text).not.toMatch(/33\.68|73\.04/);
  }
  expect((await locate(other)).json.code).toMatch(/^(out_of_scope|not_found)$/);
  expect((await locate({})).status).toBe(401);
  expect((await locate(fleet)).json.positions).toMatchObject([position]);
  expect((await locate((await admin('owner')).headers)).json.positions).toHaveLength(1);
  await end(fleet, { devices: [device], expect: 1 });
  expect((await locate(fleet)).json.code).toBe('conflict');
});
