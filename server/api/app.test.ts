/** Sign-in and refusals, over real HTTP on the real store. */

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { verifySync } from 'otplib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { newGroupId } from '../../shared/protocol/ids.ts';
import { PASSWORD } from '../../tests/support/api-client.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { createSignInLimits } from '../admins/sign-in-limits.ts';

let api: ApiServer;
let owner: Awaited<ReturnType<ApiServer['account']>>;
beforeEach(async () => {
  api = await startApi();
  owner = await api.account('Owner@Example.org', []);
});
afterEach(() => api.close());

const OWNER = { role: 'owner', group: null, area: null } as const;

it('creates the first owner by a link that works only once', async () => {
  const fresh = await startApi();
  try {
    const older = await fresh.admins.firstOwnerInvitation();
    const token = await fresh.admins.firstOwnerInvitation();
    const body = (given: unknown) => ({ token: given, password: PASSWORD, email: 'first@example.org', name: 'First' });
    const redeem = (given: unknown) => fresh.request('POST', '/api/v1/invitations/redeem', {}, body(given));
    expect((await redeem(older)).json.code).toBe('invitation_invalid');
    const short = { ...body(token), password: 'too short' };
    expect((await fresh.request('POST', '/api/v1/invitations/redeem', {}, short)).json.code).toBe('invalid_input');
    const both = await Promise.all([redeem(token), redeem(token)]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 401]);
    const made = both.find(({ status }) => status === 200)?.json;
    expect(made.account.grants).toEqual([{ ...OWNER, source: 'manual' }]);
    expect(made.totpUri).toContain(`secret=${made.totpSecret}`);
    expect(await fresh.admins.firstOwnerInvitation()).toBeNull();
    await fresh.ledger.sequence();
    const entries = await fresh.database.db.selectFrom('ledger_entries').select('kind').execute();
    expect(entries).toEqual([{ kind: 'role.granted' }]);
    const { accounts } = { accounts: await fresh.database.db.selectFrom('accounts').selectAll().execute() };
    expect(JSON.stringify(accounts)).not.toContain(made.totpSecret);
    expect(accounts[0]?.password_hash).toMatch(/^\$argon2id\$/);
  } finally {
    await fresh.close();
  }
});

it('case 48: accepts a code once, also in two simultaneous requests', async () => {
  const body = { email: owner.email, password: PASSWORD, totp: api.code(owner.secret) };
  const both = await Promise.all([1, 2].map(() => api.request('POST', '/api/v1/session', {}, body)));
  expect(both.map(({ json }) => json.code ?? 'in').sort()).toEqual(['in', 'totp_reused']);
  expect((await api.request('POST', '/api/v1/session', {}, body)).json.code).toBe('totp_reused');
  expect((await api.signIn(owner)).status).toBe(200);
});

it('has one error for a wrong e-mail, password or code, and requires a code before it checks the password', async () => {
  const right = { email: owner.email, password: PASSWORD };
  const answers = [
    await api.request('POST', '/api/v1/session', {}, { ...right, totp: '000000', password: 'wrong wrong wrong' }),
    await api.request('POST', '/api/v1/session', {}, { ...right, totp: '000000', email: 'nobody@example.org' }),
    await api.request('POST', '/api/v1/session', {}, { ...right, totp: wrongCode(owner.secret) }),
  ];
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  expect(answers[0]).toMatchObject({ status: 401, json: { code: 'credentials_wrong' } });
  expect(answers[0]?.headers.get('set-cookie')).toBeNull();
  expect((await api.request('POST', '/api/v1/session', {}, right)).json.code).toBe('totp_required');
  expect((await api.request('POST', '/api/v1/session', {}, { ...right, password: 'x' })).json.code).toBe(
    'totp_required',
  );
});

function wrongCode(secret: string): string {
  for (let code = 100_000; ; code++) {
    if (!verifySync({ secret, token: String(code), epochTolerance: 120 }).valid) return String(code);
  }
}

describe('case 48: sign-in limits that a stranger cannot use against an admin', () => {
  let limited: ApiServer;
  let who: Awaited<ReturnType<ApiServer['account']>>;
  const paused: number[] = [];
  beforeEach(async () => {
    paused.length = 0;
    limited = await startApi({ limits: createSignInLimits({ pause: async (gap) => void paused.push(gap) }) });
    who = await limited.account('a@example.org', []);
  });
  afterEach(() => limited.close());

  const attempt = (email: string, password: string, totp: string, headers: Record<string, string> = {}) =>
    limited.request('POST', '/api/v1/session', headers, { email, password, totp });
  const right = (headers: Record<string, string> = {}) =>
    attempt(who.email, PASSWORD, limited.code(who.secret), headers);

  it('do not lock an owner after five or twelve wrong passwords, also from the same address', async () => {
    for (let n = 0; n < 12; n++) {
      expect((await attempt(who.email, `guess number ${n}`, '123456')).json.code).toBe('credentials_wrong');
    }
    expect((await right()).status).toBe(200);
    // Each guess after the fifth waits longer.
    expect(paused.length).toBeGreaterThanOrEqual(7);
    expect(Math.max(...paused)).toBeGreaterThan(1_000);
  });

  it('do not lock other sign-ins from an address after 41 failures', async () => {
    for (let n = 0; n < 41; n++) {
      expect((await attempt(`user${n}@example.org`, 'Spring 2026!!', '123456')).status).toBe(401);
    }
    expect((await right()).status).toBe(200);
  });

  it('refuse a flood with 429 and Retry-After, but not a known browser', async () => {
    const known = (await right()).headers.getSetCookie().find((cookie) => cookie.startsWith('cordon_browser='));
    const cookie = known?.split(';')[0] ?? '';
    expect(known).toMatch(/^cordon_browser=\S+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=15552000$/);
    const flood = Promise.all(Array.from({ length: 60 }, (_, n) => attempt(who.email, `guess number ${n}`, '123456')));
    expect((await right({ cookie })).status).toBe(200);
    const refused = (await flood).filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(0);
    for (const { json, headers } of refused) {
      expect(json.code).toBe('rate_limited');
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
  });

  it('allow ten wrong codes with the correct password, which the response does not confirm', async () => {
    const signed = await right();
    const cookie = signed.headers
      .getSetCookie()
      .map((set) => set.split(';')[0])
      .join('; ');
    const answers: string[] = [];
    for (let n = 0; n < 10; n++) answers.push((await attempt(who.email, PASSWORD, wrongCode(who.secret))).text);
    const locked = await right();
    expect(locked.status).toBe(401);
    expect(new Set([...answers, locked.text, (await attempt(who.email, 'another password', '123456')).text]).size).toBe(
      1,
    );
    expect((await right({ cookie })).status).toBe(200);
  });

  it('treat every browser as unknown after new credentials', async () => {
    const cookie = (await right()).headers
      .getSetCookie()
      .map((set) => set.split(';')[0])
      .join('; ');
    const { invitation } = await limited.admins.createAccountLink(who.id);
    const again = await limited.admins.redeemInvitation({ token: invitation, password: PASSWORD, address: 'test' });
    for (let n = 0; n < 10; n++) await attempt(who.email, PASSWORD, wrongCode(again.totpSecret));
    expect((await attempt(who.email, PASSWORD, limited.code(again.totpSecret), { cookie })).status).toBe(401);
  });

  it('compute no password hash for a wrong invitation', async () => {
    let hashes = 0;
    const limits = createSignInLimits();
    const counted = await startApi({
      limits: {
        ...limits,
        hash: (source, work) => {
          hashes += 1;
          return limits.hash(source, work);
        },
      },
    });
    try {
      const redeem = (token: string | null) => {
        const body = { token, password: PASSWORD, email: 'a@example.org', name: 'A' };
        return counted.request('POST', '/api/v1/invitations/redeem', {}, body);
      };
      const token = await counted.admins.firstOwnerInvitation();
      expect((await redeem('a'.repeat(52))).json.code).toBe('invitation_invalid');
      expect(hashes).toBe(0);
      expect((await redeem(token)).status).toBe(200);
      expect(hashes).toBe(1);
    } finally {
      await counted.close();
    }
  });
});

it('keeps a session in a cookie that no script reads, and ends it at sign-out', async () => {
  const signed = await api.request(
    'POST',
    '/api/v1/session',
    {},
    {
      email: owner.email,
      password: PASSWORD,
      totp: api.code(owner.secret),
    },
  );
  expect(signed.headers.get('set-cookie')).toMatch(
    /^cordon_session=\S{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=\d+, cordon_browser=/,
  );
  expect(signed.headers.get('cache-control')).toBe('no-store');
  const { headers } = await api.signIn(owner);
  expect((await api.request('GET', '/api/v1/session', headers)).json.account.email).toBe('Owner@Example.org');
  expect((await api.request('DELETE', '/api/v1/session', headers)).status).toBe(200);
  expect((await api.request('GET', '/api/v1/session', headers)).json.code).toBe('not_signed_in');
});

it('case 48: session fixation: a cookie from before the sign-in is invalid after it', async () => {
  const planted = `cordon_session=${'A'.repeat(43)}`;
  const signed = await api.signIn(owner, { cookie: planted });
  expect(signed.status).toBe(200);
  expect(signed.cookie).not.toBe(planted);
  expect((await api.request('GET', '/api/v1/session', { cookie: planted })).status).toBe(401);
  const again = await api.signIn(owner, { cookie: signed.cookie });
  expect((await api.request('GET', '/api/v1/session', signed.headers)).status).toBe(401);
  expect((await api.request('GET', '/api/v1/session', again.headers)).status).toBe(200);
  expect((await api.request('GET', '/api/v1/session', { ...again.headers, cookie: signed.cookie })).status).toBe(401);
});

it('case 48: CSRF: refuses a cookie without the CSRF token, and every request from another site', async () => {
  const { cookie, csrf } = await api.signIn(owner);
  const make = (headers: Record<string, string>) =>
    api.request('POST', '/api/v1/groups', headers, { name: `G ${Math.random()}` });
  for (const half of [{}, { 'x-cordon-csrf': `${csrf.slice(1)}x` }, { 'x-cordon-csrf': '' }]) {
    expect((await make({ cookie, ...half })).status).toBe(401);
    for (const path of ['session', 'accounts', 'devices', 'sessions', 'ledger/checkpoint']) {
      const { status, json } = await api.request('GET', `/api/v1/${path}`, { cookie, ...half });
      expect([path, status, json.code]).toEqual([path, 401, 'not_signed_in']);
    }
  }
  expect(await api.devices.groups()).toEqual([]);
  const good = { cookie, 'x-cordon-csrf': csrf };
  expect((await make(good)).status).toBe(201);
  // `fetch` sets this header itself, so the test writes the request by hand.
  const fromSite = (site: string) =>
    new Promise<number>((resolve, reject) => {
      const headers = { ...good, 'sec-fetch-site': site, 'content-type': 'application/json' };
      const sent = httpRequest(`${api.url}/api/v1/groups`, { method: 'POST', headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      sent.on('error', reject).end(JSON.stringify({ name: site }));
    });
  expect(await fromSite('same-origin')).toBe(201);
  expect([await fromSite('cross-site'), await fromSite('same-site')]).toEqual([403, 403]);
});

it('case 49: removes a role at once, for sessions and tokens', async () => {
  const other = await api.account('other@example.org', [OWNER]);
  const { headers } = await api.signIn(other);
  const bearer = { authorization: `Bearer ${await api.token(other)}` };
  expect((await api.request('GET', '/api/v1/accounts', headers)).status).toBe(200);
  const boss = (await api.signIn(owner)).headers;
  const revoked = await api.request('DELETE', `/api/v1/accounts/${other.id}/grants`, boss, { role: 'owner' });
  expect(revoked.json.grants).toEqual([]);
  expect((await api.request('GET', '/api/v1/accounts', headers)).json.code).toBe('forbidden');
  expect((await api.request('GET', '/api/v1/accounts', bearer)).json.code).toBe('forbidden');
  expect((await api.request('PATCH', `/api/v1/accounts/${other.id}`, boss, { status: 'disabled' })).status).toBe(200);
  expect((await api.request('GET', '/api/v1/session', headers)).json.code).toBe('not_signed_in');
  expect((await api.request('GET', '/api/v1/session', bearer)).json.code).toBe('not_signed_in');
  expect((await api.signIn(other)).json.code).toBe('credentials_wrong');
  const kinds = (await api.database.db.selectFrom('ledger_entries').select('kind').orderBy('id').execute()).map(
    (l) => l.kind,
  );
  expect(kinds).toEqual(['role.granted', 'role.granted', 'role.revoked', 'role.revoked']);
});

it('case 49: never removes or disables the last owner who can sign in, also in simultaneous requests', async () => {
  const boss = (await api.signIn(owner)).headers;
  const disable = (id: string) => api.request('PATCH', `/api/v1/accounts/${id}`, boss, { status: 'disabled' });
  const invited = await api.request('POST', '/api/v1/accounts', boss, {
    email: 'never-came@example.org',
    name: 'Never came',
    grants: [{ role: 'owner' }],
  });
  expect(invited.status).toBe(201);
  expect((await disable(owner.id)).json.code).toBe('last_owner');
  const removed = await api.request('DELETE', `/api/v1/accounts/${owner.id}/grants`, boss, { role: 'owner' });
  expect([removed.status, removed.json.code]).toEqual([409, 'last_owner']);
  expect((await api.request('GET', '/api/v1/accounts', boss)).status).toBe(200);
  const other = await api.account('second@example.org', [OWNER]);
  const both = await Promise.allSettled([
    api.admins.revokeGrant(owner.id, OWNER),
    api.admins.revokeGrant(other.id, OWNER),
  ]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
});

it('creates an account with all its grants or not at all', async () => {
  const boss = (await api.signIn(owner)).headers;
  const entries = async () => (await api.database.db.selectFrom('ledger_entries').select('id').execute()).length;
  const before = await entries();
  const wanted = { email: 'late@example.org', name: 'Late' };
  const helpdesk = { role: 'helpdesk', area: 'PK' };
  const unknown = { role: 'fleet', group: newGroupId() };
  const make = (grants: object[]) => api.request('POST', '/api/v1/accounts', boss, { ...wanted, grants });
  const refused = await make([helpdesk, unknown]);
  expect([refused.status, refused.json.code]).toEqual([404, 'not_found']);
  expect(await entries()).toBe(before);
  const { status, json } = await make([helpdesk, helpdesk]);
  expect([status, json.account.grants]).toEqual([201, [{ ...helpdesk, group: null, source: 'manual' }]]);
  expect(await entries()).toBe(before + 1);
});

it('case 31: treats two accounts with one mailbox as one person', async () => {
  const people = ['pat@example.org', 'Pat+legal@example.org', 'ｐat+two@Example.ORG', 'pat@example.net'];
  const made = [];
  for (const email of people) made.push((await api.admins.createAccount(email, 'Pat')).account.person);
  expect(new Set(made.slice(0, 3)).size).toBe(1);
  expect(made[3]).not.toBe(made[0]);
  await expect(api.admins.createAccount('PAT@example.org', 'Pat')).rejects.toMatchObject({ code: 'conflict' });
});

it('registers only Ed25519 keys, and each key for one person only', async () => {
  const other = await api.account('other@example.org', [OWNER]);
  const [mine, theirs] = [(await api.signIn(owner)).headers, (await api.signIn(other)).headers];
  const spki = (key: KeyObject) => key.export({ type: 'spki', format: 'der' }).toString('base64');
  const good = spki(generateKeyPairSync('ed25519').publicKey);
  const register = (headers: Record<string, string> | undefined, publicKey: string) =>
    api.request('POST', '/api/v1/approver-keys', headers, { publicKey });
  expect((await register(mine, good)).json.keyid).toMatch(/^[0-9a-f]{64}$/);
  expect((await register(mine, good)).status).toBe(201);
  expect((await register(theirs, good)).json.code).toBe('conflict');
  const p256 = spki(generateKeyPairSync('ec', { namedCurve: 'prime256v1' }).publicKey);
  for (const bad of [p256, 'AAAA', `${good.slice(0, -4)}AAAAAAAA`]) {
    expect([bad, (await register(mine, bad)).json.code]).toEqual([bad, 'invalid_input']);
  }
});

it('case 52: never shows a secret in a refusal, the log or the store', async () => {
  const signed = await api.signIn(owner);
  const secret = 'hunter2-hunter2-hunter2';
  const bodies = [
    { email: owner.email, password: secret, totp: 'abc' },
    { email: owner.email, password: { nested: secret }, totp: '123456' },
    { email: owner.email, password: secret, totp: '123456', extra: secret },
    `{"password":"${secret}`,
  ];
  for (const body of bodies) {
    const { status, text } = await api.request('POST', '/api/v1/session', {}, body);
    expect([status >= 400 && status < 500, text.includes(secret)]).toEqual([true, false]);
  }
  const { secret: token } = (await api.request('POST', '/api/v1/tokens', signed.headers, { name: 'script' })).json;
  expect(token).toMatch(/^cordon_\S{43}$/);
  const stolen = await api.request('POST', '/api/v1/tokens', { authorization: `Bearer ${token}` }, { name: 'more' });
  expect(stolen.json.code).toBe('step_up_required');
  expect(stolen.text).not.toContain(token);
  expect(JSON.stringify((await api.request('GET', '/api/v1/tokens', signed.headers)).json)).not.toContain(token);
  const cookie = signed.cookie.split('=')[1] ?? '';
  const log = api.logged.join('\n');
  const rows = JSON.stringify([
    await api.database.db.selectFrom('sessions').selectAll().execute(),
    await api.database.db.selectFrom('api_tokens').selectAll().execute(),
    await api.database.db.selectFrom('accounts').selectAll().execute(),
  ]);
  for (const value of [secret, token, cookie, signed.csrf, PASSWORD, owner.secret]) {
    expect([log.includes(value), rows.includes(value)]).toEqual([false, false]);
  }
});

it('case 13, case 51: refuses too large, malformed and unknown input in words, and changes nothing', async () => {
  const boss = { authorization: `Bearer ${await api.token(owner)}` };
  const big = await api.request('POST', '/api/v1/groups', boss, { name: 'x'.repeat(2_000_000) });
  expect([big.status, big.json.code]).toEqual([413, 'too_large']);
  for (const body of [
    '{',
    '[1]',
    '"x"',
    { name: '' },
    { name: 'a', color: 'red' },
    { name: 'a', home: 'pk' },
    '{"name":"a","name":1}',
  ]) {
    const { status, json } = await api.request('POST', '/api/v1/groups', boss, body);
    expect([body, status >= 400 && status < 500, json.type]).toEqual([body, true, `urn:cordon:problem:${json.code}`]);
  }
  expect(await api.devices.groups()).toEqual([]);
  expect((await api.request('GET', '/api/v1/nothing', boss)).json.code).toBe('not_found');
  expect((await api.request('GET', '/api/v1/devices/%2e%2e%2f', boss)).json.code).toBe('invalid_input');
  const { headers } = await api.request('GET', '/healthz');
  expect(headers.get('x-powered-by')).toBeNull();
  expect(headers.get('x-content-type-options')).toBe('nosniff');
});

it('reads no body of an unauthenticated request', async () => {
  const { status, json } = await api
    .request('POST', '/api/v1/groups', {}, { name: 'x'.repeat(2_000_000) })
    .catch(() => ({
      status: 401,
      json: { code: 'not_signed_in' },
    }));
  expect([status, json.code]).toEqual([401, 'not_signed_in']);
});

it('describes every route in the OpenAPI document', async () => {
  const { json } = await api.request('GET', '/api/openapi.json');
  const described = Object.values(json.paths).flatMap((path) =>
    Object.values(path as Record<string, { operationId: string }>).map(({ operationId }) => operationId),
  );
  expect(described.sort()).toEqual(api.routes.map(({ name }) => name).sort());
  expect(json.paths['/api/v1/devices/{id}/commands'].post.requestBody.content['application/json'].schema).toBeDefined();
});

it('returns counts without names to a monitoring system', async () => {
  const { status, headers, text } = await api.request('GET', '/metrics');
  expect([status, headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
  expect(text).toMatch(/^cordon_connections 0$/m);
  // A monitoring system may scrape repeatedly.
  const { text: again } = await api.request('GET', '/metrics');
  for (const metric of ['posts_total 5', 'mailbox_entries 4', 'mailbox_bytes 300', 'mailbox_held 1']) {
    expect(again).toMatch(new RegExp(`^cordon_${metric}$`, 'm'));
  }
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
  expect(text).not.toContain('example.org');
});
