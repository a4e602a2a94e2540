/** Checks of the OpenID client against a provider that lies, breaks or stalls. Its ID tokens are signed here, so each one can be wrong. */
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createOpenIdProvider } from './openid-provider.ts';

const KEY = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const OTHER = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

interface Lies {
  key?: KeyObject;
  header?: object;
  claims?: object;
  metadata?: object;
  /** Response of the token endpoint instead of tokens. */
  token?: (response: ServerResponse) => void;
}
let lies: Lies = {};
let nonce = '';
let issuer = '';
let discoveries = 0;

const server = createServer((request, response) => {
  const json = (body: object) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
  if (request.url === '/.well-known/openid-configuration') {
    discoveries += 1;
    return json({
      issuer,
      authorization_endpoint: `${issuer}/auth`,
      token_endpoint: `${issuer}/token`,
      jwks_uri: `${issuer}/keys`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      ...lies.metadata,
    });
  }
  if (request.url === '/keys') {
    return json({ keys: [{ ...KEY.publicKey.export({ format: 'jwk' }), kid: '1', use: 'sig', alg: 'ES256' }] });
  }
  if (request.url !== '/token') return response.writeHead(404).end();
  if (lies.token) return lies.token(response);
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: issuer, sub: 'ada', aud: 'cordon', iat: now, exp: now + 60, nonce, ...lies.claims };
  const signed = `${encoded({ alg: 'ES256', kid: '1', ...lies.header })}.${encoded(claims)}`;
  const signature = sign('sha256', Buffer.from(signed), {
    key: lies.key ?? KEY.privateKey,
    dsaEncoding: 'ieee-p1363',
  }).toString('base64url');
  return json({ access_token: 'x', token_type: 'Bearer', id_token: `${signed}.${signature}` });
});

const REDIRECT = 'http://127.0.0.1:8445/sign-in/provider';
const create = (from = issuer) =>
  createOpenIdProvider({
    settings: {
      name: 'Directory',
      issuer: from,
      clientId: 'cordon',
      clientSecret: 'secret',
      scopes: ['openid'],
      groupsClaim: 'groups',
      onlyProvider: false,
      roles: [],
    },
    redirectUri: () => REDIRECT,
    afterSignOut: () => REDIRECT,
    log: { warn: () => undefined },
    deadline: 1,
  });

async function signIn(client = create()) {
  const { request } = await client.begin(false);
  nonce = request.nonce;
  return client.finish(`code=x&state=${request.state}`, request);
}
const refused = (code: string) => expect.objectContaining({ code });

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  lies = {};
});

describe('the ID token', () => {
  it('gives the claims of the person', async () => {
    lies = { claims: { email: 'ada@example.org', name: 'Ada', groups: ['a', 'b'], auth_time: 1_700_000_000 } };
    expect(await signIn()).toEqual({
      identity: { issuer, subject: 'ada' },
      email: 'ada@example.org',
      name: 'Ada',
      groups: ['a', 'b'],
      authenticatedAt: 1_700_000_000_000,
    });
  });

  it.each<[string, Lies]>([
    ['has a signature of another key', { key: OTHER.privateKey }],
    ['has no algorithm', { header: { alg: 'none' } }],
    ['names another algorithm', { header: { alg: 'HS256' } }],
    ['is for another client', { claims: { aud: 'other' } }],
    ['is for several clients, without this one as the authorized one', { claims: { aud: ['cordon', 'x'], azp: 'x' } }],
    ['is from another issuer', { claims: { iss: 'https://evil.example' } }],
    ['has expired', { claims: { exp: Math.floor(Date.now() / 1000) - 120 } }],
    ['has the nonce of another sign-in', { claims: { nonce: 'x'.repeat(43) } }],
    ['has no nonce', { claims: { nonce: undefined } }],
    ['has groups of a wrong type', { claims: { email: 'a@example.org', groups: { a: 1 } } }],
    ['has too many groups for the token', { claims: { _claim_names: { groups: 'src1' } } }],
  ])('is refused if it %s', async (_name, lie) => {
    lies = lie;
    await expect(signIn()).rejects.toEqual(refused('provider_refused'));
  });

  it('gives no address that the provider calls unverified', async () => {
    lies = { claims: { email: 'ada@example.org', email_verified: false } };
    expect((await signIn()).email).toBeNull();
  });
});

describe('a provider that breaks or stalls', () => {
  it.each<[string, Lies]>([
    [
      'redirects a request with the client secret',
      { token: (response) => response.writeHead(307, { location: '/other' }).end() },
    ],
    ['does not respond within the deadline', { token: () => undefined }],
    [
      'begins a response and never ends it',
      { token: (response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{') },
    ],
    [
      'sends more than a megabyte',
      {
        token: (response) =>
          response.setHeader('content-type', 'application/json').end(`{"x":"${'x'.repeat(2_000_000)}"}`),
      },
    ],
    ['fails', { token: (response) => response.writeHead(500).end() }],
    ['names an endpoint without encryption', { metadata: { token_endpoint: 'http://192.0.2.1/token' } }],
    [
      'does not accept the client secret',
      {
        token: (response) =>
          response.writeHead(401, { 'content-type': 'application/json' }).end('{"error":"invalid_client"}'),
      },
    ],
  ])('that %s is unavailable', async (_name, lie) => {
    lies = lie;
    await expect(signIn()).rejects.toEqual(refused('provider_unavailable'));
  });

  it('with another issuer in its metadata is unavailable, and the text says how to correct it', async () => {
    lies = { metadata: { issuer: 'https://evil.example' } };
    await expect(create().begin(false)).rejects.toEqual(refused('provider_unavailable'));
    expect(await create().check()).not.toBeNull();
  });

  it('is asked again after a failure, and once for simultaneous sign-ins', async () => {
    const client = create();
    lies = { metadata: { issuer: 'https://evil.example' } };
    await expect(client.begin(false)).rejects.toEqual(refused('provider_unavailable'));
    lies = {};
    discoveries = 0;
    await Promise.all([client.begin(false), client.begin(false), client.begin(true)]);
    await client.begin(false);
    expect(discoveries).toBe(1);
  });
});
