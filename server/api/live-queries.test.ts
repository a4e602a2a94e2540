/** Live queries over real HTTP: rights, scopes and filters by location. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';

type Who = Record<string, string>;
let api: ApiServer;
let [office, project]: GroupId[] = [];
let [ann, bob]: DeviceId[] = [];
let owner: Who;
let holder: (name: string, grants: Parameters<ApiServer['account']>[1]) => Promise<Who>;

beforeAll(async () => {
  api = await startApi();
  office = await addGroup(api.database, 'Office', 'PK');
  project = await addGroup(api.database, 'Project');
  ann = await addDevice(api.database, { group: office, user: 'Ann' });
  bob = await addDevice(api.database, { group: project, user: 'Bob' });
  holder = async (name, grants) => {
    const account = await api.account(`${name}@example.org`, grants);
    return { authorization: `Bearer ${await api.token(account)}` };
  };
  owner = await holder('owner', []);
});
afterAll(() => api.close());

const query = { kind: 'open-ports' };
const ask = (who: Who, target: object) => api.request('POST', '/api/v1/queries', who, { query, ...target });
const devicesOf = async (who: Who, id: string) =>
  (await api.request('GET', `/api/v1/queries/${id}/answers`, who)).json.answers.map(
    ({ device }: { device: string }) => device,
  );

it('asks only devices in the scope of the role, by list and by filter', async () => {
  const helpdesk = await holder('helpdesk', [{ role: 'helpdesk', group: project ?? null, area: null }]);
  expect((await ask(helpdesk, { devices: [ann, bob] })).json.code).toBe('out_of_scope');
  const { status, json } = await ask(helpdesk, { filter: {} });
  expect([status, json.devices]).toEqual([201, 1]);
  expect(await devicesOf(helpdesk, json.id)).toEqual([bob]);
});

it('a role that may see locations elsewhere does not widen the devices that an account may ask', async () => {
  const both = await holder('both', [
    { role: 'helpdesk', group: project ?? null, area: null },
    { role: 'auditor', group: null, area: null },
  ]);
  const { status, json } = await ask(both, { filter: { located: false } });
  expect([status, json.devices]).toEqual([201, 1]);
  expect(await devicesOf(both, json.id)).toEqual([bob]);
  const helpdesk = await holder('no-locations', [{ role: 'helpdesk', group: null, area: null }]);
  expect((await ask(helpdesk, { filter: { located: false } })).json.code).toBe('forbidden');
});

it('an auditor asks nothing, and no other account reads the answers', async () => {
  const auditor = await holder('auditor', [{ role: 'auditor', group: null, area: null }]);
  expect((await ask(auditor, { devices: [ann] })).json.code).toBe('forbidden');
  const fleet = await holder('fleet', [{ role: 'fleet', group: null, area: null }]);
  const { id } = (await ask(fleet, { devices: [ann] })).json;
  for (const path of [`/queries/${id}`, `/queries/${id}/answers`, `/queries/${id}/answers.csv`]) {
    expect((await api.request('GET', `/api/v1${path}`, owner)).json.code).toBe('not_found');
  }
  expect((await api.request('DELETE', `/api/v1/queries/${id}`, owner)).json.code).toBe('not_found');
  expect((await api.request('GET', `/api/v1/queries/${id}`, fleet)).json.counts).toEqual({ waiting: 1 });
});
