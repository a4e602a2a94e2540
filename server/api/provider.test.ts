/** Sign-in with a real identity provider (oidc-provider) over the API, with the attacks of case 48. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PROVIDER_PATH } from '../../shared/api/provider.ts';
import { PASSWORD } from '../../tests/support/api-client.ts';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';
import { authorize, CLIENT, startProvider, type TestProvider } from '../../tests/support/openid-provider.ts';
import { createOpenIdProvider } from '../openid/openid-provider.ts';
import type { ProviderSettings } from '../openid/provider-settings.ts';

const OWNER = { role: 'owner', group: null, area: null } as const;
const person = (login: string, groups: string[] = ['fleet-team']) => ({
  email: `${login}@example.org`,
  name: `${login} of the directory`,
  groups,
});

const settingsOf = (issuer: string, onlyProvider: boolean): ProviderSettings => ({
  name: 'Directory',
  issuer,
  clientId: CLIENT.id,
  clientSecret: CLIENT.secret,
  scopes: ['openid', 'profile', 'email'],
  groupsClaim: 'groups',
  onlyProvider,
  roles: [
    { providerGroup: 'fleet-team', role: 'fleet', group: null, area: null },
    { providerGroup: 'counsel', role: 'legal', group: null, area: null },
    { providerGroup: 'boss', role: 'owner', group: null, area: null },
  ],
});

let api: ApiServer;
let provider: TestProvider;
let owner: Awaited<ReturnType<ApiServer['account']>>;

async function open({ onlyProvider = false, requirePasskeys = false } = {}): Promise<void> {
  let origin = '';
  provider = await startProvider(
    { ada: person('ada'), ben: person('ben'), nobody: person('nobody', ['kitchen']) },
    () => [`${origin}${PROVIDER_PATH}`],
  );
  api = await startApi({
    proxies: ['127.0.0.1'],
    requirePasskeys,
    provider: (url) => {
      const settings = settingsOf(provider.issuer, onlyProvider);
      return {
        rules: settings,
        client: createOpenIdProvider({
          settings,
          redirectUri: () => `${url()}${PROVIDER_PATH}`,
          afterSignOut: () => `${url()}/`,
          log: { warn: () => undefined },
        }),
      };
    },
  });
  origin = api.url;
  owner = await api.account('owner@example.org', []);
}
async function close(): Promise<void> {
  await api?.close();
  await provider?.stop();
}

interface Secrets {
  readonly cookie?: string;
  readonly csrf?: string;
}
const headersOf = ({ cookie, csrf }: Secrets, more: string[] = []) => ({
  cookie: [cookie, ...more].filter(Boolean).join('; '),
  ...(csrf && { 'x-cordon-csrf': csrf }),
});
const firstCookie = (headers: Headers, name: string) =>
  headers
    .getSetCookie()
    .find((line) => line.startsWith(`${name}=`))
    ?.split(';')[0] ?? '';

/** Begins a sign-in, or a confirmation in the session. */
async function begin(what: '' | '/step-up' | '/link' = '', session: Secrets = {}) {
  const answer = await api.request('POST', `/api/v1/session/provider${what}`, headersOf(session));
  return { answer, url: String(answer.json?.url), pending: firstCookie(answer.headers, 'cordon_provider') };
}
const finish = (response: string, pending: string, session: Secrets = {}) =>
  api.request('POST', '/api/v1/session/provider/response', headersOf(session, [pending]), { response });

async function signIn(login: string, { session = {}, jar = new Map<string, string>() } = {}) {
  const { url, pending } = await begin();
  const answer = await finish(await authorize(url, login, jar), pending, session);
  const cookie = firstCookie(answer.headers, 'cordon_session');
  return { answer, cookie, csrf: String(answer.json?.session?.csrf ?? '') };
}
const show = (session: Secrets) => api.request('GET', '/api/v1/session', headersOf(session));
const entries = async () =>
  (await api.database.db.selectFrom('ledger_entries').select('kind').orderBy('id').execute()).map(({ kind }) => kind);

describe('sign-in with an identity provider', () => {
  beforeAll(() => open());
  afterAll(close);

  it('creates an account with the roles of the groups, and sets two parts of a new session', async () => {
    const { answer, ...session } = await signIn('ada');
    expect(answer.status).toBe(200);
    expect(answer.json.session.account).toMatchObject({
      email: 'ada@example.org',
      identity: { issuer: provider.issuer, subject: 'ada' },
      grants: [{ role: 'fleet', group: null, area: null, source: 'provider' }],
    });
    expect((await show(session)).json.account.email).toBe('ada@example.org');
    expect((await show({ cookie: session.cookie })).status).toBe(401);
    expect(await entries()).toEqual(['role.granted', 'role.granted']);
    const line = answer.headers.getSetCookie().find((each) => each.startsWith('cordon_session='));
    expect(line).toMatch(/HttpOnly; SameSite=Strict/);
  });

  it('logs a sign-in with its address, a failed one, and no secret of them', async () => {
    const { answer } = await signIn('ada');
    const { url, pending } = await begin();
    await finish(await authorize(url, 'ada'), '');
    const lines = api.logged.filter((line) => line.includes('"event":"sign_in'));
    expect(lines.at(-2)).toMatch(/"event":"sign_in".*ada@example\.org/);
    expect(lines.at(-1)).toMatch(/"event":"sign_in_failed".*provider_refused/);
    const state = new URL(url).searchParams.get('state') ?? '';
    for (const secret of [state, pending, answer.json.session.csrf]) expect(api.logged.join()).not.toContain(secret);
  });

  it('sends PKCE with S256, state, nonce and the exact redirect URI', async () => {
    const { url } = await begin();
    const query = Object.fromEntries(new URL(url).searchParams);
    expect(query).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: `${api.url}${PROVIDER_PATH}`,
      scope: 'openid profile email',
    });
    for (const secret of ['state', 'nonce', 'code_challenge']) expect(query[secret]?.length).toBeGreaterThan(40);
  });

  it('requires new credentials at the provider for a step-up, of the same person', async () => {
    const jar = new Map<string, string>();
    const session = await signIn('ada', { jar });
    const create = () => api.request('POST', '/api/v1/tokens', headersOf(session), { name: 'script' });
    expect((await create()).status).toBe(201);
    await api.database.db.updateTable('sessions').set({ authenticated_at: 0 }).execute();
    expect((await create()).json.code).toBe('step_up_required');
    const stepUp = async (login: string, change: (url: URL) => void = () => undefined) => {
      const { url, pending } = await begin('/step-up', session);
      const to = new URL(url);
      change(to);
      const cookies = login === 'ada' ? jar : new Map<string, string>();
      return (await finish(await authorize(to.href, login, cookies), pending, session)).json;
    };
    expect((await stepUp('ben')).code).toBe('provider_refused');
    expect((await create()).json.code).toBe('step_up_required');
    expect(await stepUp('ada')).toMatchObject({ purpose: 'step-up', session: null });
    expect((await create()).status).toBe(201);
    // A provider that ignores prompt=login states an old time of the sign-in.
    api.advance(5 * 60_000);
    await api.database.db.updateTable('sessions').set({ authenticated_at: 0 }).execute();
    const silent = (url: URL) => {
      url.searchParams.delete('prompt');
      url.searchParams.set('max_age', '3600');
    };
    expect((await stepUp('ada', silent)).code).toBe('provider_refused');
    expect((await create()).json.code).toBe('step_up_required');
  });

  it('case 49: removes a role whose group is gone at the next sign-in, and ends the sessions without a role', async () => {
    const before = await signIn('ben');
    const token = await api.admins.createToken(before.answer.json.session.account.id, 'script', null);
    expect((await show(before)).status).toBe(200);
    provider.people['ben'] = person('ben', ['counsel']);
    const changed = await signIn('ben');
    expect(changed.answer.json.session.account.grants).toEqual([
      { role: 'legal', group: null, area: null, source: 'provider' },
    ]);
    expect((await show(before)).json.rights).not.toContain('devices.revoke');
    provider.people['ben'] = person('ben', []);
    const refused = await signIn('ben');
    expect([refused.answer.status, refused.answer.json.code]).toEqual([403, 'role_missing']);
    expect((await show(before)).status).toBe(401);
    expect((await show(changed)).status).toBe(401);
    expect(await api.admins.tokenAccount(token.secret, 'x')).toBeNull();
    expect((await entries()).slice(-4)).toEqual(['role.granted', 'role.revoked', 'role.granted', 'role.revoked']);
    provider.people['ben'] = person('ben');
  });

  it('refuses a person without a mapped group, and creates no account', async () => {
    const { answer } = await signIn('nobody');
    expect([answer.status, answer.json.code]).toEqual([403, 'role_missing']);
    expect((await api.admins.accounts()).map(({ email }) => email)).not.toContain('nobody@example.org');
  });

  it('keeps a disabled account disabled', async () => {
    const account = (await api.admins.accounts()).find(({ email }) => email === 'ben@example.org');
    if (!account) throw new Error('ben has no account');
    await api.admins.setStatus(account.id, 'disabled');
    const { answer } = await signIn('ben');
    expect([answer.status, answer.json.code]).toEqual([403, 'account_disabled']);
    await api.admins.setStatus(account.id, 'active');
    expect((await signIn('ben')).answer.status).toBe(200);
  });

  it('case 48: accepts a response once', async () => {
    const { url, pending } = await begin();
    const response = await authorize(url, 'ada');
    expect((await finish(response, pending)).status).toBe(200);
    const again = await finish(response, pending);
    expect([again.status, again.json.code]).toEqual([401, 'provider_refused']);
  });

  it('case 48: refuses a code and state of another browser, with its cookie or without one', async () => {
    const [victim, attacker] = [await begin(), await begin()];
    const stolen = await authorize(attacker.url, 'ben');
    const codes = [];
    for (const cookie of [victim.pending, '', 'cordon_provider=guess'])
      codes.push((await finish(stolen, cookie)).json.code);
    expect(codes).toEqual(['provider_refused', 'provider_refused', 'provider_refused']);
    // The attacker's code with the victim's own state fails too, because the verifier belongs to another challenge.
    const [own, other] = [await begin(), await begin()];
    const code = new URLSearchParams(await authorize(other.url, 'ben')).get('code') ?? '';
    const mixed = new URLSearchParams(await authorize(own.url, 'ada'));
    mixed.set('code', code);
    expect((await finish(mixed.toString(), own.pending)).json.code).toBe('provider_refused');
  });

  it.each([
    ['of another provider', (query: URLSearchParams) => query.set('iss', 'http://127.0.0.1:1')],
    ['that lacks the issuer', (query: URLSearchParams) => query.delete('iss')],
    ['with a changed state', (query: URLSearchParams) => query.set('state', 'x'.repeat(43))],
    ['with two codes', (query: URLSearchParams) => query.append('code', 'another')],
    [
      'with an error of the provider',
      (query: URLSearchParams) => {
        query.delete('code');
        query.set('error', 'access_denied');
      },
    ],
  ])('case 48: refuses a response %s (mix-up)', async (_name, change) => {
    const { url, pending } = await begin();
    const query = new URLSearchParams(await authorize(url, 'ada'));
    change(query);
    const answer = await finish(query.toString(), pending);
    expect([answer.status, answer.json.code]).toEqual([401, 'provider_refused']);
    expect(answer.headers.getSetCookie()).toEqual([]);
  });

  it('case 48: refuses an unfinished sign-in after ten minutes', async () => {
    const { url, pending } = await begin();
    const response = await authorize(url, 'ada');
    api.advance(10 * 60_000);
    expect((await finish(response, pending)).json.code).toBe('provider_refused');
  });

  it('case 48: gives a new session at each sign-in, and ends the session that the browser had', async () => {
    const first = await signIn('ada');
    const { url, pending } = await begin('', first);
    const fixed = { cookie: first.cookie, csrf: first.csrf };
    const answer = await finish(await authorize(url, 'ben'), pending, fixed);
    const cookie = firstCookie(answer.headers, 'cordon_session');
    expect(cookie).not.toBe(first.cookie);
    expect((await show(fixed)).status).toBe(401);
    expect((await show({ cookie, csrf: answer.json.session.csrf })).json.account.email).toBe('ben@example.org');
  });

  it('case 48: over HTTPS, binds the sign-in to a cookie that only this host can set', async () => {
    const https = { 'x-forwarded-proto': 'https' };
    const answer = await api.request('POST', '/api/v1/session/provider', https);
    const [line = ''] = answer.headers.getSetCookie();
    expect(line).toMatch(/^__Host-cordon_provider=\S+; Path=\/; HttpOnly; SameSite=Strict; Max-Age=600; Secure$/);
    const response = await authorize(answer.json.url, 'ada');
    const value = line.split(';')[0]?.split('=')[1];
    const send = (name: string) =>
      api.request('POST', '/api/v1/session/provider/response', { ...https, cookie: `${name}=${value}` }, { response });
    expect((await send('cordon_provider')).json.code).toBe('provider_refused');
    expect((await send('__Host-cordon_provider')).status).toBe(200);
  });

  it('case 48: refuses requests that another site caused', async () => {
    for (const path of ['', '/response', '/step-up', '/link']) {
      const answer = await api.request(
        'POST',
        `/api/v1/session/provider${path}`,
        { 'sec-fetch-site': 'cross-site' },
        {},
      );
      expect([answer.status, answer.json.code]).toEqual([403, 'forbidden']);
    }
  });

  it('does not open an account by its e-mail address, until its holder links it', async () => {
    const eve = await api.account('eve+admin@example.org', [OWNER]);
    provider.people['eve'] = person('eve', ['boss']);
    const { answer } = await signIn('eve');
    expect([answer.status, answer.json.code]).toEqual([409, 'identity_not_linked']);
    const session = await api.signIn(eve);
    const { url, pending } = await begin('/link', session);
    const response = await authorize(url, 'eve');
    // Another session cannot complete the link.
    const other = await signIn('ada');
    expect((await finish(response, pending, other)).json.code).toBe('provider_refused');
    const again = await begin('/link', session);
    const linked = await finish(await authorize(again.url, 'eve'), again.pending, session);
    expect(linked.json).toMatchObject({ purpose: 'link', session: null });
    const signedIn = await signIn('eve');
    expect(signedIn.answer.json.session.account).toMatchObject({
      id: eve.id,
      grants: [{ ...OWNER, source: 'manual' }],
    });
  });

  it('refuses to link an identity of another account, or a second identity', async () => {
    const other = await api.account('other@example.org', []);
    const session = await api.signIn(other);
    const linkAs = async (login: string) => {
      const { url, pending } = await begin('/link', session);
      return (await finish(await authorize(url, login), pending, session)).json;
    };
    expect((await linkAs('ada')).code).toBe('conflict');
    provider.people['own'] = person('own');
    provider.people['second'] = person('second');
    expect((await linkAs('own')).purpose).toBe('link');
    expect((await linkAs('second')).code).toBe('conflict');
  });

  it('case 49: gives no role from the provider to a password or a token of a person who left', async () => {
    const left = await api.account('left@example.org', [{ role: 'legal', group: null, area: null }]);
    provider.people['left'] = person('left');
    const session = await api.signIn(left);
    const linking = await begin('/link', session);
    expect((await finish(await authorize(linking.url, 'left'), linking.pending, session)).status).toBe(200);
    expect((await signIn('left')).answer.json.session.rights).toContain('devices.revoke');
    const token = await api.token(left);
    const roles = async () => {
      const { json } = await api.request('GET', '/api/v1/session', { authorization: `Bearer ${token}` });
      return [(await api.signIn(left)).json.account.grants, json.account.grants].map((grants) => grants.length);
    };
    expect(await roles()).toEqual([2, 2]);
    api.advance(12 * 3_600_000);
    expect(await roles()).toEqual([1, 2]);
    api.advance(30 * 86_400_000);
    expect(await roles()).toEqual([1, 1]);
  });

  it('accepts no step-up with a token or without a linked identity', async () => {
    const token = await api.token(owner);
    const bearer = await api.request('POST', '/api/v1/session/provider/step-up', { authorization: `Bearer ${token}` });
    expect(bearer.json.code).toBe('step_up_required');
    const { answer } = await begin('/step-up', await api.signIn(owner));
    expect(answer.json.code).toBe('step_up_required');
  });

  it('offers the provider’s sign-out after a sign-in, with the address to return to', async () => {
    const { json } = await api.request('GET', '/api/v1/session/provider');
    expect(json.provider).toMatchObject({ name: 'Directory', origin: api.url, only: false });
    const url = new URL(json.provider.signOutUrl);
    expect(url.origin).toBe(provider.issuer);
    expect(url.searchParams.get('post_logout_redirect_uri')).toBe(`${api.url}/`);
  });

  it('states that a provider is down, and signs in after it returns', async () => {
    const { url, pending } = await begin();
    const response = await authorize(url, 'ada');
    await provider.stop();
    const answer = await finish(response, pending);
    expect([answer.status, answer.json.code]).toEqual([503, 'provider_unavailable']);
    await provider.start();
    expect((await signIn('ada')).answer.status).toBe(200);
  });
});

describe('an installation that allows only the provider', () => {
  beforeAll(() => open({ onlyProvider: true }));
  afterAll(close);

  it('refuses a password, except for an owner whom an owner appointed', async () => {
    const other = await api.account('legal@example.org', [{ role: 'legal', group: null, area: null }]);
    const attempt = (who: { email: string; secret: string }) =>
      api.request('POST', '/api/v1/session', {}, { email: who.email, password: PASSWORD, totp: api.code(who.secret) });
    expect((await attempt(owner)).status).toBe(200);
    const refused = await attempt(other);
    expect([refused.status, refused.json.code]).toEqual([403, 'provider_required']);
    // A wrong password is refused as always, so the text confirms nothing.
    const wrong = { email: other.email, password: 'wrong', totp: api.code(other.secret) };
    expect((await api.request('POST', '/api/v1/session', {}, wrong)).json.code).toBe('credentials_wrong');
  });

  it('refuses too many sign-ins of one network', async () => {
    const codes = new Set<unknown>();
    for (let count = 0; count <= 100; count += 1) codes.add((await begin()).answer.json.code);
    expect([...codes]).toEqual([undefined, 'rate_limited']);
  });
});

describe('an installation that requires passkeys', () => {
  beforeAll(() => open({ requirePasskeys: true }));
  afterAll(close);

  it('states after a sign-in whether the account must first register a passkey', async () => {
    // The account was linked before passkeys became required.
    const times = { linked_at: 0, signed_in_at: 0, proven: 1 as const };
    await api.database.db
      .insertInto('provider_identities')
      .values({ account_id: owner.id, issuer: provider.issuer, subject: 'ada', ...times })
      .execute();
    const linked = await signIn('ada');
    expect([linked.answer.json.session.account.id, linked.answer.json.session.passkeyPending]).toEqual([
      owner.id,
      true,
    ]);
    expect((await show(linked)).json.passkeyPending).toBe(true);
    expect((await signIn('ben')).answer.json.session.passkeyPending).toBe(false);
  });
});
