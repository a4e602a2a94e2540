import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeOfAsync } from '../../tests/support/code-of.ts';
import { testAuthority } from '../../tests/support/enrollment.ts';
import { dialDirect } from './dial.ts';
import { type Http, overTls } from './http.ts';
import { secureDial } from './tls.ts';

let ca: ReturnType<typeof testAuthority>;
let server: Server;
let http: Http;
let url: URL;
let sent = 0;

const MiB = 1024 * 1024;
const ANSWERS: Readonly<Record<string, (response: ServerResponse) => void>> = {
  '/whole': (response) => response.end('whole'),
  '/silence': () => undefined,
  '/drip': (response) => {
    const dripping = setInterval(() => response.write('.'), 20);
    response.once('close', () => clearInterval(dripping));
  },
  '/endless': (response) => {
    const pour = () => {
      while (!response.destroyed && response.write(Buffer.alloc(MiB))) sent += MiB;
    };
    response.on('drain', pour);
    pour();
  },
  '/short': (response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('cut off');
    setTimeout(() => response.destroy(), 20);
  },
};

beforeAll(async () => {
  ca = testAuthority();
  const { keyPem, chainPem } = ca.authority.serverIdentity();
  server = createServer({ key: keyPem, cert: chainPem }, (request, response) => ANSWERS[request.url ?? '']?.(response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  url = new URL(`https://127.0.0.1:${address.port}`);
  const rootPem = `-----BEGIN CERTIFICATE-----\n${ca.authority.rootDer.toString('base64')}\n-----END CERTIFICATE-----\n`;
  http = overTls(secureDial({ dial: dialDirect, rootPem, identity: null }));
});
afterAll(() => {
  server.close();
  ca.remove();
});

const get = (path: string, more: { within?: number } = {}) => http(new URL(path, url), { method: 'GET', ...more });

describe('case 21: a response', () => {
  it('is accepted when it is complete', async () => {
    expect((await get('/whole')).body.toString()).toBe('whole');
  });

  it.each(['/silence', '/drip'])('is abandoned in time when it does not end: %s', async (path) => {
    const begun = performance.now();
    await expect(get(path, { within: 500 })).rejects.toThrow('in 500 ms');
    expect(performance.now() - begun).toBeLessThan(3_000);
  });

  it('is refused at 32 MiB, without reading more', async () => {
    expect(await codeOfAsync(http(new URL('/endless', url), { method: 'GET' }))).toBe('too_large');
    expect(sent).toBeLessThan(64 * MiB);
  });

  it('is refused when it is incomplete', async () => {
    await expect(get('/short')).rejects.toThrow('aborted');
  });
});
