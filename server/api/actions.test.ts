/** Destructive actions over real HTTP: the policy table, the step-up sign-in and the second person. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ACTION_NAMES } from '../../shared/api/action-names.ts';
import type { Role } from '../../shared/api/roles.ts';
import type { DeviceId, GroupId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { testAuthority } from '../../tests/support/enrollment.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { issuedTo } from '../../tests/support/issued-commands.ts';
import { personCalled } from '../../tests/support/persons.ts';
import { ACTIONS, ROUTE_ACTIONS, STEP_UP_WITHIN } from '../admins/action-policy.ts';
import { RIGHTS } from '../admins/rights.ts';

let api: ApiServer;
const custody = testAuthority();
let group: GroupId;
type Headers = Record<string, string>;
let people = 0;

async function admin(role: Role, scope: { group?: GroupId } = {}) {
  people += 1;
  const who = await api.account(`${role}-${people}@example.org`, [{ role, group: scope.group ?? null, area: null }]);
  return { ...who, headers: (await api.signIn(who)).headers as Headers };
}
const post = (path: string, headers: Headers, body: object = {}) =>
  api.request('POST', `/api/v1${path}`, headers, body);
const WIPE = { command: { kind: 'wipe-workspace' } };
const wiped = () => issuedTo(api.database, 'wipe-workspace');
const entries = async () =>
  (
    await api.database.db
      .selectFrom('ledger_entries')
      .select('kind')
      .where('kind', 'like', 'action.%')
      .orderBy('id')
      .execute()
  ).map(({ kind }) => kind);
async function fleet(size: number): Promise<DeviceId[]> {
  const devices: DeviceId[] = [];
  for (let index = 0; index < size; index += 1) devices.push(await addDevice(api.database, { group }));
  return devices;
}

beforeAll(async () => {
  api = await startApi({ authority: custody.authority });
  await admin('owner');
});
afterAll(async () => {
  await api.close();
  custody.remove();
});
beforeEach(async () => {
  group = await addGroup(api.database, `Group ${Math.random()}`);
  for (const table of ['commands', 'jobs', 'job_members', 'solo_actions', 'actions'] as const) {
    await api.database.db.deleteFrom(table).execute();
  }
  await api.database.db.updateTable('devices').set({ status: 'unenrolled' }).execute();
});

describe('table of action policies', () => {
  it('has an entry for every changing route, and no other entry', () => {
    const changing = api.routes.filter(({ method }) => method !== 'get').map(({ name }) => name);
    const known = Object.keys(ROUTE_ACTIONS).filter((name) => !name.startsWith('demo.'));
    expect(known.sort()).toEqual([...changing].sort());
  });

  it('has only actions that a route uses, and rights that exist', () => {
    const used = new Set(Object.values(ROUTE_ACTIONS).flat());
    expect(ACTION_NAMES.filter((action) => !used.has(action))).toEqual([]);
    for (const { right } of Object.values(ACTIONS)) expect(Object.keys(RIGHTS)).toContain(right);
  });
});

describe('an activation code for an enrolled device', () => {
  it('is refused to a help-desk account, which may not revoke', async () => {
    const desk = await admin('helpdesk');
    const device = await addDevice(api.database, { group, user: 'Zara' });
    const { status, json } = await post('/codes', desk.headers, { person: personCalled('Zara'), group, device });
    expect([status, json.code, json.context.right]).toEqual([403, 'forbidden', 'devices.revoke']);
    expect(await api.database.db.selectFrom('activation_codes').selectAll().where('id', '=', device).execute()).toEqual(
      [],
    );
  });
});

describe('one account cannot wipe all devices', () => {
  it('by one command to all devices', async () => {
    const devices = await fleet(8);
    const mallory = await admin('fleet');
    const { status, json } = await post('/commands', mallory.headers, { ...WIPE, filter: {}, expect: 8 });
    expect([status, json.code, json.context.devices]).toEqual([409, 'second_person_required', devices.length]);
    expect(await wiped()).toEqual([]);
  });

  it('by a loop over single devices, or by a mix of wipes, revocations and unenrollments', async () => {
    const devices = await fleet(8);
    const mallory = await admin('fleet');
    const codes: (string | number)[] = [];
    for (const [index, device] of devices.entries()) {
      const kind = index % 2 === 0 ? 'wipe-workspace' : 'unenroll';
      const { status, json } = await (index === 3
        ? post(`/devices/${device}/revoke`, mallory.headers)
        : post(`/devices/${device}/commands`, mallory.headers, { command: { kind } }));
      codes.push(status < 300 ? 'done' : json.code);
    }
    expect(codes).toEqual([...Array(5).fill('done'), ...Array(3).fill('second_person_required')]);
    expect(await wiped()).toHaveLength(3);
  });

  it('by many simultaneous requests', async () => {
    const devices = await fleet(12);
    const mallory = await admin('fleet');
    const results = await Promise.all(
      devices.map((device) => post(`/devices/${device}/commands`, mallory.headers, WIPE)),
    );
    expect(results.filter(({ status }) => status === 201)).toHaveLength(5);
    expect(await wiped()).toHaveLength(5);
    expect(new Set(results.map(({ json }) => json.code))).toEqual(new Set([undefined, 'second_person_required']));
  });

  it('by an API token, even a destructive one', async () => {
    const devices = await fleet(7);
    const mallory = await admin('fleet');
    const made = await post('/tokens', mallory.headers, { name: 'plain' });
    const plain = { authorization: `Bearer ${made.json.secret}` };
    expect((await post(`/devices/${devices[0]}/commands`, plain, WIPE)).json.code).toBe('step_up_required');
    const marked = await post('/tokens', mallory.headers, { name: 'marked', destructive: true });
    const token = { authorization: `Bearer ${marked.json.secret}` };
    const codes: number[] = [];
    for (const device of devices) codes.push((await post(`/devices/${device}/commands`, token, WIPE)).status);
    expect(codes).toEqual([201, 201, 201, 201, 201, 409, 409]);
  });

  it('but may repeat an action on the same device, and act again on another day', async () => {
    const devices = await fleet(6);
    const mallory = await admin('fleet');
    const wipe = async (device: DeviceId | undefined) =>
      (await post(`/devices/${device}/commands`, mallory.headers, WIPE)).status;
    for (const device of devices.slice(0, 5)) expect(await wipe(device)).toBe(201);
    expect([await wipe(devices[0]), await wipe(devices[5])]).toEqual([201, 409]);
    const dayAgo = Date.now() - 24 * 3_600_000;
    await api.database.db.updateTable('solo_actions').set({ at: dayAgo }).execute();
    expect(await wipe(devices[5])).toBe(201);
  });
});

describe('a pending action', () => {
  async function proposed() {
    const devices = await fleet(7);
    const proposer = await admin('fleet');
    const path = `/api/v1/devices?limit=1&status=active&group=${group}`;
    const { total } = (await api.request('GET', path, proposer.headers)).json;
    const { json } = await post('/commands', proposer.headers, { ...WIPE, filter: { group }, expect: total });
    const id = String(json.context.action);
    const view = (await api.request('GET', `/api/v1/actions/${id}`, proposer.headers)).json;
    return { devices, proposer, id, hash: String(view.hash), view };
  }

  it('shows its exact scope, and runs for exactly those devices after a second person confirms it', async () => {
    const before = (await entries()).length;
    const { devices, id, hash, view } = await proposed();
    expect(view).toMatchObject({ action: 'workspace.wipe', status: 'pending', devices: 7, mine: true });
    expect([...view.scope].sort()).toEqual([...devices].sort());
    // A device that enrolls after the proposal does not belong to the action.
    await addDevice(api.database, { group });
    const second = await admin('fleet');
    const { status, json } = await post(`/actions/${id}/confirm`, second.headers, { hash });
    expect([status, json.action.status, json.result.queued]).toEqual([200, 'performed', 7]);
    expect((await wiped()).sort()).toEqual([...devices].sort());
    expect((await entries()).slice(before)).toEqual(['action.proposed', 'action.confirmed']);
    const again = await post(`/actions/${id}/confirm`, second.headers, { hash });
    expect([again.status, again.json.code]).toEqual([409, 'conflict']);
    expect(await wiped()).toHaveLength(7);
  });

  it('cannot be confirmed by its proposer, a token, an account without the right, or with another hash', async () => {
    const { proposer, id, hash } = await proposed();
    const desk = await admin('helpdesk');
    const scoped = await admin('fleet', { group: await addGroup(api.database, 'Elsewhere') });
    const second = await admin('fleet');
    const token = { authorization: `Bearer ${await api.token(second)}` };
    for (const [who, given, code] of [
      [proposer.headers, hash, 'same_person'],
      [desk.headers, hash, 'forbidden'],
      [scoped.headers, hash, 'out_of_scope'],
      [token, hash, 'step_up_required'],
      [second.headers, hash.replace(/./, (digit) => (digit === '0' ? '1' : '0')), 'conflict'],
    ] as const) {
      expect((await post(`/actions/${id}/confirm`, who, { hash: given })).json.code).toBe(code);
    }
    expect(await wiped()).toEqual([]);
    const seen = async (headers: Headers) => (await api.request('GET', '/api/v1/actions', headers)).json.actions.length;
    expect([await seen(proposer.headers), await seen(second.headers), await seen(desk.headers)]).toEqual([1, 1, 0]);
  });

  it('is declined with a reason, or withdrawn, and then cannot be confirmed', async () => {
    const before = (await entries()).length;
    const { id, hash } = await proposed();
    const second = await admin('fleet');
    const declined = await post(`/actions/${id}/decline`, second.headers, { reason: 'Not our devices' });
    expect([declined.status, declined.json.status, declined.json.reason]).toEqual([200, 'declined', 'Not our devices']);
    expect((await post(`/actions/${id}/confirm`, second.headers, { hash })).json.code).toBe('conflict');
    expect((await entries()).slice(before)).toEqual(['action.proposed', 'action.declined']);
    expect(await wiped()).toEqual([]);
  });

  it('expires after 24 hours, or when the proposer’s account is disabled', async () => {
    const { id, hash } = await proposed();
    const second = await admin('fleet');
    await api.database.db.updateTable('actions').set({ expires_at: Date.now() }).execute();
    expect((await post(`/actions/${id}/confirm`, second.headers, { hash })).json).toMatchObject({
      code: 'conflict',
      context: { status: 'expired' },
    });
    const other = await proposed();
    await api.admins.setStatus(other.proposer.id, 'disabled');
    const refused = await post(`/actions/${other.id}/confirm`, second.headers, { hash: other.hash });
    expect([refused.json.code, await wiped()]).toEqual(['forbidden', []]);
    const view = await api.request('GET', `/api/v1/actions/${other.id}`, second.headers);
    expect(view.json.status).toBe('failed');
  });

  it('fails if the proposer’s role came from the identity provider, without a recent sign-in there', async () => {
    const { proposer, id, hash } = await proposed();
    const second = await admin('fleet');
    await api.database.db
      .updateTable('role_grants')
      .set({ source: 'provider' })
      .where('account_id', '=', proposer.id)
      .execute();
    const { json } = await post(`/actions/${id}/confirm`, second.headers, { hash });
    expect([json.code, await wiped()]).toEqual(['forbidden', []]);
  });

  it('is recorded once for repeated requests, and at most 20 are pending per person', async () => {
    const { proposer, id } = await proposed();
    const devices = await fleet(6);
    const body = { id: 'cmd_aaaaaaaaaaaaaaaa', ...WIPE, devices, expect: 6 };
    const first = await post('/commands', proposer.headers, body);
    const again = await post('/commands', proposer.headers, body);
    expect(again.json.context.action).toBe(first.json.context.action);
    expect(first.json.context.action).not.toBe(id);
    let code = '';
    for (let count = 0; count < 25 && code !== 'rate_limited'; count += 1) {
      ({ code } = (await post('/commands', proposer.headers, { ...WIPE, devices, expect: 6 })).json);
    }
    expect(code).toBe('rate_limited');
    expect(await api.database.db.selectFrom('actions').selectAll().execute()).toHaveLength(20);
  });
});

describe('step-up sign-in', () => {
  it('is required when the last code is ten minutes old, and a new code is enough', async () => {
    const [device] = await fleet(1);
    const who = await admin('fleet');
    const late = Math.ceil(STEP_UP_WITHIN / 30_000);
    for (let period = 0; period < late; period += 1) api.code(who.secret);
    const lock = { command: { kind: 'lock-workspace' } };
    expect((await post(`/devices/${device}/commands`, who.headers, lock)).status).toBe(201);
    const refused = await post(`/devices/${device}/commands`, who.headers, WIPE);
    expect([refused.status, refused.json.code]).toEqual([403, 'step_up_required']);
    const wrong = await post('/session/step-up', who.headers, { totp: '000000' });
    expect([wrong.status, wrong.json.code]).toEqual([401, 'credentials_wrong']);
    const totp = api.code(who.secret);
    expect((await post('/session/step-up', who.headers, { totp })).status).toBe(200);
    expect((await post('/session/step-up', who.headers, { totp })).json.code).toBe('totp_reused');
    expect((await post(`/devices/${device}/commands`, who.headers, WIPE)).status).toBe(201);
  });

  it('is required to shut down a device, to restart many devices, and to lock many workspaces', async () => {
    const devices = await fleet(2);
    const who = await admin('fleet');
    for (let period = 0; period < Math.ceil(STEP_UP_WITHIN / 30_000); period += 1) api.code(who.secret);
    const commands = [
      { kind: 'restart-device', minutes: 5 },
      { kind: 'shut-down-device', minutes: 5 },
      { kind: 'lock-workspace' },
    ] as const;
    for (const command of commands) {
      const many = await post('/commands', who.headers, { command, devices, expect: 2 });
      expect([command.kind, many.status, many.json.code]).toEqual([command.kind, 403, 'step_up_required']);
      expect(await issuedTo(api.database, command.kind)).toEqual([]);
      const one = await post(`/devices/${devices[0]}/commands`, who.headers, { command });
      expect([command.kind, one.status]).toEqual([command.kind, command.kind === 'shut-down-device' ? 403 : 201]);
    }
    await post('/session/step-up', who.headers, { totp: api.code(who.secret) });
    for (const command of commands) {
      expect((await post('/commands', who.headers, { command, devices, expect: 2 })).status).toBe(201);
      expect((await post(`/devices/${devices[0]}/commands`, who.headers, { command })).status).toBe(201);
    }
  });

  it('is required to resume a job whose command needs a further right, and so is this right', async () => {
    const devices = await fleet(2);
    const who = await admin('fleet');
    const desk = await admin('helpdesk');
    const wanted = { manager: 'apt', action: 'install', packages: [{ name: 'curl' }] };
    for (const command of [
      { kind: 'restart-device', minutes: 5 },
      { kind: 'change-software', change: crypto.randomUUID(), ...wanted },
    ]) {
      await post('/session/step-up', who.headers, { totp: api.code(who.secret) });
      const { json } = await post('/commands', who.headers, { command, devices, expect: 2 });
      expect((await post(`/jobs/${json.id}/pause`, desk.headers, {})).status).toBe(200);
      expect((await post(`/jobs/${json.id}/resume`, desk.headers, {})).json.code).toBe('forbidden');
      for (let period = 0; period < Math.ceil(STEP_UP_WITHIN / 30_000); period += 1) api.code(who.secret);
      expect((await post(`/jobs/${json.id}/resume`, who.headers, {})).json.code).toBe('step_up_required');
      await post('/session/step-up', who.headers, { totp: api.code(who.secret) });
      expect((await post(`/jobs/${json.id}/resume`, who.headers, {})).status).toBe(200);
    }
  });

  it('is required for each action whose policy says so, before the handler runs', async () => {
    const owner = await admin('owner');
    const token = { authorization: `Bearer ${(await post('/tokens', owner.headers, { name: 'plain' })).json.secret}` };
    const account = (await admin('legal')).id;
    for (const [method, path, body] of [
      ['PATCH', `/accounts/${account}`, { status: 'disabled' }],
      ['POST', `/accounts/${account}/invitation`, {}],
      ['POST', `/accounts/${account}/grants`, { role: 'owner' }],
      ['DELETE', `/accounts/${account}/grants`, { role: 'legal' }],
      ['POST', '/accounts', { email: 'new@example.org', name: 'New', grants: [{ role: 'owner' }] }],
      ['DELETE', `/groups/${group}`, undefined],
    ] as const) {
      const { status, json } = await api.request(method, `/api/v1${path}`, token, body);
      expect([method, path, status, json?.code]).toEqual([method, path, 403, 'step_up_required']);
    }
    expect((await api.admins.account(account)).status).toBe('active');
  });
});
