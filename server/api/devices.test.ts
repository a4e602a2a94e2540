/** Devices over real HTTP as the console uses them: a list with positions, certificates, receipts, and a command to a selection. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Role } from '../../shared/api/roles.ts';
import type { Receipt } from '../../shared/order/documents.ts';
import { signerOf } from '../../shared/order/dsse.ts';
import { makeReceipt } from '../../shared/order/receipt.ts';
import { type DeviceId, type GroupId, newCommandId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addCertificate, addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { issuedTo } from '../../tests/support/issued-commands.ts';
import { ReceiptStore } from '../store/receipt-store.ts';

let api: ApiServer;
let mine: GroupId;
let ids: DeviceId[];
const who: Partial<Record<Role | 'scoped', Record<string, string>>> = {};

beforeAll(async () => {
  api = await startApi();
  mine = await addGroup(api.database, 'Mine');
  const theirs = await addGroup(api.database, 'Theirs');
  for (const role of ['owner', 'fleet', 'helpdesk', 'legal', 'auditor'] as const) {
    const account = await api.account(`${role}@example.org`, [{ role, group: null, area: null }]);
    who[role] = { authorization: `Bearer ${await api.token(account)}` };
  }
  const scoped = await api.account('mine@example.org', [{ role: 'fleet', group: mine, area: null }]);
  who.scoped = { authorization: `Bearer ${await api.token(scoped)}` };
  ids = [];
  for (let index = 0; index < 12; index += 1) {
    const group = index % 3 === 0 ? mine : theirs;
    ids.push(await addDevice(api.database, { group, user: `User ${String(index).padStart(2, '0')}` }));
  }
});
afterAll(() => api.close());

const get = (path: string, as: Role | 'scoped' = 'owner') => api.request('GET', `/api/v1${path}`, who[as]);
const usersOf = (json: { devices: { user: string }[] }) => json.devices.map(({ user }) => user);

describe('device list with positions', () => {
  it('returns any part of the list by position, and the total', async () => {
    const { json } = await get('/devices?offset=10&limit=5');
    expect([usersOf(json), json.total, json.cursor]).toEqual([['User 10', 'User 11'], 12, null]);
    const first = (await get('/devices?offset=0&limit=2&descending=true')).json;
    expect([usersOf(first), first.total]).toEqual([['User 11', 'User 10'], 12]);
    const scoped = (await get('/devices?offset=2&limit=2&text=user', 'scoped')).json;
    expect([usersOf(scoped), scoped.total]).toEqual([['User 06', 'User 09'], 4]);
    expect((await get('/devices?offset=100')).json).toMatchObject({ devices: [], total: 12, cursor: null });
  });

  it('accepts a cursor or a position, but not both', async () => {
    const { json } = await get('/devices?limit=1');
    expect((await get(`/devices?limit=1&offset=1&cursor=${json.cursor}`)).json.code).toBe('invalid_input');
    expect((await get('/devices?offset=-1')).json.code).toBe('invalid_input');
  });

  it('filters by a disputed territory, which cannot be a home', async () => {
    expect((await get('/devices?area=XX-kashmir')).json.total).toBe(0);
    expect((await get('/devices?area=XX-nowhere')).json.code).toBe('unknown_area');
  });
});

describe('names of devices by id', () => {
  it('are returned only for devices in the role’s scope', async () => {
    const [own = '' as DeviceId, other = '' as DeviceId] = ids;
    const path = `/device-names?ids=${[own, other].join(',')}`;
    const [first, second] = [
      { user: 'User 00', hostname: null, displayName: null },
      { user: 'User 01', hostname: null, displayName: null },
    ];
    expect((await get(path)).json).toEqual({ devices: { [own]: first, [other]: second } });
    expect((await get(path, 'scoped')).json).toEqual({ devices: { [own]: first } });
    expect((await get('/device-names?ids=somebody')).json.code).toBe('invalid_input');
    expect((await get('/device-names')).json.code).toBe('invalid_input');
  });
});

describe('device lists of a health issue', () => {
  it('never reveal by location devices that the role may not locate', async () => {
    expect((await get('/devices?located=false', 'helpdesk')).status).toBe(403);
    expect((await get('/devices?located=false')).json.total).toBe(12);
    expect((await get('/devices?everConnected=false&status=active', 'helpdesk')).json.total).toBe(12);
  });
});

describe('documents of a device', () => {
  it('include its certificates, for every admin who sees the device', async () => {
    const [device = '' as DeviceId, other = '' as DeviceId] = ids;
    const fingerprint = await addCertificate(api.database, { device, notAfter: 2_000_000 });
    for (const role of ['owner', 'fleet', 'helpdesk', 'legal', 'auditor', 'scoped'] as const) {
      const { status, json } = await get(`/devices/${device}/certificates`, role);
      expect([role, status, json.certificates.length]).toEqual([role, 200, 1]);
      expect(json.certificates[0]).toEqual({
        serial: expect.any(String),
        fingerprint,
        profile: 'device',
        generation: 1,
        notBefore: 0,
        notAfter: 2_000_000,
        revokedAt: null,
        supersededAt: null,
      });
    }
    expect((await get(`/devices/${other}/certificates`, 'scoped')).json.code).toBe('out_of_scope');
  });

  it('include its verified receipts, for admins who may see evidence', async () => {
    const [device = '' as DeviceId, other = '' as DeviceId] = ids;
    const receipts = new ReceiptStore(api.database);
    const signer = signerOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
    const store = async (seq: number, kind: Receipt['kind'], rest: Partial<Receipt> = {}) => {
      const about = { installation: 'test', device, generation: 1, listVersion: 1, order: '2015-001', revision: 1 };
      const at = new Date(seq * 1000).toISOString();
      const receipt: Receipt = { ...about, kind, service: null, gate: null, at, ...rest };
      const envelope = makeReceipt(receipt, signer);
      const row = { device, generation: 1, seq, receipt, storedAt: 1, envelope };
      await receipts.storeReceipts({ receipts: [row], session: null });
    };
    await store(1, 'delivered');
    await store(2, 'enforced', { service: 'messaging', gate: 'closed' });
    await store(3, 'displayed');
    await receipts.mark(
      [1, 2].map((seq) => ({ device, generation: 1, seq })),
      'evidence',
    );
    for (const role of ['owner', 'fleet', 'legal', 'auditor', 'scoped'] as const) {
      const { status, json } = await get(`/devices/${device}/receipts`, role);
      const denial = { order: '2015-001', revision: 1 };
      expect([role, status, json.receipts]).toEqual([
        role,
        200,
        [
          { ...denial, kind: 'enforced', service: 'messaging', gate: 'closed', at: '1970-01-01T00:00:02.000Z' },
          { ...denial, kind: 'delivered', service: null, gate: null, at: '1970-01-01T00:00:01.000Z' },
        ],
      ]);
    }
    expect((await get(`/devices/${device}/receipts`, 'helpdesk')).json.code).toBe('forbidden');
    expect((await get(`/devices/${other}/receipts`, 'scoped')).json.code).toBe('out_of_scope');
  });
});

describe('workspace state', () => {
  it('is in the device list, on the device, and a filter of the list', async () => {
    const [device = '' as DeviceId] = ids;
    const report = { device_id: device, generation: 1, state: 'locked' as const, since: 7 };
    await api.database.db.insertInto('device_workspaces').values(report).execute();
    expect((await get(`/devices/${device}`)).json.workspace).toEqual({ state: 'locked', since: 7 });
    const { json } = await get('/devices?workspace=locked');
    expect([json.total, json.devices[0].id, json.devices[0].workspace.state]).toEqual([1, device, 'locked']);
    const open = (await get('/devices?workspace=open')).json;
    expect([open.total, open.devices[0].workspace]).toEqual([ids.length - 1, { state: 'open', since: null }]);
    expect((await get('/devices?workspace=closed')).json.code).toBe('invalid_input');
  });
});

describe('command to a selection of devices', () => {
  const command = { kind: 'lock-workspace' };
  const send = (body: object, as: Role | 'scoped' = 'owner') =>
    api.request('POST', '/api/v1/commands', who[as], { command, ...body });
  const queued = async () => (await issuedTo(api.database)).length;

  it('is sent to the listed devices, and to none if their number has changed', async () => {
    // The words match in any order, so "user 10" is found too.
    const { total } = (await get('/devices?limit=1&status=active&text=user%200')).json;
    expect(total).toBe(11);
    for (const wrong of [total - 1, total + 1]) {
      const { status, json } = await send({ filter: { text: 'user 0' }, expect: wrong });
      expect([status, json.code]).toEqual([409, 'conflict']);
      expect(json.detail).toContain(`selects ${total} devices, not ${wrong}`);
    }
    expect(await queued()).toBe(0);
    expect((await send({ filter: { text: 'user 0' }, expect: total })).json).toMatchObject({ queued: total });
  });

  it('counts devices in the caller’s scope', async () => {
    const { total } = (await get('/devices?limit=1&status=active', 'scoped')).json;
    expect((await send({ filter: {}, expect: 12 }, 'scoped')).json.code).toBe('conflict');
    expect((await send({ filter: {}, expect: total }, 'scoped')).json).toMatchObject({ queued: 4 });
  });

  it('counts each named device once', async () => {
    const [one, two] = ids;
    expect((await send({ devices: [one, two, one], expect: 3 })).json.code).toBe('conflict');
    expect((await send({ devices: [one, two, one], expect: 2 })).json).toMatchObject({ queued: 2 });
  });

  it('returns the first result for a repeated request, even if devices were added or removed since', async () => {
    const { total } = (await get('/devices?limit=1&status=active')).json;
    const body = { id: newCommandId(), filter: {}, expect: total };
    const issued = { id: body.id, queued: total, refused: [] };
    expect((await send(body)).json).toEqual(issued);
    const before = await queued();
    const joined = await addDevice(api.database, { group: mine });
    const { status, json } = await send(body);
    expect([status, json]).toEqual([201, issued]);
    // Another command or another admin cannot use the same request id.
    expect((await send({ ...body, command: { kind: 'unlock-workspace' } })).json.code).toBe('conflict');
    expect((await send(body, 'fleet')).json.code).toBe('conflict');
    expect(await queued()).toBe(before);
    await api.devices.revoke(joined);
  });

  it('omits devices whose enrollment has ended', async () => {
    const { total } = (await get('/devices?limit=1&status=active')).json;
    await api.devices.revoke(ids[5] ?? ('' as DeviceId));
    const { json } = await send({ filter: {}, expect: total });
    expect([json.code, json.context]).toEqual(['conflict', { expected: total, found: total - 1 }]);
  });
});
