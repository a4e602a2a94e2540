/** Custom roles over real HTTP: who may manage them, the step-up sign-in, and the effect of a change on open sessions and tokens. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ActionName } from '../../shared/api/action-names.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { ACTIONS, ROUTE_ACTIONS } from '../admins/action-policy.ts';
import { EXAMPLES, NAMED_SCHEMAS } from './schema-names.ts';

let api: ApiServer;
let owner: Record<string, string>;
const everywhere = { group: null, area: null };

async function signedIn(email: string, grants: Parameters<ApiServer['account']>[1]) {
  const who = await api.account(email, grants);
  return { ...who, headers: (await api.signIn(who)).headers as Record<string, string> };
}
const send = (headers: Record<string, string>, method: string, path: string, body?: unknown) =>
  api.request(method, `/api/v1${path}`, headers, body);

beforeAll(async () => {
  api = await startApi();
  ({ headers: owner } = await signedIn('owner@example.org', [{ role: 'owner', ...everywhere }]));
});
afterAll(() => api.close());

describe('custom roles over HTTP', () => {
  it('only an owner manages them; every admin can list them, and owners and auditors see their uses', async () => {
    const draft = { name: 'Reader', rights: ['devices.list'] };
    const made = (await send(owner, 'POST', '/roles', draft)).json;
    expect(made).toMatchObject({ ...draft, description: '', version: 1 });
    for (const role of ['fleet', 'helpdesk', 'legal', 'auditor'] as const) {
      const { headers } = await signedIn(`${role}@example.org`, [{ role, ...everywhere }]);
      expect((await send(headers, 'POST', '/roles', { ...draft, name: role })).json.code).toBe('forbidden');
      expect((await send(headers, 'PATCH', `/roles/${made.id}`, { version: 1, name: 'x' })).json.code).toBe(
        'forbidden',
      );
      expect((await send(headers, 'DELETE', `/roles/${made.id}`)).json.code).toBe('forbidden');
      expect((await send(headers, 'GET', '/roles')).json.roles).toMatchObject([{ name: 'Reader' }]);
      expect((await send(headers, 'GET', '/rights')).status).toBe(200);
      expect((await send(headers, 'GET', `/roles/${made.id}`)).status).toBe(role === 'auditor' ? 200 : 403);
    }
    expect((await send(owner, 'DELETE', `/roles/${made.id}`)).status).toBe(200);
  });

  it('gives no personal data or location through a filter or an expression without the right to read them', async () => {
    const rights = ['devices.list', 'live-queries.ask', 'groups.preview', 'groups.create', 'groups.update'];
    const { id } = (await send(owner, 'POST', '/roles', { name: 'Blind', rights })).json;
    const { headers } = await signedIn('blind@example.org', [{ role: id, ...everywhere }]);
    const group = (await send(owner, 'POST', '/groups', { name: 'Rule', expression: 'missing' })).json;
    const query = { kind: 'open-ports' };
    const where = [{ field: 'users.count', op: 'at-least', value: 1 }];
    for (const filter of [{ where }, { located: true }, { area: 'PK' }]) {
      expect((await send(headers, 'POST', '/queries', { query, filter })).json.code).toBe('forbidden');
    }
    for (const expression of ['users.count > 1', '"PK" in areas']) {
      const refused = [
        await send(headers, 'POST', '/group-preview', { expression }),
        await send(headers, 'POST', '/groups', { name: expression, expression }),
        await send(headers, 'PATCH', `/groups/${group.id}`, { expression }),
      ];
      expect(refused.map(({ json }) => json.code)).toEqual(['forbidden', 'forbidden', 'forbidden']);
      expect((await send(owner, 'POST', '/group-preview', { expression })).status).toBe(200);
    }
    expect((await send(headers, 'POST', '/group-preview', { expression: 'missing' })).status).toBe(200);
  });

  it('applies a change to open sessions and tokens, within the scope of the grant', async () => {
    const group = await addGroup(api.database, 'Partners');
    const inside = await addDevice(api.database, { group });
    const outside = await addDevice(api.database, { group: await addGroup(api.database, 'Others') });
    const rights = ['devices.list', 'devices.show', 'commands.issue'];
    const { id } = (await send(owner, 'POST', '/roles', { name: 'Partner', rights })).json;
    const partner = await signedIn('partner@example.org', []);
    const grant = { role: id, group, area: null };
    const granted = await send(owner, 'POST', `/accounts/${partner.id}/grants`, grant);
    expect(granted.json.grants).toEqual([{ ...grant, name: 'Partner', source: 'manual' }]);
    const token = { authorization: `Bearer ${await api.token(partner)}` };
    const lock = { command: { kind: 'lock-workspace' } };
    for (const headers of [partner.headers, token]) {
      expect((await send(headers, 'GET', `/devices/${inside}`)).status).toBe(200);
      expect((await send(headers, 'GET', `/devices/${outside}`)).json.code).toBe('out_of_scope');
      expect((await send(headers, 'POST', `/devices/${inside}/commands`, lock)).status).toBe(201);
      const wipe = { command: { kind: 'wipe-workspace' } };
      expect((await send(headers, 'POST', `/devices/${inside}/commands`, wipe)).json.code).toBe('forbidden');
    }
    const { rights: shown } = (await send(partner.headers, 'GET', '/session')).json;
    expect(shown).toEqual(expect.arrayContaining(rights));
    expect(shown).not.toContain('devices.revoke');
    await send(owner, 'PATCH', `/roles/${id}`, { version: 1, rights: ['devices.list'] });
    for (const headers of [partner.headers, token]) {
      expect((await send(headers, 'GET', `/devices/${inside}`)).json.code).toBe('forbidden');
      expect((await send(headers, 'GET', '/devices')).json.devices).toHaveLength(1);
    }
    const used = await send(owner, 'DELETE', `/roles/${id}`);
    expect([used.status, used.json.code, used.json.detail]).toEqual([
      409,
      'conflict',
      expect.stringMatching(/partner/),
    ]);
  });

  it('limits an API token to a custom role, for the actions of an owner too', async () => {
    const { id } = (await send(owner, 'POST', '/roles', { name: 'Script', rights: ['devices.list'] })).json;
    const { secret, role } = (await send(owner, 'POST', '/tokens', { name: 'nightly', role: id, destructive: true }))
      .json;
    expect(role).toBe(id);
    const token = { authorization: `Bearer ${secret}` };
    expect((await send(token, 'GET', '/devices')).status).toBe(200);
    for (const path of ['/accounts', '/groups', '/orders', '/roles']) {
      expect([path, (await send(token, 'GET', path)).json.code]).toEqual([path, 'forbidden']);
    }
    expect((await send(token, 'POST', '/devices/wipe', {})).status).toBe(404);
  });

  it('names a custom role in an invitation, and refuses an unknown one', async () => {
    const { id } = (await send(owner, 'POST', '/roles', { name: 'Guest', rights: ['devices.list'] })).json;
    const invite = (role: string, email: string) =>
      send(owner, 'POST', '/accounts', { email, name: 'G', grants: [{ role }] });
    expect((await invite(id, 'guest@example.org')).json.account.grants).toMatchObject([{ role: id, name: 'Guest' }]);
    expect((await invite('rol_aaaaaaaaaaaaaaaa', 'b@example.org')).json.code).toBe('not_found');
    const wrong = (await invite('king', 'b@example.org')).json;
    expect([wrong.code, wrong.detail]).toEqual(['invalid_input', expect.stringMatching(/id of a custom role/)]);
    expect((await send(owner, 'GET', `/roles/${id}`)).json.grants).toMatchObject([{ name: 'G', invited: true }]);
  });
});

describe('every route whose action needs a step-up sign-in', () => {
  const IDS: Readonly<Record<string, string>> = {
    accounts: 'acc',
    actions: 'act',
    authorities: 'aut',
    channels: 'ntc',
    disclosures: 'dsc',
    groups: 'grp',
    'legal-holds': 'hld',
    policies: 'pol',
    roles: 'rol',
    rules: 'ntr',
  };
  const pathOf = (path: string) =>
    path
      .replace(':hash', 'a'.repeat(64))
      .replace(':serial', 'abcd')
      .replace(':version', '1')
      .replaceAll(/([\w-]+)\/:\w+/g, (_all, kind: string) => {
        const prefix = IDS[kind];
        return `${kind}/${prefix === undefined ? 'x' : `${prefix}_aaaaaaaaaaaaaaaa`}`;
      });

  it('refuses an old session, and a token that is not marked as destructive', async () => {
    const legal = await signedIn('counsel@example.org', [{ role: 'legal', ...everywhere }]);
    const owned = await api.account('second@example.org', [{ role: 'owner', ...everywhere }]);
    const { secret } = await api.admins.createToken(owned.id, 'unmarked', null);
    const names = new Map([...NAMED_SCHEMAS].map(([name, schema]) => [schema, name]));
    await api.database.db.updateTable('sessions').set({ authenticated_at: 0 }).execute();
    const wrong: string[] = [];
    let checked = 0;
    for (const { name, method, path, body } of api.routes) {
      const action = ROUTE_ACTIONS[name];
      if (typeof action !== 'string' || !(action in ACTIONS) || ACTIONS[action as ActionName].stepUp !== 'always')
        continue;
      const example = body === null ? undefined : EXAMPLES[names.get(body) ?? ''];
      const desk = /^(disclosures|authorities)\./.test(name);
      for (const headers of [desk ? legal.headers : owner, ...(desk ? [] : [{ authorization: `Bearer ${secret}` }])]) {
        const { json } = await api.request(method.toUpperCase(), pathOf(path), headers, example ?? {});
        checked += 1;
        if (json?.code !== 'step_up_required') wrong.push(`${name}: ${json?.code} ${json?.detail}`);
      }
    }
    expect(wrong).toEqual([]);
    expect(checked).toBeGreaterThan(60);
  });
});
