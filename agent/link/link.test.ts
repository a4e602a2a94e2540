import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { testAuthority } from '../../tests/support/enrollment.ts';
import { until } from '../../tests/support/until.ts';
import { dialDirect } from './dial.ts';
import { createLink, type Link } from './link.ts';
import { secureDial } from './tls.ts';

const WELCOME = {
  kind: 'welcome',
  time: 1,
  installation: 'inst_test',
  device: 'dev_aaaaaaaaaaaaaaaa',
  generation: 1,
  list: 1,
  record: 1,
  approverSet: 1,
  reports: 0,
};
/** Silence limit of the other tests. It is longer than a busy machine may suspend this process. */
const SILENT_FOR = 3_000;

let ca: ReturnType<typeof testAuthority>;
let server: Server;
let sockets: WebSocket[];
/** Times at which connections arrived. */
let came: number[];
let states: string[];
let link: Link;
let onFrame: () => void;

beforeAll(() => {
  ca = testAuthority();
});
afterAll(() => ca.remove());
beforeEach(async () => {
  sockets = [];
  came = [];
  states = [];
  onFrame = () => undefined;
  const { keyPem, chainPem } = ca.authority.serverIdentity();
  server = createServer({ key: keyPem, cert: chainPem });
  new WebSocketServer({ server }).on('connection', (socket) => {
    sockets.push(socket);
    came.push(performance.now());
    socket.once('message', () => socket.send(JSON.stringify(WELCOME)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  const rootPem = pemOf(ca.authority.rootDer);
  const dial = secureDial({ dial: dialDirect, rootPem, identity: null });
  link = createLink({
    url: () => new URL(`wss://127.0.0.1:${address.port}`),
    secureDial: () => dial,
    refusedCertificate: async () => null,
    hello: () => ({ kind: 'hello', agent: 'test', list: 0, record: 0, approverSet: 0 }),
    denied: () => null,
    onFrame: () => onFrame(),
    onDown: () => undefined,
    onRefusal: () => undefined,
    beforeKnock: async () => undefined,
    onExpired: async () => undefined,
    confirmRevoked: async () => false,
    onState: (state, detail) => states.push(detail === null ? state : `${state}: ${detail}`),
    idleTimeout: SILENT_FOR,
  });
  link.start();
  await until(() => expect(link.state).toBe('connected'));
});
afterEach(() => {
  link.stop();
  for (const socket of sockets) socket.terminate();
  server.close();
});

const pemOf = (der: Buffer) => `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;

it('connects again after a long time without a ping, although TCP reports no failure', async () => {
  await until(() => expect(states).toContainEqual('waiting: The server sends no data. The agent connects again.'));
  await until(() => expect(sockets).toHaveLength(2));
});

it('ends the connection at a frame that cannot be processed, and waits longer each time', async () => {
  const jitter = vi.spyOn(Math, 'random').mockReturnValue(1);
  onFrame = () => {
    throw new Error('the disk is full');
  };
  sockets[0]?.send(JSON.stringify({ kind: 'time', time: 2 }));
  await until(() => expect(sockets).toHaveLength(3));
  const [, second = 0, third = 0] = came;
  expect(third - second).toBeGreaterThan(1_900);
  expect(states).toContainEqual('waiting: The agent could not process a frame of the server: the disk is full');
  onFrame = () => undefined;
  await until(() => expect(link.state).toBe('connected'));
  jitter.mockRestore();
}, 30_000);

it('stays connected while pings arrive', async () => {
  const pinging = setInterval(() => sockets[0]?.ping(), SILENT_FOR / 15);
  await new Promise((resolve) => setTimeout(resolve, SILENT_FOR * 1.5));
  clearInterval(pinging);
  expect(link.state).toBe('connected');
  expect(sockets).toHaveLength(1);
});
