/** Passkeys over real HTTP: the cookie of a sign-in, the confirmation of actions, and the required passkey. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { challengeCookieName, PASSKEY_HEADER } from '../../shared/api/passkeys.ts';
import type { Role } from '../../shared/api/roles.ts';
import { type PasskeyStatement, statementBytes, statementText } from '../../shared/order/passkey-challenge.ts';
import { PASSWORD } from '../../tests/support/api-client.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { addDevice, addGroup } from '../../tests/support/fleet-rows.ts';
import { issuedTo } from '../../tests/support/issued-commands.ts';
import { createPasskey, type Passkey } from '../../tests/support/passkey.ts';

let api: ApiServer;
let strict: ApiServer;

beforeAll(async () => {
  [api, strict] = await Promise.all([startApi(), startApi({ requirePasskeys: true })]);
  for (const server of [api, strict]) await server.account('owner@example.org', []);
});
afterAll(async () => {
  await Promise.all([api.close(), strict.close()]);
});

const challengeOf = (statement: PasskeyStatement) =>
  createHash('sha256')
    .update(statementBytes(statementText(statement)))
    .digest('base64url');
const post = (server: ApiServer, path: string, headers: Record<string, string>, body: object = {}, method = 'POST') =>
  server.request(method, `/api/v1${path}`, headers, body);

async function register(server: ApiServer, headers: Record<string, string>): Promise<Passkey> {
  const passkey = createPasskey({ origin: server.localUrl });
  const { json } = await post(server, '/passkeys/options', headers, { purpose: 'sign-in' });
  const body = { token: json.token, name: 'Laptop', response: passkey.registration(json.options.challenge) };
  expect((await post(server, '/passkeys', headers, body)).status).toBe(201);
  return passkey;
}

let people = 0;
async function admin(server: ApiServer, role: Role) {
  people += 1;
  const who = await server.account(`${role}-${people}@example.org`, [{ role, group: null, area: null }]);
  const { headers } = await server.signIn(who);
  return { ...who, headers };
}

/** Header with which the passkey confirms what a problem response demands. */
function confirmation(
  passkey: Passkey,
  context: { nonce: string; token: string; hash: string },
  { hash = context.hash } = {},
): Record<string, string> {
  const assertion = passkey.assertion(challengeOf({ purpose: 'action', nonce: context.nonce, action: hash }));
  const text = JSON.stringify({ token: context.token, credential: passkey.id, assertion });
  return { [PASSKEY_HEADER]: Buffer.from(text).toString('base64url') };
}

it('a sign-in needs the cookie of the browser that asked for the challenge', async () => {
  const { headers, ...who } = await admin(api, 'auditor');
  const passkey = await register(api, headers);
  const asked = await post(api, '/session/passkey/challenge', {});
  const [set = ''] = asked.headers.getSetCookie();
  expect(set).toMatch(
    new RegExp(`^${challengeCookieName(false)}=[^;]+; Path=/; HttpOnly; SameSite=Strict; Max-Age=300$`),
  );
  expect(asked.json).toEqual({
    nonce: expect.any(String),
    rpId: 'localhost',
    origin: api.localUrl,
    credentials: [],
  });
  const { nonce } = asked.json;
  const response = passkey.authentication(challengeOf({ purpose: 'sign-in', nonce }));
  const without = await post(api, '/session/passkey', {}, { response });
  expect([without.status, without.json.code]).toEqual([401, 'passkey_invalid']);
  const cookie = set.split(';')[0] ?? '';
  const { status, json } = await post(api, '/session/passkey', { cookie }, { response });
  expect([status, json.via, json.passkeyPending]).toEqual([200, 'session', false]);
  expect((await post(api, '/session/passkey', { cookie }, { response })).json.code).toBe('passkey_invalid');
  const logged = api.logged.map((line) => JSON.parse(line)).filter(({ event }) => /^sign_in/.test(event));
  expect(logged.slice(-2)).toMatchObject([
    { event: 'sign_in', email: who.email },
    { event: 'sign_in_failed', code: 'passkey_invalid' },
  ]);
});

it('the second person of an action confirms its content with a passkey, and the ledger has the assertion', async () => {
  const [proposer, second, third] = [await admin(api, 'fleet'), await admin(api, 'fleet'), await admin(api, 'fleet')];
  const group = await addGroup(api.database, 'Fleet');
  for (let index = 0; index < 8; index += 1) await addDevice(api.database, { group });
  const body = { command: { kind: 'wipe-workspace' }, filter: {}, expect: 8 };
  const { action } = (await post(api, '/commands', proposer.headers, body)).json.context;
  const { hash } = (await api.request('GET', `/api/v1/actions/${action}`, second.headers)).json;
  const passkey = await register(api, second.headers);
  const confirm = (headers: Record<string, string>) =>
    post(api, `/actions/${action}/confirm`, { ...second.headers, ...headers }, { hash });

  const demanded = await confirm({});
  expect([demanded.status, demanded.json.code]).toEqual([403, 'passkey_required']);
  const { context } = demanded.json;
  expect(context).toMatchObject({ action: 'workspace.wipe', hash, credentials: [passkey.id] });
  expect(createHash('sha256').update(context.content).digest('hex')).toBe(hash);

  const stranger = await register(api, third.headers);
  const wrong = [
    confirmation(passkey, context, { hash: 'f'.repeat(64) }),
    confirmation(stranger, context),
    confirmation(createPasskey({ origin: api.localUrl }), context),
    confirmation(passkey, { ...context, token: 'x' }),
    { [PASSKEY_HEADER]: 'x' },
  ];
  for (const headers of wrong) expect((await confirm(headers)).status).toBeOneOf([400, 401]);
  expect(await issuedTo(api.database, 'wipe-workspace')).toEqual([]);

  const right = confirmation(passkey, context);
  expect((await confirm(right)).status).toBe(200);
  expect(await issuedTo(api.database, 'wipe-workspace')).toHaveLength(8);
  const kept = await api.database.db.selectFrom('passkey_confirmations').selectAll().execute();
  expect(kept).toMatchObject([{ action_hash: hash, account_id: second.id, content: context.content }]);
  const entry = await api.database.db
    .selectFrom('ledger_entries')
    .select('body')
    .where('kind', '=', 'action.confirmed')
    .executeTakeFirstOrThrow();
  expect(JSON.parse(entry.body).public).toMatchObject({ id: action, hash, assertion: kept[0]?.digest });
});

it('a person without a passkey confirms an action with an authenticator code, as before', async () => {
  const [proposer, second] = [await admin(api, 'fleet'), await admin(api, 'fleet')];
  const body = { command: { kind: 'wipe-workspace' }, filter: {}, expect: 8 };
  const { action } = (await post(api, '/commands', proposer.headers, body)).json.context;
  const { hash } = (await api.request('GET', `/api/v1/actions/${action}`, second.headers)).json;
  expect((await post(api, `/actions/${action}/confirm`, second.headers, { hash })).status).toBe(200);
});

it('with required passkeys, a session without one can only add one', async () => {
  const { headers } = await admin(strict, 'owner');
  for (const [method, path, status] of [
    ['GET', '/session', 200],
    ['GET', '/passkeys', 200],
    ['GET', '/devices', 403],
    ['POST', '/tokens', 403],
    ['GET', '/installation', 403],
  ] as const) {
    const answer = await strict.request(
      method,
      `/api/v1${path}`,
      headers,
      method === 'POST' ? { name: 'x' } : undefined,
    );
    expect([path, answer.status]).toEqual([path, status]);
    if (status === 403) expect(answer.json.code).toBe('passkey_required');
  }
  await register(strict, headers);
  expect((await strict.request('GET', '/api/v1/devices', headers)).status).toBe(200);
});

it('with required passkeys, an action that no token may perform needs an assertion over its exact content', async () => {
  const { headers } = await admin(strict, 'owner');
  const colleague = await strict.account('colleague@example.org', []);
  const passkey = await register(strict, headers);
  const path = `/accounts/${colleague.id}/grants`;
  const demanded = await post(strict, path, headers, { role: 'auditor' });
  expect([demanded.status, demanded.json.code]).toEqual([403, 'passkey_required']);
  const { context } = demanded.json;
  expect(JSON.parse(context.content)).toMatchObject({ action: 'role.grant', params: { id: colleague.id } });
  const right = { ...headers, ...confirmation(passkey, context) };
  // The confirmation is for another role.
  const other = await post(strict, path, right, { role: 'owner' });
  expect([other.status, other.json.code]).toEqual([401, 'passkey_invalid']);
  expect((await post(strict, path, right, { role: 'auditor' })).status).toBe(200);
  const again = await post(strict, path, right, { role: 'auditor' });
  expect([again.status, again.json.code]).toEqual([401, 'passkey_invalid']);
  const [entry] = await strict.database.db
    .selectFrom('ledger_entries')
    .select('body')
    .where('kind', '=', 'action.signed')
    .execute();
  const [kept] = await strict.database.db.selectFrom('passkey_confirmations').selectAll().execute();
  expect(JSON.parse(entry?.body ?? '').public).toEqual({
    action: 'role.grant',
    hash: context.hash,
    assertion: kept?.digest,
  });
});

describe('with required passkeys, a sign-in with a recovery code', () => {
  /** An owner whose only passkey is lost. Each call of `recover` signs in with another recovery code. */
  async function ownerWithoutPasskey() {
    const { headers, ...who } = await admin(strict, 'owner');
    await register(strict, headers);
    const lost = (await strict.request('GET', '/api/v1/passkeys', headers)).json.passkeys[0].id;
    const codes = await strict.admins.newRecoveryCodes(await strict.admins.account(who.id));
    const recover = async () => {
      const body = { email: who.email, password: PASSWORD, recoveryCode: codes.pop() };
      const { status, headers: reply, json } = await post(strict, '/session', {}, body);
      expect(status).toBe(200);
      return { cookie: reply.get('set-cookie')?.split(';')[0] ?? '', 'x-cordon-csrf': String(json.csrf) };
    };
    return { lost, recover };
  }
  const remove = (id: string, headers: Record<string, string>) =>
    strict.request('DELETE', `/api/v1/passkeys/${id}`, headers);

  it('replaces a lost passkey and the recovery codes', async () => {
    const { lost, recover } = await ownerWithoutPasskey();
    const recovered = await recover();
    await register(strict, recovered);
    expect((await remove(lost, recovered)).status).toBe(200);
    expect((await post(strict, '/recovery-codes', recovered)).status).toBe(201);
    const { passkeys } = (await strict.request('GET', '/api/v1/passkeys', recovered)).json;
    expect(passkeys.map(({ id }: { id: string }) => id)).not.toContain(lost);
  });

  it('replaces no assertion of another action, and nothing after ten minutes', async () => {
    const { lost, recover } = await ownerWithoutPasskey();
    const colleague = await strict.account('other-colleague@example.org', []);
    const recovered = await recover();
    for (const [method, path, body] of [
      ['POST', '/accounts', { email: 'new@example.org', name: 'New' }],
      ['PATCH', `/accounts/${colleague.id}`, { status: 'disabled' }],
      ['POST', `/accounts/${colleague.id}/invitation`, {}],
      ['POST', `/accounts/${colleague.id}/grants`, { role: 'owner' }],
      ['DELETE', `/accounts/${colleague.id}/access`, undefined],
      ['POST', '/tokens', { name: 'script' }],
    ] as const) {
      const { status, json } = await strict.request(method, `/api/v1${path}`, recovered, body);
      expect([path, status, json.code]).toEqual([path, 403, 'passkey_required']);
    }
    strict.advance(10 * 60_000);
    expect((await remove(lost, recovered)).json.code).toBe('step_up_required');
  });

  it('counts no more after a step-up with a passkey', async () => {
    const { lost, recover } = await ownerWithoutPasskey();
    const recovered = await recover();
    const passkey = await register(strict, recovered);
    const { nonce, token } = (await post(strict, '/session/step-up/challenge', recovered)).json;
    const response = passkey.authentication(challengeOf({ purpose: 'step-up', nonce }));
    expect((await post(strict, '/session/step-up', recovered, { token, response })).status).toBe(200);
    expect((await remove(lost, recovered)).json.code).toBe('passkey_required');
  });
});
