/**
 * Limits of the admin listener, over real HTTP and real HTTPS: clients that do not read, also an event stream, and too many connections of
 * one address.
 */
import { createServer as createHttp, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { testAuthority } from '../../tests/support/enrollment.ts';
import { until } from '../../tests/support/until.ts';
import { createEventStreams } from '../api/event-streams.ts';
import { LocalBus, type Wake } from '../bus/bus.ts';
import { boundServer } from './bounded-server.ts';
import { OpenConnections } from './open-connections.ts';
import type { WriteDeadlines } from './write-deadlines.ts';

const MIB = 1024 * 1024;
/** Response body that is larger than the kernel's own buffers. */
const LARGE = Buffer.alloc(32 * MIB, 'x');
const SOON: WriteDeadlines = { idleTimeout: 300, rate: 64 * MIB, every: 50 };
const NEVER: WriteDeadlines = { idleTimeout: 3_600_000, rate: 1, every: 50 };
const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';

let ca: ReturnType<typeof testAuthority>;
beforeAll(() => {
  ca = testAuthority();
});
afterAll(() => ca.remove());

describe.each([{ tls: false }, { tls: true }])('case 13: the admin listener with TLS: $tls', ({ tls }) => {
  async function serve(
    respond: (response: ServerResponse) => void,
    { deadlines = SOON, shared = true }: { readonly deadlines?: WriteDeadlines; readonly shared?: boolean } = {},
  ) {
    const { keyPem, chainPem } = ca.authority.serverIdentity();
    const answer = (_request: unknown, response: ServerResponse) => respond(response);
    const server: Server = tls ? createHttps({ key: keyPem, cert: chainPem }, answer) : createHttp(answer);
    boundServer(server, {
      tls,
      isShared: () => shared,
      clientOf: ({ socket }) => socket.remoteAddress ?? '',
      connections: new OpenConnections(),
      deadlines,
    });
    server.listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
    return (server.address() as AddressInfo).port;
  }
  async function open(port: number): Promise<Socket> {
    const socket = tls
      ? connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: ca.authority.chainPem })
      : connectTcp(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.on('error', () => socket.destroy());
    await new Promise((resolve, reject) => {
      socket.once(tls ? 'secureConnect' : 'connect', resolve);
      socket.once('close', () => reject(new Error('refused')));
    });
    return socket;
  }
  /** True if the server responds on a new connection. */
  async function isServed(port: number): Promise<boolean> {
    const socket = await open(port).catch(() => null);
    socket?.write(GET);
    return new Promise((resolve) => {
      socket?.once('data', () => resolve(true));
      if (socket) socket.once('close', () => resolve(false));
      else resolve(false);
    });
  }
  /** Bytes of the response that the process has in memory. */
  const buffered = (response: ServerResponse) => response.writableLength + (response.socket?.writableLength ?? 0);

  it('disconnects a client that does not read a response, also if it continues to send', async () => {
    const responses: ServerResponse[] = [];
    const port = await serve((response) => {
      responses.push(response);
      response.end(LARGE);
    });
    const socket = await open(port);
    socket.write(GET);
    const chatter = setInterval(() => socket.writable && socket.write(GET), 50);
    onTestFinished(() => clearInterval(chatter));
    await until(() => expect(responses[0]?.destroyed).toBe(true));
  });

  it('keeps only a slice of an unread response in memory', async () => {
    const responses: ServerResponse[] = [];
    const port = await serve(
      (response) => {
        responses.push(response);
        response.end(LARGE);
      },
      { deadlines: NEVER },
    );
    const sockets = await Promise.all(Array.from({ length: 8 }, () => open(port)));
    for (const socket of sockets) socket.write(GET);
    await until(() => expect(responses).toHaveLength(8));
    // The kernel's buffers are full when no more bytes leave the process.
    await until(() => expect(responses.every((response) => buffered(response) > 0)).toBe(true));
    for (const response of responses) expect(buffered(response)).toBeLessThan(MIB);
    const [first] = sockets;
    if (!first) throw new Error('there is no client');
    let got = 0;
    first.on('data', (chunk: Buffer) => (got += chunk.length));
    await until(() => expect(got).toBeGreaterThan(LARGE.length));
  });

  it('disconnects a client that does not read its event stream', async () => {
    const bus = new LocalBus();
    // The stream's own deadline (`stall`) is longer than this test, so only the server's deadline can disconnect the client.
    const streams = createEventStreams({
      bus,
      log: { error: () => undefined },
      pace: { betweenEvents: 5, gather: 1, check: 20, stall: 3_600_000 },
    });
    onTestFinished(() => streams.stop());
    const responses: ServerResponse[] = [];
    const port = await serve((response) => {
      responses.push(response);
      void streams.hold({ of: 'one', mayStay: async () => true }, response.req, response).then(() => {
        if (responses.length === 1) response.write(`:${'x'.repeat(LARGE.length)}\n\n`);
      });
    });
    const deaf = await open(port);
    deaf.write(GET);
    await until(() => expect(responses).toHaveLength(1));
    const reader = await open(port);
    let text = '';
    reader.on('data', (chunk: Buffer) => (text += chunk.toString()));
    reader.write(GET);
    const publish = () => {
      for (const kind of ['alerts', 'orders'] as const) bus.publish({ kind } as Wake);
    };
    await until(() => {
      publish();
      expect(responses[0]?.destroyed).toBe(true);
    });
    await until(() => {
      publish();
      expect(text.match(/event:changed/g)?.length).toBeGreaterThan(2);
    });
    expect(responses[1]?.destroyed).toBe(false);
  });

  it('closes the oldest connections above the limit of an address, but not of a proxy’s address', async () => {
    const openOf = async (where: number) => {
      const sockets: Socket[] = [];
      for (let number = 0; number < 130; number += 1) sockets.push(await open(where));
      expect(await isServed(where)).toBe(true);
      return sockets;
    };
    const direct = await openOf(await serve((response) => response.end('here'), { deadlines: NEVER, shared: false }));
    await until(() => expect(direct.map(({ destroyed }) => destroyed).indexOf(false)).toBe(3));
    expect(direct.filter(({ destroyed }) => destroyed)).toHaveLength(3);
    const proxied = await openOf(await serve((response) => response.end('here'), { deadlines: NEVER }));
    expect(proxied.filter(({ destroyed }) => destroyed)).toHaveLength(0);
  });

  it('keeps a client that connects while each address of another network holds one connection', async () => {
    const port = await serve((response) => response.end('here'), { deadlines: NEVER, shared: false });
    const client = await open(port);
    const answer = new Promise((resolve) =>
      client.once('data', () => resolve('answered')).once('close', () => resolve('closed')),
    );
    for (let number = 0; number < 1_100; number += 50) {
      const some = Array.from({ length: 50 }, (_, at) => {
        const localAddress = `127.7.${(number + at) % 8}.${1 + Math.floor((number + at) / 8)}`;
        const socket = connectTcp({ port, host: '127.0.0.1', localAddress });
        onTestFinished(() => void socket.destroy());
        socket.on('error', () => socket.destroy());
        return new Promise((resolve) => socket.once('connect', resolve));
      });
      await Promise.all(some);
    }
    client.write(GET);
    expect(await answer).toBe('answered');
  });
});
