/** The reset of a passcode over real HTTP: only for a device that has one, for one device at a time, and after a new sign-in. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { STEP_UP_WITHIN } from '../admins/action-policy.ts';

const command = { kind: 'unlock-workspace', resetPasscode: true };

let api: ApiServer;
let headers: Record<string, string>;
let secret: string;
let device: DeviceId;
let other: DeviceId;
beforeAll(async () => {
  api = await startApi();
  await api.account('owner@example.org', [{ role: 'owner', group: null, area: null }]);
  const who = await api.account('desk@example.org', [{ role: 'helpdesk', group: null, area: null }]);
  secret = who.secret;
  ({ headers } = await api.signIn(who));
  const group = await addGroup(api.database, 'Travelers');
  [device, other] = [await addDevice(api.database, { group }), await addDevice(api.database, { group })];
  const set = { device_id: device, generation: 1 };
  await api.database.db
    .insertInto('device_workspaces')
    .values({ ...set, state: 'open', since: 1 })
    .execute();
  await api.database.db
    .insertInto('device_passcodes')
    .values({ ...set, state: 'set' })
    .execute();
});
afterAll(() => api.close());

const post = (path: string, body: object) => api.request('POST', `/api/v1${path}`, headers, body);

it('issues the command to a device with a passcode, and shows the passcode of the device', async () => {
  const sent = await post(`/devices/${device}/commands`, { command });
  expect([sent.status, sent.json.command]).toEqual([201, command]);
  const shown = await Promise.all([device, other].map((id) => api.request('GET', `/api/v1/devices/${id}`, headers)));
  expect(shown.map(({ json }) => json.passcode)).toEqual(['set', 'none']);
});

it('refuses a device without a passcode, and a job', async () => {
  expect(await post(`/devices/${other}/commands`, { command })).toMatchObject({ status: 409 });
  expect(await post('/commands', { command, devices: [device] })).toMatchObject({ status: 400 });
  const wrong = { kind: 'unlock-workspace', resetPasscode: false };
  expect(await post(`/devices/${device}/commands`, { command: wrong })).toMatchObject({ status: 400 });
});

it('needs a new sign-in, unlike an unlock', async () => {
  for (let period = 0; period < Math.ceil(STEP_UP_WITHIN / 30_000); period += 1) api.code(secret);
  expect((await post(`/devices/${device}/commands`, { command })).json.code).toBe('step_up_required');
  const unlock = { kind: 'unlock-workspace' };
  expect((await post(`/devices/${device}/commands`, { command: unlock })).status).toBe(201);
});
