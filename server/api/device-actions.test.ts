/** Actions on the records of one and many devices, over real HTTP. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { workspaceState } from '../../shared/api/devices.ts';
import type { Role } from '../../shared/api/roles.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';

let api: ApiServer;
let group: GroupId;
let devices: DeviceId[];
type Headers = Record<string, string>;
let people = 0;

async function admin(role: Role, scope: { group?: GroupId } = {}): Promise<Headers> {
  people += 1;
  const who = await api.account(`${role}-${people}@example.org`, [{ role, group: scope.group ?? null, area: null }]);
  return (await api.signIn(who)).headers;
}
const post = (path: string, headers: Headers, body: object = {}) =>
  api.request('POST', `/api/v1${path}`, headers, body);
const show = async (device: DeviceId | undefined, headers: Headers) =>
  (await api.request('GET', `/api/v1/devices/${device}`, headers)).json;

beforeAll(async () => {
  api = await startApi();
  await admin('owner');
});
afterAll(() => api.close());
beforeEach(async () => {
  group = await addGroup(api.database, `Group ${Math.random()}`);
  await api.database.db.deleteFrom('solo_actions').execute();
  devices = [];
  for (let index = 0; index < 7; index += 1) devices.push(await addDevice(api.database, { group, user: `U${index}` }));
});

describe('an action on the records of devices', () => {
  it('marks one device or many as missing, and explains each refused device', async () => {
    const desk = await admin('helpdesk', { group });
    const one = await post('/device-actions/mark-missing', desk, { devices: devices.slice(0, 1) });
    expect([one.status, one.json]).toEqual([200, { changed: 1, refused: [] }]);
    const many = await post('/device-actions/mark-missing', desk, { filter: { group }, expect: 6 });
    expect(many.json).toMatchObject({ changed: 6, refused: [{ reason: 'already-missing', count: 1 }] });
    expect(await show(devices[3], desk)).toMatchObject({ lifeCycle: 'missing', missingSince: expect.any(Number) });
    const revoked = devices[5];
    await post(`/devices/${revoked}/revoke`, await admin('fleet'));
    const preview = await post('/device-actions/preview', desk, { filter: { group }, action: 'mark-missing' });
    expect(preview.json.refused).toContainEqual(expect.objectContaining({ reason: 'not-enrolled', sample: [revoked] }));
    const found = await post('/device-actions/mark-found', desk, { devices: devices.slice(0, 3) });
    expect(found.json.changed).toBe(3);
    const [newest] = (await api.request('GET', `/api/v1/activity?device=${devices[6]}`, desk)).json.entries;
    expect(newest).toMatchObject({ action: 'devices.mark-missing', outcome: 'ok' });
  });

  it('changes labels in their normal form, and finds the devices by label', async () => {
    const fleet = await admin('fleet', { group });
    const body = { filter: { group }, add: ['  Loan   2026 ', 'Kiosk'], remove: [] };
    expect((await post('/device-actions/label', fleet, body)).json.changed).toBe(7);
    await post('/device-actions/label', fleet, { devices: devices.slice(0, 2), remove: ['KIOSK'] });
    const listed = await api.request('GET', '/api/v1/devices?label=Kiosk', fleet);
    expect([listed.json.total, listed.json.devices[0].labels]).toEqual([5, ['kiosk', 'loan 2026']]);
    for (const wrong of [{ add: [] }, { add: ['x'.repeat(41)] }, { add: ['a\u202eb'] }]) {
      const { json } = await post('/device-actions/label', fleet, { devices, ...wrong });
      expect(json.code).toBe('invalid_input');
    }
  });

  it('finds the devices that the list finds, also by network address', async () => {
    const [fleet, desk] = [await admin('fleet', { group }), await admin('helpdesk', { group })];
    const address = `192.0.2.${people}`;
    const [first, , third] = devices;
    for (const device of [first, third]) {
      if (device) await api.devices.connected({ device, generation: 1, address, agent: null });
    }
    const listed = await api.request('GET', `/api/v1/devices?text=${address}`, fleet);
    const body = { filter: { text: address }, action: 'mark-missing' };
    const preview = await post('/device-actions/preview', fleet, body);
    expect([listed.json.total, preview.json.affected]).toEqual([2, 2]);
    const message = { filter: { text: address }, command: { kind: 'message', text: 'Hello' }, expect: 2 };
    expect((await post('/commands', fleet, message)).json).toMatchObject({ queued: 2 });
    // The role helpdesk does not see locations, so its searches do not compare addresses.
    expect((await post('/device-actions/preview', desk, body)).json.affected).toBe(0);
    const marked = await post('/device-actions/mark-missing', fleet, { filter: { text: address }, expect: 2 });
    expect(marked.json.changed).toBe(2);
  });

  it('stays within the rights and the scope of the admin', async () => {
    const [desk, auditor] = [await admin('helpdesk'), await admin('auditor')];
    const other = await admin('fleet', { group: await addGroup(api.database, `Other ${Math.random()}`) });
    expect((await post('/device-actions/retire', desk, { devices, expect: 7 })).json.code).toBe('forbidden');
    expect((await post('/device-actions/label', desk, { devices, add: ['x'] })).json.code).toBe('forbidden');
    expect((await post('/device-actions/mark-missing', auditor, { devices })).json.code).toBe('forbidden');
    expect((await post('/device-actions/mark-missing', other, { devices })).json.code).toBe('out_of_scope');
    expect((await post('/device-actions/preview', other, { devices, action: 'retire' })).json.code).toBe(
      'out_of_scope',
    );
    const all = await post('/device-actions/mark-missing', other, { filter: {} });
    expect(all.json).toEqual({ changed: 0, refused: [] });
    const located = { filter: { area: 'SE' }, action: 'mark-missing' };
    expect((await post('/device-actions/preview', desk, located)).json.code).toBe('forbidden');
  });
});

describe('a filter by what a role may not see', () => {
  it('is refused, also if another role of the admin shows it for other devices', async () => {
    const other = await addGroup(api.database, `Other ${Math.random()}`);
    const withRoles = async (email: string, seeing: GroupId | null) => {
      const grants = [
        { role: 'helpdesk' as const, group, area: null },
        { role: 'auditor' as const, group: seeing, area: null },
      ];
      return (await api.signIn(await api.account(email, grants))).headers as Headers;
    };
    const located = { filter: { area: 'SE' }, action: 'mark-missing' };
    const elsewhere = await withRoles('elsewhere@example.org', other);
    expect((await post('/device-actions/preview', elsewhere, located)).json.code).toBe('forbidden');
    expect((await post('/device-actions/mark-missing', elsewhere, { filter: { area: 'SE' } })).json.code).toBe(
      'forbidden',
    );
    const everywhere = await withRoles('everywhere@example.org', null);
    expect((await post('/device-actions/preview', everywhere, located)).json).toMatchObject({ affected: 0 });
    const users = { filter: { where: [{ field: 'users.admins', op: 'known' }] }, action: 'mark-missing' };
    expect((await post('/device-actions/preview', everywhere, users)).json).toMatchObject({ affected: 0 });
  });
});

describe('an action that ends enrollments', () => {
  it('needs the confirmed number, and changes nothing if the number is no longer true', async () => {
    const fleet = await admin('fleet', { group });
    const [first, second] = devices;
    const selection = { devices: [first, second] };
    expect((await post('/device-actions/retire', fleet, selection)).json.code).toBe('invalid_input');
    const wrong = await post('/device-actions/retire', fleet, { ...selection, expect: 3 });
    expect([wrong.status, wrong.json.code, wrong.json.context.devices]).toEqual([409, 'conflict', 2]);
    expect(await show(first, fleet)).toMatchObject({ lifeCycle: 'active' });
    const right = await post('/device-actions/retire', fleet, { ...selection, expect: 2 });
    expect(right.json).toEqual({ changed: 2, refused: [] });
    const { retiredAt, deletedAfter } = await show(first, fleet);
    expect(deletedAfter - retiredAt).toBe(400 * 86_400_000);
    const revoked = { filter: { group }, expect: 5, reason: 'keyCompromise' };
    await api.database.db.deleteFrom('solo_actions').execute();
    expect((await post('/device-actions/revoke', fleet, revoked)).json).toMatchObject({
      changed: 5,
      refused: [{ reason: 'not-enrolled', count: 2 }],
    });
    expect((await show(devices[4], fleet)).lifeCycle).toBe('ended');
  });

  it('needs a second person beyond the limit, and then concerns exactly the confirmed devices', async () => {
    const [proposer, confirmer] = [await admin('fleet'), await admin('fleet')];
    const { json } = await post('/device-actions/retire', proposer, { filter: { group }, expect: 7 });
    expect([json.code, json.context.devices]).toEqual(['second_person_required', 7]);
    const joined = await addDevice(api.database, { group });
    const id = json.context.action;
    const view = (await api.request('GET', `/api/v1/actions/${id}`, confirmer)).json;
    expect(view).toMatchObject({ action: 'device.retire', devices: 7 });
    const { status } = await post(`/actions/${id}/confirm`, confirmer, { hash: view.hash });
    expect(status).toBe(200);
    for (const device of devices) expect((await show(device, proposer)).lifeCycle).toBe('retired');
    expect((await show(joined, proposer)).lifeCycle).toBe('active');
  });
});

describe('a preview', () => {
  it('counts affected devices and explains refused ones, also for commands', async () => {
    const owner = await admin('owner');
    const [held, ended] = devices;
    const hold = { device: held, reason: 'Case 12' };
    expect((await post('/legal-holds', owner, hold)).status).toBe(201);
    await post(`/devices/${ended}/revoke`, owner);
    for (const workspace of workspaceState.options) {
      const preview = await post('/device-actions/preview', owner, { filter: { workspace }, action: 'wipe-workspace' });
      expect(preview.status).toBe(200);
    }
    const wipe = await post('/device-actions/preview', owner, { devices, action: 'wipe-workspace' });
    expect(wipe.json).toMatchObject({ selected: 7, affected: 5 });
    expect(
      wipe.json.refused.map(({ reason, sample }: { reason: string; sample: string[] }) => [reason, sample]),
    ).toEqual(
      expect.arrayContaining([
        ['legal-hold', [held]],
        ['not-enrolled', [ended]],
      ]),
    );
    expect(wipe.json.names[held ?? '']).toEqual({ user: 'U0', hostname: null, displayName: null });
    const retire = await post('/device-actions/preview', owner, { filter: { group }, action: 'retire' });
    expect([retire.json.affected, retire.json.sample.length, retire.json.refused]).toEqual([7, 7, []]);
  });
});
