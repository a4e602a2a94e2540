/** Activation codes over real HTTP: the changes that a second enrollment may make to a device, and the right that they need. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseScopeArea } from '../../shared/areas/area-code.ts';
import { parseActivationLink } from '../../shared/protocol/activation-link.ts';
import { type DeviceId, type GroupId, newDeviceId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addCodeRows } from '../../tests/support/code-rows.ts';
import { csrFor, testAuthority, testEnrollment } from '../../tests/support/enrollment.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { addPerson, personCalled } from '../../tests/support/persons.ts';
import type { Grant } from '../admins/roles.ts';

const { authority, remove } = testAuthority();
let api: ApiServer;
let group: GroupId;
let device: DeviceId;
type Who = Record<string, string>;
let [owner, helpdesk, both]: Who[] = [];

beforeAll(async () => {
  api = await startApi({ authority });
  group = await addGroup(api.database, 'Karachi', 'PK');
  device = await addDevice(api.database, { group, user: 'Alia', home: 'FR' });
  const holder = async (name: string, grants: readonly Grant[]): Promise<Who> => {
    const account = await api.account(`${name}@example.org`, grants);
    return { authorization: `Bearer ${await api.token(account)}` };
  };
  owner = await holder('owner', []);
  helpdesk = await holder('desk', [{ role: 'helpdesk', group: null, area: null }]);
  both = await holder('both', [
    { role: 'helpdesk', group: null, area: null },
    { role: 'fleet', group: null, area: parseScopeArea('FR') },
  ]);
});
afterAll(async () => {
  await api.close();
  remove();
});

const make = (who: Who | undefined, more: object = {}) =>
  api.request('POST', '/api/v1/codes', who, {
    person: personCalled('Alia'),
    group,
    device,
    ...more,
  });
const shown = async () => (await api.request('GET', `/api/v1/devices/${device}`, owner)).json;

it('keeps the present home if a second enrollment states none', async () => {
  const { json } = await make(owner);
  const patched = await api.request('PATCH', `/api/v1/devices/${device}`, owner, { home: 'FR-IDF' });
  expect(patched.status).toBe(200);
  const code = parseActivationLink(json.link).code;
  const { enrollment } = testEnrollment(api.database, authority);
  await enrollment.redeem({ ...code, csr: csrFor(code.id), address: null });
  expect(await shown()).toMatchObject({ generation: 2, user: 'Alia', group: { id: group }, own: { home: 'FR-IDF' } });
});

it('case 50: another person, home or seat needs the right to change devices', async () => {
  const person = await api.database.transaction((tx) => addPerson(tx, 'Bilal', group));
  for (const more of [{ home: 'DE' }, { seat: 'DE' }, { person }]) {
    const { status, json } = await make(helpdesk, more);
    expect([more, status, json.code]).toEqual([more, 403, 'forbidden']);
  }
  expect((await make(both, { person })).status).toBe(201);
  expect((await make(both, { home: 'FR' })).status).toBe(201);
  expect((await make(both, { home: 'DE' })).json.code).toBe('out_of_scope');
  const elsewhere = await addDevice(api.database, { group, user: 'Alia' });
  expect((await make(both, { device: elsewhere, home: 'FR' })).json.code).toBe('out_of_scope');
  expect((await make(owner, { person, home: 'DE', seat: 'DE' })).status).toBe(201);
});

it('shows a device’s code to every admin whose scope has the device', async () => {
  const lyon = await addGroup(api.database, 'Lyon', 'FR');
  const theirs = await addDevice(api.database, { group: lyon, user: 'Chloé' });
  const code = { person: personCalled('Chloé'), group: lyon, device: theirs };
  const french = await api.account('french@example.org', [{ role: 'fleet', group: null, area: parseScopeArea('FR') }]);
  const fleet = { authorization: `Bearer ${await api.token(french)}` };
  // The device has its home in France, but its person belongs to a group outside the admin's scope.
  expect((await make(fleet)).json.code).toBe('out_of_scope');
  expect((await make(fleet, code)).status).toBe(201);
  const { json } = await api.request('GET', '/api/v1/codes', fleet);
  expect(json.codes.map(({ id }: { id: string }) => id)).toEqual([theirs]);
  expect((await api.request('DELETE', `/api/v1/codes/${theirs}`, fleet)).status).toBe(200);
});

it('lists 200 used codes in pages, and the open code first', async () => {
  const peshawar = await addGroup(api.database, 'Peshawar', 'PK');
  const person = await api.database.transaction((tx) => addPerson(tx, 'Dara', peshawar));
  const desk = await api.account('peshawar@example.org', [{ role: 'helpdesk', group: peshawar, area: null }]);
  const reader = { authorization: `Bearer ${await api.token(desk)}` };
  const now = Date.now();
  const used = Array.from({ length: 200 }, (_, age) => ({
    id: newDeviceId(),
    person,
    group: peshawar,
    createdAt: now - age * 1000,
    expiresAt: now,
    usedAt: now,
  }));
  const open = { id: newDeviceId(), person, group: peshawar, createdAt: now - 1_000_000, expiresAt: now + 3_600_000 };
  await addCodeRows(api.database, [...used, open]);
  const list = async (query: string) => (await api.request('GET', `/api/v1/codes${query}`, reader)).json;

  const first = await list('');
  expect(first.codes).toHaveLength(50);
  expect(first.codes[0]).toMatchObject({ id: open.id, state: 'open' });
  const rest = await list(`?limit=200&cursor=${encodeURIComponent(first.cursor)}`);
  expect(rest.cursor).toBeNull();
  const ids = [...first.codes, ...rest.codes].map(({ id }: { id: string }) => id);
  expect(ids).toEqual([open, ...used].map(({ id }) => id));
  expect((await list('?state=used&limit=200')).codes).toHaveLength(200);
  expect((await list('?state=expired')).codes).toEqual([]);
  expect((await list('?state=lost')).code).toBe('invalid_input');
  expect((await list('?limit=201')).code).toBe('invalid_input');
  expect((await list('?cursor=1')).code).toBe('invalid_input');
});
