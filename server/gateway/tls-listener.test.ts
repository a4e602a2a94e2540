import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Authority } from '../../certs/authority.ts';
import { spkiOf } from '../../certs/certificate.ts';
import { parseAddressRanges } from '../../shared/areas/address-ranges.ts';
import { newKey, testAuthority } from '../../tests/support/enrollment.ts';
import { tool } from '../../tests/support/tools.ts';
import { until } from '../../tests/support/until.ts';
import { DEVICE_LIMITS } from './admission.ts';
import { bytesOf } from './device-route.ts';
import { createTlsListener, type ListenerBounds, type TlsListener, type TlsListenerOptions } from './tls-listener.ts';

const openssl = tool('openssl', 'apt-get install openssl');
const run = promisify(execFile);

let authority: Authority;
let remove: () => void;
let client: { key: string; cert: string };
beforeAll(() => {
  ({ authority, remove } = testAuthority());
  const key = newKey();
  const issued = authority.issue({ profile: 'device', spki: spkiOf(key), commonName: 'dev_aaaaaaaaaaaaaaaa' });
  client = { key: key.export({ type: 'pkcs8', format: 'pem' }).toString(), cert: issued.pem + authority.chainPem };
});
afterAll(() => remove());

/** Listener that responds to every request with the source address that it determined, unless the test gives another handler. */
async function start(
  proxyFrom: readonly string[],
  more: TlsListenerOptions = {},
  bind = '127.0.0.1',
  answer?: RequestListener,
  bounds: ListenerBounds = { admission: DEVICE_LIMITS },
) {
  const { keyPem, chainPem } = authority.serverIdentity();
  const listener: TlsListener = createTlsListener(
    {
      key: keyPem,
      cert: chainPem,
      ca: [authority.chainPem],
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
      ...more,
    },
    proxyFrom,
    bounds,
    answer ?? ((request, response) => response.end(JSON.stringify(listener.addressOf(request)))),
  );
  const port = await listener.listen(bind, 0);
  onTestFinished(() => listener.close());
  return { listener, port };
}

async function tcp(port: number): Promise<Socket> {
  const socket = connectTcp(port, '127.0.0.1').setNoDelay(true);
  socket.on('error', () => socket.destroy());
  onTestFinished(() => void socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Opens TLS over an existing socket, after bytes that the test has already written. */
async function secure(socket: Socket, identity: object = client): Promise<TLSSocket> {
  const over = connectTls({ socket, servername: 'localhost', ca: authority.chainPem, ALPNProtocols: [], ...identity });
  onTestFinished(() => void over.destroy());
  await once(over, 'secureConnect');
  return over;
}

/** Body of the response; null if the connection ended without a response. */
async function fetchOver(over: TLSSocket, headers = ''): Promise<unknown> {
  over.write(`GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${headers}\r\n`);
  let text = '';
  over.on('error', () => over.destroy());
  for await (const chunk of over) text += chunk;
  const [, body] = text.split('\r\n\r\n');
  return body === undefined ? null : JSON.parse(body);
}

const closed = async (socket: Socket): Promise<void> => {
  if (!socket.destroyed) await once(socket.resume(), 'close');
};

const V1 = 'PROXY TCP4 39.32.1.2 127.0.0.1 49152 8443\r\n';
const V2 = Buffer.from('0d0a0d0a000d0a515549540a2111000c272001027f000001c00020fb', 'hex');

describe('source address of a connection', () => {
  it('is the socket’s own without a proxy', async () => {
    const { port } = await start([]);
    expect(await fetchOver(await secure(await tcp(port)))).toBe('127.0.0.1');
  });

  it('is the socket’s own as IPv4 if the listener is bound to both families', async () => {
    const { port } = await start([], {}, '::');
    expect(await fetchOver(await secure(await tcp(port)))).toBe('127.0.0.1');
  });

  it.each([
    ['version 1', V1, '39.32.1.2'],
    ['version 2', V2, '39.32.1.2'],
    ['version 2, its own check', Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex'), null],
    ['version 1, unknown', 'PROXY UNKNOWN\r\n', null],
  ])('is the address in a trusted proxy’s header: %s', async (_, header, source) => {
    const { port } = await start(['127.0.0.0/8']);
    const socket = await tcp(port);
    socket.write(header);
    expect(await fetchOver(await secure(socket))).toBe(source);
  });

  it('is parsed byte by byte, and from one packet with the ClientHello', async () => {
    const { port } = await start(['127.0.0.1']);
    const slow = await tcp(port);
    for (const byte of V2) {
      slow.write(Buffer.from([byte]));
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const together = await tcp(port);
    together.cork();
    together.write(V1);
    const handshake = secure(together);
    setTimeout(() => together.uncork(), 20);
    expect(await fetchOver(await secure(slow))).toBe('39.32.1.2');
    expect(await fetchOver(await handshake)).toBe('39.32.1.2');
  });
});

describe('case 12: a client cannot choose its address', () => {
  it.each([
    'X-Forwarded-For: 39.32.1.2',
    'Forwarded: for=39.32.1.2',
    'X-Real-IP: 39.32.1.2',
    'CF-Connecting-IP: 9.9.9.9',
  ])('%s changes nothing', async (header) => {
    const { port } = await start([]);
    expect(await fetchOver(await secure(await tcp(port)), `${header}\r\n`)).toBe('127.0.0.1');
  });

  it.each([
    ['version 1', V1],
    ['version 2', V2],
  ])('ends a connection with a header of %s from an untrusted address', async (_, header) => {
    const { port } = await start(['10.0.0.0/8', '127.0.0.2']);
    const socket = await tcp(port);
    socket.write(header);
    await expect(secure(socket)).rejects.toThrow();
    await closed(socket);
  });

  it.each([
    ['nothing but TLS', ''],
    ['a forged line', 'PROXY TCP4 39.32.1.2.3 127.0.0.1 1 2\r\n'],
    ['HTTP', 'GET / HTTP/1.1\r\n\r\n'],
    ['a line without end', `PROXY UNKNOWN ${'x'.repeat(4096)}`],
    ['two headers', V1 + V1],
  ])('ends a connection of a trusted proxy that sends %s, and serves others', async (_, header) => {
    const { port } = await start(['127.0.0.1']);
    const socket = await tcp(port);
    socket.write(header);
    await expect(secure(socket)).rejects.toThrow();
    const good = await tcp(port);
    good.write(V1);
    expect(await fetchOver(await secure(good))).toBe('39.32.1.2');
  });

  it.each(['localhost', '10.0.0.0/33', '::/129', '10.0.0.0/x', '10.0.0.0/8/8', '', '10.0.0.0/-1'])(
    'the entry %j is a mistake, not nobody',
    (entry) => expect(() => parseAddressRanges([entry])).toThrow(RangeError),
  );

  it('is unknown if a proxy’s header is required and the connection has none', async () => {
    const { port } = await start(['127.0.0.0/8'], { proxyRequired: true });
    const through = await tcp(port);
    through.write(V1);
    expect(await fetchOver(await secure(through))).toBe('39.32.1.2');
    const direct = await tcp(port);
    await expect(secure(direct)).rejects.toThrow();
    // The listener trusts no address, so no client can connect, with any header.
    const nobody = await start([], { proxyRequired: true });
    const forged = await tcp(nobody.port);
    forged.write(V1);
    await closed(forged);
  });
});

describe('case 13: slow client', () => {
  const soon = { handshakeTimeout: 300 };

  it('is disconnected if it sends neither a proxy’s header nor a handshake', async () => {
    const plain = await start([], soon);
    const proxied = await start(['127.0.0.1'], soon);
    const silent = await tcp(plain.port);
    const headless = await tcp(proxied.port);
    const half = await tcp(proxied.port);
    half.write(V1.slice(0, 20));
    const headed = await tcp(proxied.port);
    headed.write(V1);
    await Promise.all([silent, headless, half, headed].map(closed));
  });

  it('is disconnected if it sends an endless request head', async () => {
    const { port } = await start([], { headersTimeout: 200, requestTimeout: 400, connectionsCheckingInterval: 50 });
    const over = await secure(await tcp(port));
    over.write('GET / HTTP/1.1\r\nHost: localhost\r\n');
    let answer = '';
    over.on('data', (chunk: Buffer) => (answer += chunk));
    await once(over, 'close');
    expect(answer).toMatch(/^HTTP\/1\.1 408/);
  });

  describe('that sends a body', () => {
    /** Listener whose routes limit their bodies: 300 ms without a byte, and two seconds in total. */
    async function upload() {
      const bounds = { headersTimeout: 200, requestTimeout: 3_000, connectionsCheckingInterval: 50 };
      const { port } = await start([], bounds, '127.0.0.1', async (request, response) => {
        const bytes = await bytesOf(request, 1_000, { whole: 2_000, silent: 300 }).catch((error) => error);
        response.end(Buffer.isBuffer(bytes) ? String(bytes.length) : bytes.code);
        cut.resolve(bytes.code);
      });
      const cut = Promise.withResolvers<string>();
      const over = await secure(await tcp(port));
      let answer = '';
      over.on('error', () => over.destroy());
      over.on('data', (chunk: Buffer) => (answer += chunk));
      over.write('PUT / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 100\r\n\r\n');
      async function drip(bytes: number): Promise<void> {
        for (let sent = 0; sent < bytes && !over.destroyed; sent += 1) {
          await delay(100);
          over.write('x');
        }
      }
      return { over, drip, cut: cut.promise, answer: () => answer };
    }

    it('is served as long as bytes arrive, however slowly', async () => {
      const { over, drip, answer } = await upload();
      await drip(10);
      over.write('x'.repeat(90));
      await once(over, 'close');
      expect(answer()).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\n100$/);
    });

    it('is disconnected if no more bytes arrive', async () => {
      const { over, drip, cut, answer } = await upload();
      await drip(3);
      const stopped = Date.now();
      await closed(over);
      expect([await cut, answer()]).toEqual(['unavailable', '']);
      expect(Date.now() - stopped).toBeLessThan(1_500);
    });

    it('is disconnected if the body never ends', async () => {
      const { over, drip, cut, answer } = await upload();
      await drip(100);
      await closed(over);
      expect([await cut, answer()]).toEqual(['unavailable', '']);
    });
  });

  describe('that reads a response', () => {
    const deadlines = { idleTimeout: 300, rate: 64 * 1024 * 1024, every: 50 };
    const large = Buffer.alloc(32 * 1024 * 1024, 'x');
    const serve = (more: Partial<ListenerBounds> = {}) =>
      start([], {}, '127.0.0.1', (_request, response) => response.end(large), {
        admission: DEVICE_LIMITS,
        deadlines,
        ...more,
      });
    const request = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';

    it('is disconnected if it does not read, also if it continues to send', async () => {
      const { port } = await serve();
      const over = await secure(await tcp(port));
      over.on('error', () => over.destroy());
      over.pause();
      const ping = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
      over.write(ping);
      // Each byte restarts a socket's own timeout.
      const chatter = setInterval(() => over.write(ping), 50);
      onTestFinished(() => clearInterval(chatter));
      await new Promise((resolve) => over.once('close', resolve));
    });

    it('receives the whole response while it reads, in slices of one buffer', async () => {
      const { port } = await serve({ deadlines: { ...deadlines, idleTimeout: 20_000 } });
      const over = await secure(await tcp(port));
      over.write(request);
      let got = 0;
      for await (const chunk of over) {
        got += chunk.length;
        // The client reads more slowly than the server sends, so slices must wait.
        await delay(1);
      }
      expect(got).toBeGreaterThan(large.length);
    });
  });

  it('is disconnected in any state when the listener closes', async () => {
    const { listener, port } = await start(['127.0.0.1']);
    const waiting = await tcp(port);
    const socket = await tcp(port);
    socket.write(V1);
    const over = await secure(socket);
    over.on('error', () => over.destroy());
    await listener.close();
    await Promise.all([waiting, over].map(closed));
    await expect(tcp(port)).rejects.toThrow('ECONNREFUSED');
  });
});

describe('case 58: simultaneous connections', () => {
  const limits = { ...DEVICE_LIMITS, handshakes: 4, handshakesOfOne: 2, openOfOne: 3, waiting: 3, longestWait: 60_000 };

  it('wait above the limits, and connect when there is room', async () => {
    const { port, listener } = await start([], {}, '127.0.0.1', undefined, { admission: limits });
    // Two silent connections occupy the handshakes of this address.
    const silent = [await tcp(port), await tcp(port)];
    await until(() => expect(listener.counts().handshakes).toBe(2));
    const third = secure(await tcp(port));
    await until(() => expect(listener.counts()).toMatchObject({ handshakes: 2, waiting: 1 }));
    silent[0]?.destroy();
    const open = await third;
    expect(await fetchOver(open)).toBe('127.0.0.1');
    silent[1]?.destroy();
  });

  it('are refused if too many already wait', async () => {
    const { port, listener } = await start([], {}, '127.0.0.1', undefined, { admission: limits });
    const silent = await Promise.all(Array.from({ length: 5 }, () => tcp(port)));
    await until(() => expect(listener.counts()).toMatchObject({ handshakes: 2, waiting: 3 }));
    await closed(await tcp(port));
    expect(listener.counts().refused).toBe(1);
    for (const socket of silent) socket.destroy();
    await until(() => expect(listener.counts()).toMatchObject({ handshakes: 0, waiting: 0 }));
    expect(await fetchOver(await secure(await tcp(port)))).toBe('127.0.0.1');
  });

  it('of one address leave room for another address, which a trusted proxy names', async () => {
    const { port, listener } = await start(['127.0.0.1'], {}, '127.0.0.1', undefined, { admission: limits });
    const from = async (address: string) => {
      const socket = await tcp(port);
      socket.write(`PROXY TCP4 ${address} 127.0.0.1 1 2\r\n`);
      return socket;
    };
    for (let count = 0; count < 5; count += 1) await from('39.32.1.2');
    await until(() => expect(listener.counts()).toMatchObject({ handshakes: 2, waiting: 3 }));
    expect(await fetchOver(await secure(await from('39.32.1.3')))).toBe('39.32.1.3');
  });
});

describe('case 11: client certificates', () => {
  it('refuses a client without a certificate, or with one of another authority', async () => {
    const { port } = await start([]);
    const other = testAuthority();
    onTestFinished(other.remove);
    const key = newKey();
    const { pem } = other.authority.issue({ profile: 'device', spki: spkiOf(key), commonName: 'dev_aaaaaaaaaaaaaaaa' });
    const foreign = { key: key.export({ type: 'pkcs8', format: 'pem' }), cert: pem + other.authority.chainPem };
    for (const identity of [{}, foreign]) {
      // In TLS 1.3, the client finishes before the server has checked the client's certificate. The refusal therefore arrives at the first
      // read.
      const over = await secure(await tcp(port), identity);
      expect(await fetchOver(over).catch(() => null)).toBeNull();
    }
  });
});

describe.skipIf(!openssl.present)('openssl s_client', () => {
  it('negotiates X25519MLKEM768 with a device’s certificate', async () => {
    const { port } = await start([]);
    const folder = mkdtempSync(join(tmpdir(), 'cordon-tls-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const file = (name: string, content: string) => {
      writeFileSync(join(folder, name), content);
      return join(folder, name);
    };
    const { stdout: list } = await run('openssl', ['list', '-tls-groups']).catch(() => ({ stdout: '' }));
    const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-verify_return_error'];
    args.push('-CAfile', file('ca.pem', authority.chainPem));
    args.push('-cert', file('cert.pem', client.cert), '-key', file('key.pem', client.key));
    const result = run('openssl', args, { timeout: 10_000 });
    result.child.stdin?.end();
    const { stdout } = await result;
    expect(stdout).toContain('Verification: OK');
    expect(stdout).toMatch(/Protocol\s*: TLSv1\.3|New, TLSv1\.3/);
    // OpenSSL before 3.5 lacks this group and negotiates the next one.
    expect(stdout).toMatch(list.includes('X25519MLKEM768') ? /X25519MLKEM768/ : /X25519/);
  });
});

describe('a listener with a limit of open connections', () => {
  const one = { handshakes: 64, handshakesOfOne: 64, openOfOne: 4, open: 8, waiting: 64, longestWait: 3_600_000 };

  it.each([
    ['one address', [], 'openOfOne'],
    ['many addresses', ['127.0.0.1'], 'open'],
  ] as const)('case 13: serves a client beside unfinished requests of %s', async (_, proxyFrom, limit) => {
    const { port } = await start(proxyFrom, {}, '127.0.0.1', undefined, { admission: one });
    const connectAs = async (number: number) => {
      const socket = await tcp(port);
      if (proxyFrom.length > 0) socket.write(`PROXY TCP4 198.51.100.${number} 127.0.0.1 49152 8443\r\n`);
      return secure(socket);
    };
    const slow: TLSSocket[] = [];
    for (let number = 0; number < one[limit]; number += 1) {
      const socket = await connectAs(number);
      socket.on('error', () => socket.destroy());
      socket.resume().write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n');
      slow.push(socket);
    }
    expect(await fetchOver(await connectAs(200))).toBe(proxyFrom.length > 0 ? '198.51.100.200' : '127.0.0.1');
    expect(slow.filter(({ destroyed }) => destroyed)).toHaveLength(1);
    expect(slow[0]?.destroyed).toBe(true);
  });
});
