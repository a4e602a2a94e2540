/** Sign-in of the command line through a browser (RFC 8628), over real HTTP. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CLI_SIGN_IN_PATH } from '../../shared/api/cli-sign-in.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';

const MINUTE = 60_000;
const OWNER = { role: 'owner', group: null, area: null } as const;
let api: ApiServer;
let ada: Awaited<ReturnType<ApiServer['account']>> & { headers: Record<string, string> };
let addresses = 0;

beforeAll(async () => {
  api = await startApi({ proxies: ['127.0.0.1'] });
  const account = await api.account('ada@example.org', [OWNER]);
  ada = { ...account, headers: (await api.signIn(account)).headers };
});
afterAll(() => api.close());

const post = (path: string, headers: Record<string, string>, body: object) =>
  api.request('POST', `/api/v1/session/cli${path}`, headers, body);
/** Each call comes from another address, because the number of sign-ins of one network is limited. */
async function begin(host = 'laptop') {
  addresses += 1;
  const { status, json } = await post('', { 'x-forwarded-for': `192.0.2.${addresses}` }, { host });
  expect(status).toBe(201);
  return json as { userCode: string; secret: string };
}
const decide = (path: 'code' | 'approval' | 'refusal', code: string, headers = ada.headers) =>
  post(`/${path}`, headers, { code });
const finish = (secret: string) => post('/result', {}, { secret });
const refusal = ({ status, json }: { status: number; json: { code: string } }) => [status, json.code];

it('gives the command line a session of its own, once, after the person has confirmed the code', async () => {
  const { userCode, secret } = await begin('ada-laptop\u202e');
  expect(userCode).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  expect((await finish(secret)).json).toEqual({ session: null });
  // The person may omit the hyphen and capital letters.
  const shown = await decide('code', userCode.replace('-', ' ').toLowerCase());
  expect(shown.json).toMatchObject({ code: userCode, address: `192.0.2.${addresses}` });
  expect(shown.json.host).toMatch(/^ada-laptop/);
  expect(shown.json.host).not.toContain('\u202e');
  expect(shown.json.expiresAt - shown.json.begunAt).toBe(10 * MINUTE);
  expect((await finish(secret)).json).toEqual({ session: null });
  expect((await decide('approval', userCode)).status).toBe(200);
  // The code is spent with the decision.
  for (const path of ['code', 'approval', 'refusal'] as const) {
    expect(refusal(await decide(path, userCode))).toEqual([404, 'not_found']);
  }
  const done = await finish(secret);
  expect(done.json.session).toMatchObject({ via: 'session', account: { email: 'ada@example.org' } });
  const headers = {
    cookie: done.headers.get('set-cookie')?.split(';')[0] ?? '',
    'x-cordon-csrf': done.json.session.csrf,
  };
  expect((await api.request('GET', '/api/v1/accounts', headers)).status).toBe(200);
  expect(refusal(await finish(secret))).toEqual([404, 'not_found']);

  const { sessions } = (await api.request('GET', '/api/v1/sessions', ada.headers)).json;
  const [own] = sessions.filter((each: { userAgent: string }) => each.userAgent.startsWith('cordon on ada-laptop'));
  expect(own.expiresAt - own.createdAt).toBe(12 * 60 * MINUTE);
  const entries = await api.database.db
    .selectFrom('ledger_entries')
    .select('body')
    .where('kind', '=', 'session.allowed')
    .execute();
  expect(entries).toHaveLength(1);
  expect(CLI_SIGN_IN_PATH).toBe('/cli-sign-in');
});

it('gives no session after a refusal, to another secret, or to a disabled account', async () => {
  const declined = await begin();
  expect((await decide('refusal', declined.userCode)).status).toBe(200);
  expect(refusal(await finish(declined.secret))).toEqual([403, 'forbidden']);
  expect(refusal(await finish(declined.secret))).toEqual([404, 'not_found']);
  expect(refusal(await finish('x'))).toEqual([404, 'not_found']);

  const ben = await api.account('ben@example.org', [OWNER]);
  const { headers } = await api.signIn(ben);
  const allowed = await begin();
  expect((await decide('approval', allowed.userCode, headers)).status).toBe(200);
  const path = `/api/v1/accounts/${ben.id}`;
  expect((await api.request('PATCH', path, ada.headers, { status: 'disabled' })).status).toBe(200);
  expect(refusal(await finish(allowed.secret))).toEqual([403, 'account_disabled']);
});

it('needs a signed-in person and a step-up, and is no substitute for a step-up', async () => {
  const { userCode, secret } = await begin();
  const token = await api.token(ada);
  for (const headers of [{}, { authorization: `Bearer ${token}` }]) {
    const { status } = await decide('approval', userCode, headers as Record<string, string>);
    expect(status).toBeOneOf([401, 403]);
  }
  const { headers } = await api.signIn(ada);
  api.advance(9 * MINUTE);
  expect((await decide('approval', userCode, headers)).status).toBe(200);
  const done = await finish(secret);
  expect(done.status).toBe(200);
  const chained = {
    cookie: done.headers.get('set-cookie')?.split(';')[0] ?? '',
    'x-cordon-csrf': done.json.session.csrf,
  };
  // Ten minutes after the sign-in of the person, neither session may allow another one.
  api.advance(2 * MINUTE);
  const next = await begin();
  for (const each of [headers, chained]) {
    expect(refusal(await decide('approval', next.userCode, each))).toEqual([403, 'step_up_required']);
  }
});

it('expires after ten minutes, before and after the decision', async () => {
  const [waiting, allowed] = [await begin(), await begin()];
  const { headers } = await api.signIn(ada);
  expect((await decide('approval', allowed.userCode, headers)).status).toBe(200);
  api.advance(10 * MINUTE);
  expect(refusal(await finish(waiting.secret))).toEqual([404, 'not_found']);
  expect(refusal(await finish(allowed.secret))).toEqual([404, 'not_found']);
  const again = await api.signIn(ada);
  expect(refusal(await decide('code', waiting.userCode, again.headers))).toEqual([404, 'not_found']);
});

it('limits how many codes a person enters, and how many sign-ins a network begins', async () => {
  const cleo = await api.account('cleo@example.org', [OWNER]);
  const { headers } = await api.signIn(cleo);
  for (let guess = 0; guess < 30; guess += 1) {
    expect((await decide('code', 'BBBB-BBBB', headers)).status).toBe(404);
  }
  const { userCode } = await begin();
  expect(refusal(await decide('code', userCode, headers))).toEqual([429, 'rate_limited']);
  const source = { 'x-forwarded-for': '198.51.100.7' };
  const secrets: string[] = [];
  for (let count = 0; count < 30; count += 1) secrets.push((await post('', source, { host: 'x' })).json.secret);
  expect(refusal(await post('', source, { host: 'x' }))).toEqual([429, 'rate_limited']);
  // The server keeps only the newest 20 sign-ins of one network.
  expect((await finish(secrets[9] ?? '')).status).toBe(404);
  expect((await finish(secrets[10] ?? '')).status).toBe(200);
});
