/** Changes of many devices over real HTTP: placement, members of static groups, and legal holds. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { revisionView } from '../../shared/api/orders.ts';
import type { Role } from '../../shared/api/roles.ts';
import { approveRevision } from '../../shared/order/approver-key.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addGroup } from '../../tests/support/fleet-rows.ts';
import { addLocatedFleet } from '../../tests/support/located-fleet.ts';
import { adoptApproverSet, firstOwner, inviteApprover } from '../../tests/support/people.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
let api: ApiServer;
let group: GroupId;
let devices: DeviceId[];
let people = 0;
type Headers = Record<string, string>;

async function admin(role: Role, scope: GroupId | null = null): Promise<Headers> {
  people += 1;
  const who = await api.account(`${role}-${people}@example.org`, [{ role, group: scope, area: null }]);
  return (await api.signIn(who)).headers;
}
const post = (path: string, headers: Headers, body: object = {}) =>
  api.request('POST', `/api/v1${path}`, headers, body);
const show = async (device: DeviceId | undefined, headers: Headers) =>
  (await api.request('GET', `/api/v1/devices/${device}`, headers)).json;

beforeAll(async () => {
  api = await startApi();
  const owner = await firstOwner(api.url, (await api.admins.firstOwnerInvitation()) ?? '');
  const approvers = [await inviteApprover(api.url, owner, 'Ada'), await inviteApprover(api.url, owner, 'Ben')];
  await adoptApproverSet(owner, approvers);
  const { order, revision, payload } = await owner.api.call('POST', '/orders', revisionView, {
    title: 'Kenya',
    areas: ['KE'],
    services: ['messaging'],
    nexus: ['home'],
    zone: 'Africa/Nairobi',
    unknown: 'allow',
    contested: 'allow',
    travelers: 'allow',
    authority: 'Regulator',
    addressee: 'operators',
    instrument: 'directive',
    statement: { en: 'Service ends.' },
    effective: new Date(Date.now() + 2 * HOUR).toISOString(),
  });
  for (const { api: caller, key } of approvers) {
    const signature = approveRevision(key, payload);
    await caller.raw('POST', `/orders/${order}/revisions/${revision}/approvals`, { keyid: key.keyid, signature });
  }
});
afterAll(() => api.close());
beforeEach(async () => {
  group = await addGroup(api.database, `Group ${Math.random()}`);
  const seenIn = (area: string) => [
    { source: 'address', areas: [area], at: Date.now() - HOUR, connected: true } as const,
  ];
  devices = await addLocatedFleet(api.database, group, Date.now(), [
    { home: 'SE', seen: seenIn('SE') },
    { home: 'SE', seen: seenIn('SE') },
    { home: 'KE', seen: seenIn('KE') },
  ]);
});

describe('a change of placements', () => {
  it('shows its effect first, and changes only the devices that differ', async () => {
    const fleet = await admin('fleet', group);
    const change = { home: 'SE', seat: 'NO' };
    const preview = await post('/device-actions/preview', fleet, {
      devices: devices.slice(0, 2),
      action: 'place',
      change,
    });
    expect(preview.json).toMatchObject({ selected: 2, affected: 2, overrides: 0, refused: [] });
    const wrong = await post('/device-actions/place', fleet, { devices: devices.slice(0, 2), expect: 3, change });
    expect([wrong.status, wrong.json.code]).toEqual([409, 'conflict']);
    const placed = await post('/device-actions/place', fleet, { devices: devices.slice(0, 2), expect: 2, change });
    expect(placed.json).toEqual({ changed: 2, refused: [] });
    expect(await show(devices[1], fleet)).toMatchObject({ own: { home: 'SE', seat: 'NO' } });
    const again = await post('/device-actions/place', fleet, { devices: devices.slice(0, 2), change });
    expect(again.json).toMatchObject({ changed: 0, refused: [{ reason: 'placement-unchanged', count: 2 }] });
    const elsewhere = await addGroup(api.database, `Elsewhere ${Math.random()}`);
    const other = { devices, action: 'place', change: { group: elsewhere } };
    expect((await post('/device-actions/preview', await admin('fleet'), other)).json).toMatchObject({
      affected: 0,
      refused: [{ reason: 'person-not-in-group', count: 3 }],
    });
    const desk = await admin('helpdesk', group);
    expect((await post('/device-actions/place', desk, { devices, change })).json.code).toBe('forbidden');
    const asked = { devices, action: 'place', change };
    expect((await post('/device-actions/preview', desk, asked)).json.code).toBe('forbidden');
    expect((await post('/device-actions/preview', fleet, { devices, action: 'place' })).json.code).toBe(
      'invalid_input',
    );
  });

  it('needs a second person if it alters the effect of an order on one of the devices', async () => {
    const [proposer, confirmer] = [await admin('fleet'), await admin('fleet')];
    const change = { home: 'DE' };
    const preview = await post('/device-actions/preview', proposer, { filter: { group }, action: 'place', change });
    expect(preview.json).toMatchObject({ affected: 3, overrides: 1 });
    const { json } = await post('/device-actions/place', proposer, { filter: { group }, expect: 3, change });
    expect([json.code, json.context.devices]).toEqual(['second_person_required', 3]);
    expect((await show(devices[0], proposer)).own.home).toBe('SE');
    const id = json.context.action;
    const { hash } = (await api.request('GET', `/api/v1/actions/${id}`, confirmer)).json;
    expect((await post(`/actions/${id}/confirm`, confirmer, { hash })).status).toBe(200);
    for (const device of devices) expect((await show(device, proposer)).own.home).toBe('DE');
    const entries = await api.database.db
      .selectFrom('ledger_entries')
      .select('body')
      .where('kind', '=', 'location.stated')
      .execute();
    // The ledger has one entry, for the device on which the order's effect changed.
    expect(entries.map(({ body }) => JSON.parse(body).public.people)).toEqual([2]);
  });

  it('limits a statement that alters the effect of an order to 7 days', async () => {
    const fleet = await admin('fleet');
    const statement = { kind: 'home', areas: ['DE'], reason: 'moved' };
    const long = { devices, change: { statement: { ...statement, until: Date.now() + 8 * DAY } } };
    const refused = await post('/device-actions/place', fleet, long);
    expect([refused.json.code, refused.json.detail]).toEqual([
      'statement_too_long',
      expect.stringContaining('on this device'),
    ]);
    const elsewhere = { devices: devices.slice(0, 2), change: long.change };
    expect((await post('/device-actions/place', fleet, elsewhere)).json).toEqual({ changed: 2, refused: [] });
    expect((await show(devices[0], fleet)).statement).toMatchObject({ kind: 'home', areas: ['DE'], reason: 'moved' });
  });
});

describe('a change of the members of a group', () => {
  it('adds and removes devices, and leaves out the others', async () => {
    const fleet = await admin('fleet');
    const extra = await addGroup(api.database, `Extra ${Math.random()}`);
    const add = await post('/device-actions/add-to-group', fleet, { devices: devices.slice(0, 2), group: extra });
    expect(add.json).toEqual({ changed: 2, refused: [] });
    const preview = await post('/device-actions/preview', fleet, { devices, action: 'add-to-group', group: extra });
    expect(preview.json).toMatchObject({ affected: 1, refused: [{ reason: 'already-member', count: 2 }] });
    expect((await api.request('GET', `/api/v1/devices?group=${extra}`, fleet)).json.total).toBe(2);
    const scoped = await admin('fleet', extra);
    const own = { devices: devices.slice(0, 1), group: extra };
    // The admin would lose the device with the group.
    expect((await post('/device-actions/remove-from-group', scoped, own)).json).toMatchObject({
      changed: 0,
      refused: [{ reason: 'leaves-scope', count: 1 }],
    });
    const removed = await post('/device-actions/remove-from-group', fleet, { filter: { group: extra }, group: extra });
    expect(removed.json.changed).toBe(2);
    const foreign = { devices: devices.slice(0, 1), group: await addGroup(api.database, `Far ${Math.random()}`) };
    const local = await admin('fleet', group);
    expect((await post('/device-actions/add-to-group', local, foreign)).json.code).toBe('out_of_scope');
  });
});

describe('a legal hold on many devices', () => {
  it('is placed on each of them by roles that may place holds', async () => {
    const legal = await admin('legal');
    const preview = await post('/device-actions/preview', legal, { devices, action: 'place-hold' });
    expect(preview.json).toMatchObject({ affected: 3 });
    const held = await post('/device-actions/place-hold', legal, {
      devices,
      expect: 3,
      reason: 'Case 12',
      reference: '12/2026',
    });
    expect(held.json).toEqual({ changed: 3, refused: [] });
    const holds = (await api.request('GET', `/api/v1/legal-holds?device=${devices[2]}`, legal)).json.holds;
    expect(holds).toMatchObject([{ reason: 'Case 12', reference: '12/2026', released: null }]);
    const fleet = await admin('fleet');
    expect((await post('/device-actions/place-hold', fleet, { devices, reason: 'x' })).json.code).toBe('forbidden');
    const asked = { devices, action: 'place-hold' };
    expect((await post('/device-actions/preview', fleet, asked)).json.code).toBe('forbidden');
    expect((await show(devices[0], fleet)).underLegalHold).toBe(true);
  });

  it('is placed only where an equal one is missing when the request is repeated', async () => {
    const legal = await admin('legal');
    const body = { devices, reason: 'Case 13' };
    await post('/device-actions/place-hold', legal, { ...body, devices: devices.slice(0, 2) });
    expect((await post('/device-actions/place-hold', legal, body)).json).toEqual({ changed: 1, refused: [] });
    expect((await post('/device-actions/place-hold', legal, { ...body, reference: '7' })).json.changed).toBe(3);
    const { holds } = (await api.request('GET', `/api/v1/legal-holds?device=${devices[0]}`, legal)).json;
    expect(holds.map(({ reference }: { reference: string | null }) => reference).sort()).toEqual(['7', null]);
  });
});

describe('a change of more than 1,000 devices', () => {
  it('runs in steps, and a repeated request changes only the devices that are left', async () => {
    const wide = await addGroup(api.database, `Wide ${Math.random()}`);
    const many = Array.from({ length: 1_200 }, (_, index) => ({ user: `W ${index % 7}` }));
    const ids = await addLocatedFleet(api.database, wide, Date.now(), many);
    const fleet = await admin('fleet');
    const change = { home: 'SE' };
    // An interruption after some steps leaves the devices of these steps changed.
    const { json: part } = await post('/device-actions/place', fleet, { devices: ids.slice(0, 500), change });
    expect(part.changed).toBe(500);
    const place = { filter: { group: wide }, change };
    const { json: preview } = await post('/device-actions/preview', fleet, { ...place, action: 'place' });
    expect([preview.affected, preview.refused[0].count]).toEqual([700, 500]);
    expect((await post('/device-actions/place', fleet, { ...place, expect: 700 })).json.changed).toBe(700);
    const moved = await post('/device-actions/place', fleet, { ...place, change: { home: 'NO' }, expect: 1_200 });
    expect(moved.json.changed).toBe(1_200);
    expect((await api.request('GET', '/api/v1/device-actions/running', fleet)).json.changes).toEqual([]);
    expect((await show(ids[1_199], fleet)).own.home).toBe('NO');
  });
});
