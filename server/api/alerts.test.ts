/** Alerts over real HTTP: alerts of the installation and of devices, and their acknowledgment within a role's scope. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { alertList } from '../../shared/api/devices.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';

type Who = 'owner' | 'auditor' | 'scoped';
let api: ApiServer;
let mine: DeviceId;
let theirs: DeviceId;
const who: Partial<Record<Who, Record<string, string>>> = {};

beforeAll(async () => {
  api = await startApi();
  const group = await addGroup(api.database, 'Mine');
  const grants = {
    owner: [],
    auditor: [{ role: 'auditor' as const, group: null, area: null }],
    scoped: [{ role: 'helpdesk' as const, group, area: null }],
  };
  for (const name of ['owner', 'auditor', 'scoped'] as const) {
    const account = await api.account(`${name}@example.org`, grants[name]);
    who[name] = { authorization: `Bearer ${await api.token(account)}` };
  }
  mine = await addDevice(api.database, { group, user: 'Ada' });
  theirs = await addDevice(api.database, { group: await addGroup(api.database, 'Theirs'), user: 'Ben' });
  for (const device of [null, mine, theirs]) await api.devices.raiseAlert({ device, code: 'odd', detail: 'first' });
});
afterAll(() => api.close());

async function alerts(query = '', as: Who = 'owner') {
  const { json } = await api.request('GET', `/api/v1/alerts${query}`, who[as]);
  return alertList.parse(json).alerts;
}
const devicesOf = async (query: string, as: Who = 'owner') => (await alerts(query, as)).map(({ device }) => device);
const acknowledge = async (id: number | undefined, as: Who = 'owner') =>
  (await api.request('POST', `/api/v1/alerts/${id}/acknowledge`, who[as], {})).status;
const idOf = async (device: DeviceId | null) => (await alerts()).find((alert) => alert.device === device)?.id;
const health = async () => {
  const { json } = await api.request('GET', '/api/v1/overview', who.owner);
  return json.healthIssues.find(({ code }: { code: string }) => code === 'alerts')?.count ?? 0;
};

it('lists alerts of the installation, of devices, or both, and limits a role to its own devices', async () => {
  expect(await devicesOf('?about=installation')).toEqual([null]);
  expect(await devicesOf('?about=devices')).toEqual([theirs, mine]);
  expect(await devicesOf('')).toEqual([theirs, mine, null]);
  expect(await devicesOf('', 'scoped')).toEqual([mine]);
  expect(await devicesOf('?about=installation', 'scoped')).toEqual([]);
});

it('lets a role acknowledge alerts in its scope, and reopens a repeated alert', async () => {
  const [own, installation, other] = [await idOf(mine), await idOf(null), await idOf(theirs)];
  expect(await acknowledge(own, 'auditor')).toBe(403);
  expect(await acknowledge(installation, 'scoped')).toBe(404);
  expect(await acknowledge(other, 'scoped')).toBe(404);
  expect((await alerts()).map(({ acknowledged }) => acknowledged)).toEqual([null, null, null]);
  expect(await health()).toBe(3);

  expect(await acknowledge(own, 'scoped')).toBe(200);
  expect(await acknowledge(installation)).toBe(200);
  expect(await health()).toBe(1);
  expect(await devicesOf('?acknowledged=false')).toEqual([theirs]);
  const [first] = await alerts('?about=installation');
  expect(first?.acknowledged?.by).toBe('owner@example.org');
  // The acknowledgment of a second admin changes nothing.
  expect(await acknowledge(own)).toBe(200);
  expect((await alerts()).find(({ id }) => id === own)?.acknowledged?.by).toBe('scoped@example.org');

  await api.devices.raiseAlert({ device: null, code: 'odd', detail: 'second' });
  const [again] = await alerts('?about=installation&acknowledged=false');
  expect(again).toMatchObject({ count: 2, detail: 'second', acknowledged: null });
  expect(await health()).toBe(2);
  // The old id of the repeated alert is now unknown.
  expect(await acknowledge(installation)).toBe(404);
});
