/**
 * Attacks of a hostile or compromised provider on the OpenID client: forged keys and headers, foreign addresses, endless and compressed
 * responses, and claims that no directory sends. `openid-provider.test.ts` has the usual faults.
 */
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createOpenIdProvider } from './openid-provider.ts';

const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const ATTACKER = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const SECRET = 'the secret of the client';
const REDIRECT = 'http://127.0.0.1:8445/sign-in/provider';
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const jwk = (key: KeyObject, more: object = {}) => ({ ...key.export({ format: 'jwk' }), use: 'sig', ...more });
const seconds = () => Math.floor(Date.now() / 1000);

type Answer = (response: ServerResponse, request: IncomingMessage) => void;

interface Lies {
  readonly header?: object;
  readonly claims?: object;
  readonly metadata?: object;
  readonly keys?: readonly object[];
  /** Makes the signature of the ID token. Default: the key of the provider. */
  readonly signature?: (signed: string) => string;
  readonly userInfo?: object;
  /** Responses by path instead of the usual ones. */
  readonly answers?: Readonly<Record<string, Answer>>;
}
let lies: Lies = {};
let nonce = '';
let issuer = '';
/** Requests by path, and those that reached another host. */
let asked: string[] = [];
let strayed: string[] = [];
let elsewhere = '';

const json = (response: ServerResponse, body: object) =>
  response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
const signedBy = (key: KeyObject) => (signed: string) =>
  sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url');

const provider = createServer((request, response) => {
  const path = request.url ?? '';
  asked.push(path);
  const answer = lies.answers?.[path];
  if (answer) return answer(response, request);
  switch (path) {
    case '/.well-known/openid-configuration':
      return json(response, {
        issuer,
        authorization_endpoint: `${issuer}/auth`,
        token_endpoint: `${issuer}/token`,
        jwks_uri: `${issuer}/keys`,
        userinfo_endpoint: `${issuer}/userinfo`,
        response_types_supported: ['code'],
        subject_types_supported: ['public'],
        id_token_signing_alg_values_supported: ['ES256'],
        ...lies.metadata,
      });
    case '/keys':
      return json(response, { keys: lies.keys ?? [jwk(KEY.publicKey, { kid: '1', alg: 'ES256' })] });
    case '/userinfo':
      return json(response, { sub: 'ada', ...lies.userInfo });
    case '/token':
      return json(response, { access_token: 'x', token_type: 'Bearer', id_token: idToken() });
    default:
      return response.writeHead(404).end();
  }
});

function idToken(): string {
  const now = seconds();
  const claims = { iss: issuer, sub: 'ada', aud: 'cordon', iat: now, exp: now + 60, nonce, ...lies.claims };
  const signed = `${encoded({ alg: 'ES256', kid: '1', ...lies.header })}.${encoded(claims)}`;
  return `${signed}.${(lies.signature ?? signedBy(KEY.privateKey))(signed)}`;
}

/** Another host, to which an attacker would like requests to go. It has the attacker's key. */
const other = createServer((request, response) => {
  strayed.push(request.url ?? '');
  json(response, { keys: [jwk(ATTACKER.publicKey, { kid: '1', alg: 'ES256' })] });
});
const redirected: Answer = (response) => response.writeHead(302, { location: `${elsewhere}/keys` }).end();

const listen = async (server: Server) => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
const create = () =>
  createOpenIdProvider({
    settings: {
      name: 'Directory',
      issuer,
      clientId: 'cordon',
      clientSecret: SECRET,
      scopes: ['openid'],
      groupsClaim: 'groups',
      onlyProvider: false,
      roles: [],
    },
    redirectUri: () => REDIRECT,
    afterSignOut: () => REDIRECT,
    log: { warn: (facts) => void logged.push(JSON.stringify(facts)) },
    deadline: 1,
  });
let logged: string[] = [];

async function signIn(client = create()) {
  const { request } = await client.begin(false);
  nonce = request.nonce;
  return client.finish(`code=x&state=${request.state}`, request);
}
const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'accepted',
    (error: { code?: string }) => error.code ?? String(error),
  );

beforeAll(async () => {
  [issuer, elsewhere] = await Promise.all([listen(provider), listen(other)]);
});
afterAll(async () => {
  for (const server of [provider, other]) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});
beforeEach(() => {
  [lies, asked, strayed, logged] = [{}, [], [], []];
});

describe('case 48: a forged ID token', () => {
  const spki = KEY.publicKey.export({ type: 'spki', format: 'pem' });
  const hmac = (secret: string | Buffer) => (signed: string) =>
    createHmac('sha256', secret).update(signed).digest('base64url');
  const hmacSupported = { id_token_signing_alg_values_supported: ['ES256', 'HS256', 'none'] };
  const attackerJwk = jwk(ATTACKER.publicKey);

  it.each<[string, () => Lies]>([
    ['without a signature', () => ({ header: { alg: 'none' }, signature: () => '', metadata: hmacSupported })],
    [
      'with an HMAC of the public key',
      () => ({ header: { alg: 'HS256' }, signature: hmac(spki), metadata: hmacSupported }),
    ],
    [
      'with an HMAC of the client secret, which the person’s browser does not have but other servers may',
      () => ({ header: { alg: 'HS256' }, signature: hmac(SECRET), metadata: hmacSupported }),
    ],
    [
      'with an HMAC under a symmetric key in the key set',
      () => ({
        header: { alg: 'HS256', kid: '2' },
        keys: [{ kty: 'oct', kid: '2', alg: 'HS256', k: Buffer.from('k'.repeat(32)).toString('base64url') }],
        signature: hmac('k'.repeat(32)),
        metadata: hmacSupported,
      }),
    ],
    [
      'with its own key in the header',
      () => ({ header: { jwk: attackerJwk }, signature: signedBy(ATTACKER.privateKey) }),
    ],
    [
      'with the address of another key set in the header',
      () => ({ header: { jku: `${elsewhere}/keys` }, signature: signedBy(ATTACKER.privateKey) }),
    ],
    [
      'with a certificate in the header',
      () => ({ header: { x5u: `${elsewhere}/keys`, x5c: ['AAAA'] }, signature: signedBy(ATTACKER.privateKey) }),
    ],
    ['with an unknown critical header', () => ({ header: { crit: ['b64'], b64: false } })],
    ['with a key id that is a path', () => ({ header: { kid: '../../../etc/passwd' } })],
    ['with a key id that is an object', () => ({ header: { kid: { $ne: '' } } })],
    ['with a key that only encrypts', () => ({ keys: [jwk(KEY.publicKey, { kid: '1', use: 'enc' })] })],
    [
      'with two keys of the same id',
      () => ({ keys: [jwk(ATTACKER.publicKey, { kid: '1' }), jwk(KEY.publicKey, { kid: '1' })] }),
    ],
    ['with a list of audiences and no authorized party', () => ({ claims: { aud: ['cordon', 'other'] } })],
    ['with another authorized party', () => ({ claims: { azp: 'other' } })],
    ['with an empty list of audiences', () => ({ claims: { aud: [] } })],
    ['with an issuer that only begins like the right one', () => ({ claims: { iss: `${issuer}.evil.example` } })],
    ['with a slash after the issuer', () => ({ claims: { iss: `${issuer}/` } })],
    ['without a time of issue', () => ({ claims: { iat: undefined } })],
    ['without an end', () => ({ claims: { exp: undefined } })],
    ['with an end that is text', () => ({ claims: { exp: '9999999999' } })],
    ['that begins tomorrow', () => ({ claims: { nbf: seconds() + 86_400 } })],
    ['that expired a year ago', () => ({ claims: { exp: seconds() - 365 * 86_400 } })],
  ])('%s is refused', async (_name, lie) => {
    lies = lie();
    expect(await codeOf(signIn())).toMatch(/^provider_(refused|unavailable)$/);
    expect(strayed).toEqual([]);
  });

  it('of another sign-in is refused, also if its nonce was valid once', async () => {
    const client = create();
    expect(await codeOf(signIn(client))).toBe('accepted');
    const old = nonce;
    lies = { claims: { nonce: old } };
    expect(await codeOf(signIn(client))).toBe('provider_refused');
  });

  it('with unknown key ids does not make the server read the key set for each token', async () => {
    const client = create();
    expect(await codeOf(signIn(client))).toBe('accepted');
    for (let at = 0; at < 20; at += 1) {
      lies = { header: { kid: `rotated-${at}` } };
      expect(await codeOf(signIn(client))).toMatch(/^provider_/);
    }
    expect(asked.filter((path) => path === '/keys').length).toBeLessThan(5);
  });
});

describe('case 53: a provider that sends the server elsewhere', () => {
  it.each<[string, () => Lies]>([
    ['redirects the discovery', () => ({ answers: { '/.well-known/openid-configuration': redirected } })],
    ['redirects the key set', () => ({ answers: { '/keys': redirected } })],
    ['redirects the UserInfo request', () => ({ answers: { '/userinfo': redirected } })],
    ['names a key set without encryption', () => ({ metadata: { jwks_uri: 'http://192.0.2.1/keys' } })],
    ['names a UserInfo address without encryption', () => ({ metadata: { userinfo_endpoint: 'http://192.0.2.1/me' } })],
    ['names a file as its key set', () => ({ metadata: { jwks_uri: 'file:///etc/passwd' } })],
    ['names inline data as its key set', () => ({ metadata: { jwks_uri: 'data:application/json,{"keys":[]}' } })],
  ])('%s: nobody signs in, and no request leaves', async (_name, lie) => {
    lies = lie();
    expect(await codeOf(signIn())).toMatch(/^provider_(refused|unavailable)$/);
    expect(strayed).toEqual([]);
  });

  it.each(['javascript:alert(1)', 'data:text/html,x', 'http://192.0.2.1/auth'])(
    'never sends the browser to %s',
    async (address) => {
      lies = { metadata: { authorization_endpoint: address } };
      expect(await codeOf(create().begin(false))).toBe('provider_unavailable');
      lies = { metadata: { end_session_endpoint: address } };
      const client = create();
      await client.begin(false);
      expect(client.signOutUrl()).toBeNull();
    },
  );
});

describe('a provider that sends too much', () => {
  const spaces = Buffer.alloc(64 * 1024 * 1024, 0x20);

  it.each<[string, () => Lies]>([
    [
      'one byte at a time without an end',
      () => ({
        answers: {
          '/token': (response) => {
            response.writeHead(200, { 'content-type': 'application/json' });
            const drip = setInterval(() => response.write(' '), 50);
            response.once('close', () => clearInterval(drip));
          },
        },
      }),
    ],
    [
      'a small response that grows to 64 megabytes',
      () => ({
        answers: {
          '/keys': (response) =>
            response
              .writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
              .end(gzipSync(spaces)),
        },
      }),
    ],
    [
      'headers without an end',
      () => ({
        answers: {
          '/token': (response) =>
            response.writeHead(200, { 'content-type': 'application/json', 'x-long': 'x'.repeat(1_000_000) }).end('{}'),
        },
      }),
    ],
    ['10,000 keys', () => ({ keys: Array.from({ length: 10_000 }, (_, at) => ({ kty: 'EC', kid: `${at}` })) })],
    [
      'deeply nested claims',
      () => ({
        answers: {
          '/token': (response) => void response.setHeader('content-type', 'application/json').end('['.repeat(900_000)),
        },
      }),
    ],
    [
      'HTML instead of tokens',
      () => ({
        answers: {
          '/token': (response) =>
            void response.writeHead(502, { 'content-type': 'text/html' }).end('<script>alert(1)</script>'),
        },
      }),
    ],
  ])('%s: the sign-in fails', async (_name, lie) => {
    lies = lie();
    const failed = create();
    const error = await signIn(failed).catch((reason: Error) => reason);
    expect(error).toMatchObject({ code: expect.stringMatching(/^provider_(refused|unavailable)$/) });
    expect((error as Error).message).not.toContain('<script>');
    expect(logged.every((line) => line.length < 1_000)).toBe(true);
  });
});

describe('hostile claims', () => {
  it.each<[string, object]>([
    ['a subject with a null character', { sub: 'ada\u0000' }],
    ['a subject with a line end', { sub: 'ada\n' }],
    ['a subject with half of a surrogate pair', { sub: 'ada\ud800' }],
    ['a subject of 300,000 characters', { sub: 'a'.repeat(300_000) }],
    ['a subject that is a number', { sub: 7 }],
    ['an empty subject', { sub: '' }],
    ['nested groups', { groups: [['admins']] }],
    ['groups as a number', { groups: 7 }],
    ['20,000 groups', { groups: Array.from({ length: 20_000 }, (_, at) => `g${at}`) }],
  ])('%s: refused', async (_name, claims) => {
    lies = { claims: { email: 'ada@example.org', groups: [], ...claims } };
    expect(await codeOf(signIn())).toBe('provider_refused');
  });

  it.each([false, 'false', 'FALSE', 0, 'no', null, {}])('give no address with email_verified %j', async (verified) => {
    lies = { claims: { email: 'ada@example.org', email_verified: verified, groups: [] } };
    expect((await signIn()).email).toBeNull();
  });

  it.each([true, 'true', undefined])('give the address with email_verified %j', async (verified) => {
    lies = { claims: { email: 'ada@example.org', email_verified: verified, groups: [] } };
    expect((await signIn()).email).toBe('ada@example.org');
  });

  it('give no address of the UserInfo response that only the ID token calls verified', async () => {
    lies = {
      claims: { email_verified: true, groups: [] },
      userInfo: { email: 'ada@example.org', email_verified: false },
    };
    expect((await signIn()).email).toBeNull();
  });

  it('give no address from a sign-in name that the ID token calls unverified', async () => {
    lies = { claims: { preferred_username: 'ada@example.org', email_verified: false, groups: [] } };
    expect((await signIn()).email).toBeNull();
  });

  it('of the UserInfo response count only for the subject of the ID token', async () => {
    lies = { userInfo: { sub: 'eve', email: 'ada@example.org', groups: ['admins'] } };
    expect(await codeOf(signIn())).toBe('provider_refused');
  });

  it.each([
    ['an hour ahead', () => seconds() + 3_600],
    ['in milliseconds', () => Date.now()],
  ])('prove no recent sign-in with a time of authentication %s', async (_name, at) => {
    lies = { claims: { email: 'ada@example.org', groups: [], auth_time: at() } };
    expect((await signIn()).authenticatedAt).toBeNull();
  });

  it('give a name without control characters', async () => {
    lies = { claims: { name: '\u202e\u0007Ada\u0000\n', groups: [], email: 'ada@example.org' } };
    expect((await signIn()).name).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  });
});
