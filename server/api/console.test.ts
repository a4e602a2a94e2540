/** Files of the console over real HTTP: pages, files and other paths, in every spelling of the path. */
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type ApiServer, startApi } from '../../tests/support/api-server.ts';

const HTML = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const SCRIPT = `export const words = ${JSON.stringify('open sesame '.repeat(200))};`;

let api: ApiServer;
let root: string;
let dist: string;

function build(folder: string, page: string): void {
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), `<meta nonce="CSP_NONCE"><script nonce="CSP_NONCE"></script>${page}`);
  writeFileSync(join(folder, '.built-from'), 'digest');
  writeFileSync(join(folder, 'icon.svg'), '<svg/>');
  writeFileSync(join(folder, 'assets/index-abc.js'), SCRIPT);
  writeFileSync(join(folder, 'assets/index-abc.js.br'), brotliCompressSync(SCRIPT));
  writeFileSync(join(folder, 'assets/index-abc.js.gz'), gzipSync(SCRIPT));
  writeFileSync(join(folder, 'assets/only-gzip.css'), 'a{}');
  writeFileSync(join(folder, 'assets/only-gzip.css.gz'), gzipSync('a{}'));
}

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'cordon-console-'));
  dist = join(root, 'dist');
  writeFileSync(join(root, 'secret.txt'), 'secret');
  build(dist, 'first');
  api = await startApi({ consoleFolder: dist });
});
afterEach(async () => {
  await api.close();
  rmSync(root, { recursive: true, force: true });
});

/** Sends the path unchanged, without the normalization of `fetch` and `new URL`. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  const { port } = new URL(api.url);
  return new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) }),
      );
    });
    sent.on('error', reject).end();
  });
}

it('serves the page for every console path, each time with a new nonce', async () => {
  const nonces = new Set<string>();
  for (const [path, accept] of [
    ['/', HTML],
    ['/', '*/*'],
    ['/devices', HTML],
    ['/devices/dev_x?tab=commands', HTML],
    ['/orders/2015-001', HTML],
    ['/index.html', HTML],
    ['/apiary', HTML],
  ] as const) {
    const { status, headers, body } = await get(path, { accept });
    expect([path, status, headers['content-type'], headers['cache-control']]).toEqual([
      path,
      200,
      'text/html; charset=utf-8',
      'no-store',
    ]);
    const policy = String(headers['content-security-policy']);
    const nonce = /style-src 'self' 'nonce-([^']+)'/.exec(policy)?.[1] ?? '';
    expect(nonce).toMatch(/^[A-Za-z0-9+/]{22}==$/);
    expect(body.toString()).toBe(`<meta nonce="${nonce}"><script nonce="${nonce}"></script>first`);
    nonces.add(nonce);
  }
  expect(nonces.size).toBe(7);
});

it('sends a content security policy that blocks other origins', async () => {
  const { headers } = await get('/', { accept: HTML });
  const policy = String(headers['content-security-policy']);
  const directives = policy.split(';').map((directive) => directive.replace(/'nonce-[^']+'/, 'NONCE'));
  expect(directives.sort()).toEqual([
    "base-uri 'none'",
    "connect-src 'self'",
    "default-src 'none'",
    "font-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "img-src 'self' data:",
    "require-trusted-types-for 'script'",
    "script-src 'self'",
    "style-src 'self' NONCE",
    'trusted-types default',
  ]);
  expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
  expect(headers['x-powered-by']).toBeUndefined();
  const answer = await get('/healthz');
  expect(answer.headers['content-security-policy']).toContain("default-src 'none'");
});

it('serves hashed files for a year, in the smallest encoding that the browser accepts', async () => {
  const path = '/assets/index-abc.js';
  for (const [accepts, encoding, read] of [
    ['gzip, deflate, br, zstd', 'br', brotliDecompressSync],
    ['gzip', 'gzip', gunzipSync],
    ['br;q=0, gzip', 'gzip', gunzipSync],
    ['identity', undefined, (bytes: Buffer) => bytes],
    [undefined, undefined, (bytes: Buffer) => bytes],
  ] as const) {
    const { status, headers, body } = await get(path, accepts === undefined ? {} : { 'accept-encoding': accepts });
    expect([status, headers['content-encoding'], headers['vary']]).toEqual([200, encoding, 'Accept-Encoding']);
    expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
    expect(headers['cache-control']).toBe('public, max-age=31536000, immutable');
    expect(read(body).toString()).toBe(SCRIPT);
    expect(Number(headers['content-length'])).toBe(body.length);
  }
  const css = await get('/assets/only-gzip.css', { 'accept-encoding': 'br, gzip' });
  expect([css.headers['content-encoding'], gunzipSync(css.body).toString()]).toEqual(['gzip', 'a{}']);
  const icon = await get('/icon.svg', { 'accept-encoding': 'br, gzip' });
  expect([icon.headers['content-type'], icon.headers['cache-control'], icon.headers['vary']]).toEqual([
    'image/svg+xml',
    'no-cache',
    undefined,
  ]);
  const head = await get(path, { 'accept-encoding': 'br' }, 'HEAD');
  expect([head.status, head.headers['content-encoding'], head.body.length]).toEqual([200, 'br', 0]);
});

it('responds as the API to paths outside the console', async () => {
  for (const [path, accept, method] of [
    ['/api/v1/nothing', HTML, 'GET'],
    ['/api', HTML, 'GET'],
    ['/metrics/x', HTML, 'GET'],
    ['/assets/index-old.js', HTML, 'GET'],
    ['/devices', 'application/json', 'GET'],
    ['/favicon.ico', 'image/avif,image/webp,*/*;q=0.8', 'GET'],
    ['/devices', HTML, 'POST'],
    ['/', HTML, 'DELETE'],
  ] as const) {
    const { status, headers } = await get(path, { accept }, method);
    expect([path, status, headers['content-type']]).toEqual([path, 404, 'application/problem+json; charset=utf-8']);
  }
});

it('case 53: serves no file outside the console, however the path is written', async () => {
  const paths = [
    '/assets/../../secret.txt',
    '/assets/..%2f..%2fsecret.txt',
    '/assets/%2e%2e/%2e%2e/secret.txt',
    '/assets/%252e%252e%252fsecret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/assets/..\\..\\secret.txt',
    '/assets//../../secret.txt',
    '/assets/%00/../../secret.txt',
    '/assets/index-abc.js%00.txt',
    '/assets/..%c0%af..%c0%afsecret.txt',
    '/assets/%',
    `${join(root, 'secret.txt')}`,
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '//secret.txt',
    '/.built-from',
    '/%2ebuilt-from',
    '/assets/index-abc.js.br',
    '/assets/index-abc.js/',
    '/assets/constructor',
    '/__proto__',
    'http://127.0.0.1/../secret.txt',
  ];
  for (const path of paths) {
    for (const accept of ['*/*', HTML]) {
      const { status, headers, body } = await get(path, { accept });
      const isPage = String(headers['content-type']).startsWith('text/html');
      expect([path, status]).toEqual([
        path,
        isPage ? 200 : expect.toSatisfy((code: number) => code >= 400 && code < 500),
      ]);
      expect(body.toString()).not.toMatch(/^(secret|digest)$/);
      if (accept === '*/*') expect([path, isPage]).toEqual([path, false]);
    }
  }
});

it('serves a new build without a restart', async () => {
  expect((await get('/', { accept: HTML })).body.toString()).toContain('first');
  build(join(root, 'next'), 'second');
  renameSync(dist, join(root, 'before'));
  renameSync(join(root, 'next'), dist);
  expect((await get('/', { accept: HTML })).body.toString()).toContain('second');
});

it('explains how to build a missing console, and finds it later', async () => {
  rmSync(dist, { recursive: true });
  const { status, headers, body } = await get('/', { accept: HTML });
  expect([status, headers['content-type'], headers['refresh']]).toEqual([503, 'text/plain; charset=utf-8', '3']);
  expect(body.toString()).toContain('npm run console');
  expect((await get('/assets/index-abc.js')).status).toBe(404);
  expect((await get('/healthz')).status).toBe(200);
  build(dist, 'third');
  expect((await get('/', { accept: HTML })).body.toString()).toContain('third');
});

it('case 48: accepts only its own host names, against DNS rebinding', async () => {
  const { port } = new URL(api.url);
  for (const host of [`127.0.0.1:${port}`, `localhost:${port}`, `ada.localhost:${port}`, 'cordon.example', '[::1]:1']) {
    expect([host, (await get('/', { host })).status]).toEqual([host, 200]);
    expect([host, (await get('/healthz', { host })).status]).toEqual([host, 200]);
  }
  for (const path of ['/', '/healthz', '/api/v1/session', '/assets/index-abc.js']) {
    const { status, headers, body } = await get(path, { host: `evil.example:${port}` });
    expect([path, status, headers['content-type']]).toEqual([path, 403, 'application/problem+json; charset=utf-8']);
    expect(JSON.parse(body.toString()).detail).toContain('CORDON_ADMIN_NAMES');
  }
});

it('case 48: keeps sessions under different host names in one browser apart', async () => {
  const { port } = new URL(api.url);
  const owner = await api.account('owner@example.org', []);
  const { headers } = await api.signIn(owner);
  // A link on another site opens the page. The page's own requests come from the same site.
  const clicked = await get('/', { host: `ada.localhost:${port}`, accept: HTML, 'sec-fetch-site': 'cross-site' });
  expect(clicked.status).toBe(200);
  for (const host of [`ada.localhost:${port}`, `127.0.0.1:${port}`]) {
    const requestFrom = (site: string) => get('/api/v1/session', { ...headers, host, 'sec-fetch-site': site });
    expect([host, (await requestFrom('same-origin')).status]).toEqual([host, 200]);
    expect([host, (await requestFrom('cross-site')).status]).toEqual([host, 403]);
  }
});
