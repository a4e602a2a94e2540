/** Rights over real HTTP, generated from the table: every route with every role, and the limits of scopes. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryIdentity } from '../../shared/age/stream.ts';
import { ROLES } from '../../shared/api/roles.ts';
import { parseScopeArea } from '../../shared/areas/area-code.ts';
import { type DeviceId, type GroupId, newCommandId, newDeviceId } from '../../shared/protocol/ids.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { personCalled } from '../../tests/support/persons.ts';
import { RIGHTS } from '../admins/rights.ts';
import { requireAreas, rightsOf, scopeOf } from '../admins/roles.ts';
import { EXAMPLES } from './schema-names.ts';

let api: ApiServer;
const tokens = new Map<string, string>();
let device: DeviceId;

beforeAll(async () => {
  api = await startApi({ backupRecipient: (await temporaryIdentity()).recipient });
  for (const role of ROLES) {
    const who = await api.account(`${role}@example.org`, [{ role, group: null, area: null }]);
    tokens.set(role, await api.token(who));
  }
  const nobody = await api.account('nobody@example.org', []);
  tokens.set('none', await api.token(nobody));
  device = await addDevice(api.database, { group: await addGroup(api.database, 'Matrix') });
});
afterAll(() => api.close());

/** Valid ids, so that the response depends on the right and not on the form. `session.delete` changes nothing with a token. */
const pathOf = (path: string) =>
  path
    .replace('/devices/:id', `/devices/${device}`)
    .replace('/commands/:id', `/commands/${newCommandId()}`)
    .replace('/jobs/:id', `/jobs/${newCommandId()}`)
    .replace(':number', '2015-001')
    .replaceAll(/:(version|revision)/g, '1')
    .replaceAll(/:\w+/g, 'x');

describe('every route × every role', () => {
  it('accepts exactly the roles of the table', async () => {
    const wrong: string[] = [];
    let requests = 0;
    for (const { name, method, path } of api.routes) {
      if (name === 'backup.create' || name === 'backup.create-keys') continue; // has a test of its own, because the store is streamed
      const { scope, roles } = RIGHTS[name];
      for (const role of [...ROLES, 'none', null]) {
        const token = role === null ? {} : { authorization: `Bearer ${tokens.get(role)}` };
        const body =
          method === 'get' || name === 'ip-databases.import' || name === 'advisories.import' ? undefined : {};
        const { status, json } = await api.request(method.toUpperCase(), pathOf(path), token, body);
        requests++;
        const known: readonly string[] = roles;
        const allowed = scope === 'public' || (role !== null && (scope === 'self' || known.includes(role)));
        const refused = role === null ? status === 401 && json?.code === 'not_signed_in' : json?.code === 'forbidden';
        if (scope !== 'public' && allowed === refused) wrong.push(`${role} ${name}: ${status} ${json?.code}`);
        if (scope === 'public' && json?.code === 'forbidden') wrong.push(`${role} ${name}: ${status}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(requests).toBe((api.routes.length - 2) * (ROLES.length + 2));
  });

  it('case 48: refuses API tokens for actions that create another way in or lock out owners', async () => {
    const bearer = { authorization: `Bearer ${tokens.get('owner')}` };
    const [one] = await api.admins.accounts();
    const account = `/accounts/${one?.id}`;
    const ways: readonly [string, string, object?][] = [
      ['POST', '/tokens', { name: 'more' }],
      ['POST', '/accounts', { email: 'x@example.org', name: 'X' }],
      ['PATCH', account, { status: 'disabled' }],
      ['POST', `${account}/invitation`],
      ['DELETE', `${account}/access`],
      ['POST', `${account}/grants`, { role: 'owner' }],
      ['DELETE', `${account}/grants`, { role: 'owner' }],
      ['POST', '/approver-keys', { publicKey: 'AAAA' }],
      ['DELETE', '/access/sessions/x'],
      ['DELETE', '/access/tokens/x'],
    ];
    for (const [method, path, body] of ways) {
      const { status, json } = await api.request(method, `/api/v1${path}`, bearer, body);
      expect([method, path, status, json.code]).toEqual([method, path, 403, 'step_up_required']);
    }
    expect(await api.admins.accounts()).toHaveLength(ROLES.length + 1);
  });

  it('allows backups for owners and the backup role, and another recipient for an owner only', async () => {
    const { recipient } = await temporaryIdentity();
    for (const role of ROLES) {
      const createBackup = async (body: unknown) => {
        const headers = { authorization: `Bearer ${tokens.get(role)}` };
        const { status, text } = await api.request('POST', '/api/v1/backup', headers, body);
        return [status, text.startsWith('age-encryption.org/v1\n')];
      };
      const may = role === 'owner' || role === 'backup';
      expect([role, await createBackup({})]).toEqual([role, [may ? 200 : 403, may]]);
      expect([role, await createBackup({ recipient })]).toEqual([
        role,
        [role === 'owner' ? 200 : 403, role === 'owner'],
      ]);
    }
  });

  it('refuses everything else for the backup role', async () => {
    const allowed = rightsOf([{ role: 'backup', group: null, area: null }]).filter((name) => {
      const { scope } = RIGHTS[name];
      return scope !== 'public' && scope !== 'self';
    });
    expect(allowed).toEqual(['backup.create', 'backup.create-keys']);
  });
});

describe('case 46: no route for another purpose exports people in bulk', () => {
  const by = (role: string) => ({ authorization: `Bearer ${tokens.get(role)}` });

  it('metrics, health and the API’s description name no person', async () => {
    // The examples in the OpenAPI document name invented people.
    const invented = new Set(JSON.stringify(EXAMPLES).match(/(?:dev|per)_[a-z2-7]{16}/g));
    for (const path of ['/metrics', '/healthz', '/readyz', '/api/openapi.json']) {
      const { text } = await api.request('GET', path);
      const found = text.match(/dev_[a-z2-7]{16}|per_[a-z2-7]{16}|@example\.org/g) ?? [];
      expect([path, found.filter((each) => !invented.has(each))]).toEqual([path, []]);
      expect(text).not.toContain('Matrix');
    }
  });

  it('no route exports or debugs, or returns a complete list', async () => {
    for (const path of ['/debug', '/debug/pprof', '/export', '/people.csv', '/dump']) {
      for (const below of ['', '/api/v1']) {
        expect((await api.request('GET', below + path, by('owner'))).status).toBe(404);
      }
    }
    const file = await api.request('GET', '/api/v1/devices.csv', by('owner'));
    expect(file.text).toContain(device);
    expect(file.text).not.toMatch(/Samantha|per_/);
    for (const limit of [0, 1_000_000, -1]) {
      expect((await api.request('GET', `/api/v1/devices?limit=${limit}`, by('owner'))).status).toBe(400);
    }
  });

  it('lists of devices by country have handles only; names are encrypted, for owner and legal', async () => {
    for (const role of ROLES) {
      const recipient = { name: 'x', key: 'age1' };
      const answers = await Promise.all(
        ['impact/names', 'packs/pck_aaaaaaaaaaaaaaaa/names'].map((path) =>
          api.request('POST', `/api/v1/orders/2015-001/${path}`, by(role), { recipient }),
        ),
      );
      const refused = answers.map(({ json }) => json?.code === 'forbidden');
      expect([role, ...refused]).toEqual([role, ...refused.map(() => role !== 'owner' && role !== 'legal')]);
    }
  });
});

describe('case 50: a helpdesk account never acts outside its groups', () => {
  let mine: GroupId;
  let theirs: GroupId;
  let myDevice: DeviceId;
  let theirDevice: DeviceId;
  let helpdesk: Record<string, string>;
  let owner: Record<string, string>;

  beforeAll(async () => {
    mine = await addGroup(api.database, 'Mine');
    theirs = await addGroup(api.database, 'Theirs');
    myDevice = await addDevice(api.database, { group: mine, user: 'Zara' });
    theirDevice = await addDevice(api.database, { group: theirs, user: 'Zoe' });
    const who = await api.account('desk@example.org', [{ role: 'helpdesk', group: mine, area: null }]);
    helpdesk = { authorization: `Bearer ${await api.token(who)}` };
    owner = { authorization: `Bearer ${tokens.get('owner')}` };
  });

  it('by id', async () => {
    const lock = { command: { kind: 'lock-workspace' } };
    expect((await api.request('GET', `/api/v1/devices/${myDevice}`, helpdesk)).status).toBe(200);
    expect((await api.request('POST', `/api/v1/devices/${myDevice}/commands`, helpdesk, lock)).status).toBe(201);
    const command = (await api.request('POST', `/api/v1/devices/${theirDevice}/commands`, owner, lock)).json;
    for (const [method, path, body] of [
      ['GET', `/devices/${theirDevice}`],
      ['GET', `/devices/${theirDevice}/verdict`],
      ['GET', `/devices/${theirDevice}/commands`],
      ['POST', `/devices/${theirDevice}/commands`, lock],
      ['GET', `/commands/${command.id}`],
      ['DELETE', `/commands/${command.id}`],
      ['POST', '/codes', { person: personCalled('Zoe'), group: theirs }],
      ['POST', '/codes', { person: personCalled('Zoe'), group: mine }],
      ['GET', `/people/${personCalled('Zoe')}`],
      ['POST', '/people', { name: 'Zoe', groups: [theirs] }],
      ['POST', '/people', { name: 'Zoe', groups: [mine, theirs] }],
    ] as const) {
      const { status, json } = await api.request(method, `/api/v1${path}`, helpdesk, body);
      expect([method, path, status, json.code]).toEqual([method, path, 403, 'out_of_scope']);
    }
    expect((await api.request('GET', `/api/v1/commands/${command.id}`, owner)).json.state).toBe('queued');
  });

  it('by an address or directory id, whether or not a person outside has it', async () => {
    const outside = { name: 'Dora', email: 'dora@example.org', directoryId: 'dora-1', groups: [theirs] };
    expect((await api.request('POST', '/api/v1/people', owner, outside)).status).toBe(201);
    const fleet = await api.account('fleet-of-mine@example.org', [{ role: 'fleet', group: mine, area: null }]);
    const admin = { authorization: `Bearer ${await api.token(fleet)}` };
    const { json: own } = await api.request('POST', '/api/v1/people', admin, { name: 'Ida', groups: [mine] });
    for (const [taken, free] of [
      [{ email: 'Dora@Example.org' }, { email: 'nobody-has-this@example.org' }],
      [{ directoryId: 'dora-1' }, { directoryId: 'dora-2' }],
    ]) {
      for (const [method, path, more] of [
        ['POST', '/people', { name: 'Ida', groups: [mine] }],
        ['PATCH', `/people/${own.id}`, {}],
      ] as const) {
        const first = await api.request(method, `/api/v1${path}`, admin, { ...more, ...taken });
        const second = await api.request(method, `/api/v1${path}`, admin, { ...more, ...free });
        expect([first.status, first.json.code]).toEqual([403, 'out_of_scope']);
        expect([second.status, second.json.detail, second.json.context]).toEqual([
          first.status,
          first.json.detail,
          first.json.context,
        ]);
      }
    }
    const address = { email: 'ida@example.org' };
    expect((await api.request('PATCH', `/api/v1/people/${own.id}`, owner, address)).status).toBe(200);
    const renamed = await api.request('PATCH', `/api/v1/people/${own.id}`, admin, { ...address, name: 'Ida Berg' });
    expect([renamed.status, renamed.json.email]).toEqual([200, 'ida@example.org']);
    const taken = await api.request('PATCH', `/api/v1/people/${own.id}`, owner, { email: outside.email });
    expect([taken.status, taken.json.code]).toEqual([409, 'conflict']);
  });

  it('by filter or list', async () => {
    for (const filter of ['', '?text=Z', `?group=${theirs}`, '?sort=id&descending=true']) {
      const { json } = await api.request('GET', `/api/v1/devices${filter}`, helpdesk);
      const seen = json.devices.map(({ id }: { id: string }) => id);
      expect([filter, seen.filter((id: string) => id !== myDevice)]).toEqual([filter, []]);
    }
    const { json } = await api.request('GET', '/api/v1/groups', helpdesk);
    expect(json.groups.map(({ id }: { id: string }) => id)).toEqual([mine]);
  });

  it('by location: no area, address, statement, filter or count reveals where a device is', async () => {
    const until = Date.now() + 3_600_000;
    const statement = { kind: 'presence', areas: ['SE'], reason: 'called in', until };
    expect((await api.request('PATCH', `/api/v1/devices/${myDevice}`, owner, { statement })).status).toBe(200);
    await api.devices.connected({ device: myDevice, generation: 1, address: '203.0.113.9', agent: '1' });
    const of = async (who: Record<string, string>) => {
      const { devices } = (await api.request('GET', `/api/v1/devices?group=${mine}`, who)).json;
      const detail = (await api.request('GET', `/api/v1/devices/${myDevice}`, who)).json;
      const overview = (await api.request('GET', '/api/v1/overview', who)).json;
      const [listed] = devices;
      return {
        areas: listed.areas,
        addresses: [listed.presence.address, detail.presence.address],
        stated: [listed.statement?.areas, detail.statement?.areas],
        unknown: overview.unknown === null,
      };
    };
    expect(await of(helpdesk)).toEqual({
      areas: null,
      addresses: [null, null],
      stated: [undefined, undefined],
      unknown: true,
    });
    expect(await of(owner)).toEqual({
      areas: [],
      addresses: ['203.0.113.9', '203.0.113.9'],
      stated: [['SE'], ['SE']],
      unknown: false,
    });
    for (const [method, path, body] of [
      ['GET', '/devices?area=SE'],
      ['GET', `/devices/${myDevice}/evidence`],
      ['POST', '/commands', { filter: { area: 'SE' }, command: { kind: 'lock-workspace' } }],
    ] as const) {
      expect([path, (await api.request(method, `/api/v1${path}`, helpdesk, body)).status]).toEqual([path, 403]);
    }
    await api.request('PATCH', `/api/v1/devices/${myDevice}`, owner, { statement: null });
  });

  it('by a command to many devices', async () => {
    const command = { kind: 'lock-workspace' };
    const send = (who: Record<string, string>, body: object) => api.request('POST', '/api/v1/commands', who, body);
    const queued = async (id: DeviceId) =>
      (await api.request('GET', `/api/v1/devices/${id}/commands`, owner)).json.commands.length;
    const before = [await queued(myDevice), await queued(theirDevice)];
    for (const devices of [[theirDevice], [myDevice, theirDevice], [myDevice, newDeviceId()]]) {
      const { status, json } = await send(helpdesk, { devices, command });
      expect([status, json.code]).toEqual([403, 'out_of_scope']);
    }
    expect((await send(helpdesk, { filter: { group: theirs }, command })).json).toMatchObject({ queued: 0 });
    for (const wrong of [{}, { devices: [myDevice], filter: {} }, { devices: [] }, { filter: { status: 'revoked' } }]) {
      expect((await send(helpdesk, { ...wrong, command })).json.code).toBe('invalid_input');
    }
    expect([await queued(myDevice), await queued(theirDevice)]).toEqual(before);
    const id = newCommandId();
    for (const to of [{ filter: {} }, { filter: { group: mine } }, { devices: [myDevice, myDevice] }]) {
      const { status, json } = await send(helpdesk, { id, ...to, command });
      expect([status, json]).toEqual([201, { id, queued: 1, refused: [] }]);
    }
    expect([await queued(myDevice), await queued(theirDevice)]).toEqual([(before[0] ?? 0) + 1, before[1]]);
    const unknown = newDeviceId();
    const some = await send(owner, { devices: [theirDevice, unknown], command });
    expect(some.json).toMatchObject({ queued: 1, refused: [{ device: unknown, code: 'not_found' }] });
    const progress = (of: string) => api.request('GET', `/api/v1/jobs/${of}`, helpdesk);
    expect((await progress(id)).json).toMatchObject({ total: 1, counts: { queued: 1 }, failures: [] });
    expect((await progress(some.json.id)).json.code).toBe('not_found');
  });

  it('and cannot destroy data', async () => {
    for (const kind of ['wipe-workspace', 'unenroll']) {
      const body = { command: { kind } };
      const many = await api.request('POST', '/api/v1/commands', helpdesk, { ...body, filter: {} });
      expect([many.status, many.json.code]).toEqual([403, 'forbidden']);
      const { status, json } = await api.request('POST', `/api/v1/devices/${myDevice}/commands`, helpdesk, body);
      expect([status, json.code]).toEqual([403, 'forbidden']);
    }
    expect((await api.request('POST', `/api/v1/devices/${myDevice}/revoke`, helpdesk, {})).status).toBe(403);
  });

  it('and cannot move a device out of its own scope', async () => {
    const who = await api.account('fleet-mine@example.org', [{ role: 'fleet', group: mine, area: null }]);
    const fleet = { authorization: `Bearer ${await api.token(who)}` };
    const { status, json } = await api.request('PATCH', `/api/v1/devices/${myDevice}`, fleet, { group: theirs });
    expect([status, json.code]).toEqual([403, 'out_of_scope']);
  });
});

describe('case 50: a role for an area never includes devices whose home is elsewhere', () => {
  let ids: Record<'home' | 'byGroup' | 'abroad' | 'nowhere', DeviceId>;
  let group: GroupId;
  let there: GroupId;
  const holder = async (name: string, grant: { group: GroupId | null; area: string }) => {
    const area = parseScopeArea(grant.area);
    const who = await api.account(`${name}@example.org`, [{ role: 'fleet', group: grant.group, area }]);
    return { authorization: `Bearer ${await api.token(who)}` };
  };
  const seenBy = async (who: Record<string, string>) => {
    const { json } = await api.request('GET', '/api/v1/devices?limit=200', who);
    return json.devices.map(({ id }: { id: string }) => id).sort();
  };
  let fleet: Record<string, string>;

  beforeAll(async () => {
    group = await addGroup(api.database, 'Everywhere');
    there = await addGroup(api.database, 'California', 'US-CA');
    ids = {
      home: await addDevice(api.database, { group, home: 'US' }),
      byGroup: await addDevice(api.database, { group: there }),
      abroad: await addDevice(api.database, { group: there, home: 'PK' }),
      nowhere: await addDevice(api.database, { group }),
    };
    fleet = await holder('fleet-us', { group: null, area: 'US' });
  });

  it('in lists, and with a group as well only devices in both', async () => {
    expect(await seenBy(fleet)).toEqual([ids.home, ids.byGroup].sort());
    expect(await seenBy(await holder('fleet-both', { group: there, area: 'US' }))).toEqual([ids.byGroup]);
    const { json } = await api.request('GET', '/api/v1/groups', fleet);
    expect(json.groups.map(({ id }: { id: string }) => id)).toEqual([there]);
  });

  it('by id, code or command, or by a move of the home', async () => {
    const person = personCalled('Samantha');
    const lock = { command: { kind: 'lock-workspace' } };
    const statement = { kind: 'home', areas: ['PK'], reason: 'posted', until: Date.now() + 60_000 };
    expect((await api.request('POST', `/api/v1/devices/${ids.home}/commands`, fleet, lock)).status).toBe(201);
    for (const [method, path, body] of [
      ['GET', `/devices/${ids.abroad}`],
      ['GET', `/devices/${ids.nowhere}`],
      ['POST', `/devices/${ids.abroad}/commands`, lock],
      ['POST', `/devices/${ids.nowhere}/revoke`, {}],
      ['PATCH', `/devices/${ids.abroad}`, { home: 'US' }],
      ['PATCH', `/devices/${ids.home}`, { home: 'PK' }],
      ['PATCH', `/devices/${ids.home}`, { home: null }],
      ['PATCH', `/devices/${ids.home}`, { statement }],
      ['POST', '/codes', { person, group }],
      ['POST', '/codes', { person, group: there, home: 'PK' }],
      ['POST', '/codes', { person, group: there, home: 'US', device: ids.abroad }],
    ] as const) {
      const { status, json } = await api.request(method, `/api/v1${path}`, fleet, body);
      expect([method, path, status, json.code]).toEqual([method, path, 403, 'out_of_scope']);
    }
    const inside = await api.request('PATCH', `/api/v1/devices/${ids.home}`, fleet, { home: 'US-NY', group: there });
    expect([inside.status, inside.json.home]).toEqual([200, 'US-NY']);
  });

  it('and lists commands in pages, newest first', async () => {
    const owner = { authorization: `Bearer ${tokens.get('owner')}` };
    const path = `/api/v1/devices/${ids.byGroup}/commands`;
    const made: string[] = [];
    for (let i = 0; i < 3; i++) {
      made.push((await api.request('POST', path, owner, { command: { kind: 'lock-workspace' } })).json.id);
    }
    const page = async (query: string) => {
      const { json } = await api.request('GET', `${path}${query}`, owner);
      return json.commands.map(({ id }: { id: string }) => id);
    };
    const all = await page('');
    expect([...all].sort()).toEqual(made.sort());
    expect(await page('?limit=2')).toEqual(all.slice(0, 2));
    expect(await page(`?limit=2&before=${all[1]}`)).toEqual(all.slice(2));
    expect((await api.request('GET', `${path}?before=${newCommandId()}`, owner)).status).toBe(404);
  });

  it('and a location statement has a reason', async () => {
    const owner = { authorization: `Bearer ${tokens.get('owner')}` };
    const until = Date.now() + 60_000;
    const path = `/api/v1/devices/${ids.nowhere}`;
    const silent = await api.request('PATCH', path, owner, { statement: { areas: ['PK'], until } });
    expect([silent.status, silent.json.code]).toEqual([400, 'invalid_input']);
    const statement = { kind: 'presence', areas: ['PK'], reason: 'seen at the office', until };
    expect((await api.request('PATCH', path, owner, { statement })).status).toBe(200);
    expect((await api.request('GET', path, owner)).json.statement).toMatchObject(statement);
  });
});

describe('areas of a role', () => {
  it.each([
    ['PK', ['PK'], true],
    ['PK', ['PK', 'IN'], false],
    ['US', ['US-CA'], true],
    ['US-CA', ['US'], false],
    ['EU', ['FR'], true],
    ['EU', ['EU'], true],
    ['FR', ['EU'], false],
    ['CN', ['HK'], false],
  ])('a role for %s may decide about %j: %s', (area, wanted, allowed) => {
    const scope = scopeOf('orders.propose', [{ role: 'legal', group: null, area: parseScopeArea(area) }]);
    const check = () => requireAreas(scope, wanted.map(parseScopeArea));
    if (allowed) expect(check).not.toThrow();
    else expect(check).toThrow(/does not include/);
  });

  it('a role for a group decides about no order; a role for an area includes devices with a home in it', () => {
    const group = 'grp_aaaaaaaaaaaaaaaa' as GroupId;
    const area = parseScopeArea('PK');
    expect(() => scopeOf('orders.propose', [{ role: 'legal', group, area: null }])).toThrow(/scope/);
    expect(() => scopeOf('orders.propose', [{ role: 'legal', group, area }])).toThrow(/scope/);
    expect(() => scopeOf('groups.create', [{ role: 'fleet', group: null, area }])).toThrow(/scope/);
    expect(() => scopeOf('order-documents.upload', [{ role: 'legal', group, area: null }])).toThrow(/scope/);
    expect(scopeOf('order-documents.upload', [{ role: 'legal', group: null, area }]).areas).toEqual(['PK']);
    expect(scopeOf('devices.list', [{ role: 'legal', group, area }]).devices).toEqual([{ group, homes: ['PK'] }]);
  });
});
