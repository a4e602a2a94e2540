/**
 * Attacks by strangers and by a compromised device on a running server's device listener, through raw sockets. Each ends in a clear error,
 * while an honest agent's process stays connected.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { deflateRawSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, expect, it, onTestFinished } from 'vitest';
import { CLOSE, MAX_FRAME_FROM_DEVICE, SUBPROTOCOL } from '../../shared/protocol/frames.ts';
import type { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { ask, type DeviceTls, TestLink } from '../support/gateway-world.ts';
import { until } from '../support/until.ts';

let world: World;
/** A running agent, which must not be affected. */
let honest: AgentProcess;
/** An enrolled device whose certificate the tests use. */
let rogue: { id: string; tls: DeviceTls };

beforeAll(async () => {
  world = await openWorld();
  honest = await world.enrolled();
  honest.run();
  await honest.connected();
  const agent = await world.enrolled();
  rogue = { id: agent.device, tls: agent.tls(world.server.device) };
}, 60_000);
afterAll(() => world?.remove());
afterEach(async () => {
  expect(honest.linkState).toBe('connected');
  const { id } = await world.send(honest.device, { kind: 'message', text: 'still here?' });
  expect(await world.finished(id)).toMatchObject({ state: 'done' });
});

function link(more: ConstructorParameters<typeof TestLink>[2] = {}): TestLink {
  const opened = new TestLink(rogue.tls, '/link', more);
  onTestFinished(() => opened.socket.terminate());
  return opened;
}

/** A raw WebSocket connection: a TLS socket for bytes of frames, and the head of the server's response. */
async function rawLink(headers: string[] = []): Promise<{ socket: TLSSocket; head: string }> {
  const socket = connectTls({ ...rogue.tls, ALPNProtocols: ['http/1.1'] });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => socket.destroy());
  await once(socket, 'secureConnect');
  const lines = ['GET /link HTTP/1.1', 'Host: localhost', 'Upgrade: websocket', 'Connection: Upgrade'];
  lines.push(`Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`, 'Sec-WebSocket-Version: 13');
  lines.push(`Sec-WebSocket-Protocol: ${SUBPROTOCOL}`, ...headers);
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  const [chunk] = await once(socket, 'data');
  return { socket, head: String(chunk).split('\r\n\r\n')[0] ?? '' };
}

/** First four bytes of the server's close frame, in hex. Pings, which every connection receives, may precede it. */
function closeFrame(socket: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      // Length of a control frame, from its second byte.
      while (bytes.length >= 2 && bytes.length >= 2 + (bytes[1] ?? 0)) {
        const frame = bytes.subarray(0, 2 + (bytes[1] ?? 0));
        bytes = bytes.subarray(frame.length);
        if (frame[0] === 0x89) continue;
        resolve(frame.subarray(0, 4).toString('hex'));
      }
    });
    socket.once('close', () => reject(new Error('it was closed without a close frame')));
  });
}

/** A client's frame (RFC 6455, section 5.2), masked with zeros. `first`: FIN, RSV and opcode. */
function wsFrame(first: number, payload: Buffer): Buffer {
  const { length } = payload;
  const size = length < 126 ? Buffer.from([0x80 | length]) : Buffer.from([0x80 | 126, length >> 8, length & 0xff]);
  return Buffer.concat([Buffer.from([first]), size, Buffer.alloc(4), payload]);
}

const HELLO = { kind: 'hello', agent: 'raw', list: 0, record: 0, approverSet: 0 } as const;

const gone = async (socket: Socket): Promise<void> => {
  socket.on('error', () => socket.destroy());
  if (!socket.destroyed) await once(socket.resume(), 'close');
};

it('case 2: the connection of a device that is revoked closes within a second, with its reason', async () => {
  const agent = await world.enrolled();
  const open = await new TestLink(agent.tls(world.server.device)).hello();
  const began = performance.now();
  const revoked = world.revoke(agent.device);
  expect(await open.closed).toEqual({ code: CLOSE.revoked, reason: 'revoked' });
  expect(performance.now() - began).toBeLessThan(1_000);
  await revoked;
  const again = new TestLink(agent.tls(world.server.device));
  expect(await again.refused).toMatchObject({ status: 403 });
});

it('case 12: only the certificate identifies a device, and no header does', async () => {
  const pem = encodeURIComponent(readFileSync(honest.path('identity/chain.pem'), 'utf8'));
  const headers = {
    'X-Device-Id': honest.device,
    'X-Client-Cert': pem,
    'X-SSL-Client-Cert': pem,
    'X-Forwarded-Client-Cert': `Cert="${pem}";Subject="CN=${honest.device}"`,
    'X-Forwarded-For': '39.32.1.2',
    Forwarded: 'for=39.32.1.2',
    Authorization: `Bearer ${world.operator.owner.token}`,
  };
  const claiming = await link({ headers }).hello();
  expect((await claiming.next('welcome')).device).toBe(rogue.id);
  expect((await claiming.next('address')).areas).toEqual([]);
  expect((await world.device(rogue.id)).presence?.address).toBe('127.0.0.1');

  const { key: _key, cert: _cert, ...nobody } = rogue.tls;
  const anonymous = new TestLink(nobody, '/link', { headers });
  expect(await Promise.race([anonymous.closed, anonymous.opened.then(() => 'let in')])).toMatchObject({ code: 1006 });
});

it('case 12: a PROXY header from an untrusted address ends the connection, forged, truncated or whole', async () => {
  const { port } = rogue.tls;
  const v2 = Buffer.from('0d0a0d0a000d0a515549540a2111000c272001027f000001c00020fb', 'hex');
  for (const header of ['PROXY TCP4 39.32.1.2 127.0.0.1 49152 8443\r\n', 'PROXY TCP4 39.', v2, v2.subarray(0, 14)]) {
    const socket = connectTcp(port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write(header);
    socket.end();
    let answer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => (answer = Buffer.concat([answer, chunk])));
    await gone(socket);
    // The response is empty or a TLS alert.
    expect(answer.length).toBeLessThan(16);
  }
});

it.each([
  ['a frame above the limit', (open: TestLink) => open.socket.send('x'.repeat(MAX_FRAME_FROM_DEVICE + 1)), 1009],
  [
    'text that is not UTF-8',
    (open: TestLink) => open.socket.send(Buffer.from('7b22c328227d', 'hex'), { binary: false }),
    1007,
  ],
  ['a binary frame', (open: TestLink) => open.socket.send(Buffer.from('{}'), { binary: true }), CLOSE.malformed],
  ['text that is not JSON', (open: TestLink) => open.socket.send('{"kind":'), CLOSE.malformed],
  ['an unknown kind', (open: TestLink) => open.socket.send('{"kind":"root-shell"}'), CLOSE.malformed],
  [
    'an unknown field',
    (open: TestLink) => open.socket.send(JSON.stringify({ ...HELLO, device: 'dev_a' })),
    CLOSE.malformed,
  ],
  [
    'a number beyond 2^53',
    (open: TestLink) => open.socket.send('{"kind":"report","seq":9007199254740993,"item":{}}'),
    CLOSE.malformed,
  ],
  ['a second hello', (open: TestLink) => open.send(HELLO), CLOSE.malformed],
] as const)('case 13: %s ends the session with its reason', async (_name, send, code) => {
  const open = await link().hello();
  send(open);
  expect((await open.closed).code).toBe(code);
});

it('case 13: a frame before hello ends the session', async () => {
  const open = link();
  await open.opened;
  open.send({ kind: 'have', list: 9, record: 9, approverSet: 9 });
  expect((await open.closed).code).toBe(CLOSE.malformed);
});

it('case 13: the server negotiates no compression, and a compressed bomb is an invalid frame', async () => {
  const { socket, head } = await rawLink(['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits']);
  expect(head).toMatch(/^HTTP\/1\.1 101/);
  expect(head.toLowerCase()).not.toContain('sec-websocket-extensions');
  // A frame with the bits FIN and RSV1 (compressed) and opcode text: 40 MB in 40 KB.
  const answer = closeFrame(socket);
  socket.write(wsFrame(0xc1, deflateRawSync(Buffer.alloc(40 * 1024 * 1024))));
  // A close frame: 1002, protocol error.
  expect(await answer).toMatch(/^88..03ea$/);
  await gone(socket);
});

it('case 13: a frame in endless fragments ends the session at the size limit', async () => {
  const { socket } = await rawLink();
  const answer = closeFrame(socket);
  const piece = Buffer.alloc(32 * 1024, 0x20);
  socket.write(wsFrame(0x01, piece));
  for (let sent = piece.length; sent <= MAX_FRAME_FROM_DEVICE; sent += piece.length) socket.write(wsFrame(0x00, piece));
  expect(await answer).toMatch(/^88..03f1$/);
  await gone(socket);
});

it('case 13: a flood of pings ends the session', async () => {
  const open = await link().hello();
  for (let sent = 0; sent < 20_000; sent++) open.socket.ping();
  // In one burst, `ws` ends the connection when a pong is unsent at the next ping. Spread out, the server's limit does.
  expect([1006, CLOSE.flood]).toContain((await open.closed).code);
});

/** Resident memory of the server's process, in bytes. */
const memory = () =>
  1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${world.server.process.pid}/status`, 'utf8'))?.[1]);

it('case 13: a device that sends and never reads is disconnected, and costs the server little memory before', async () => {
  const { socket } = await rawLink();
  socket.setMaxListeners(0);
  socket.write(wsFrame(0x81, Buffer.from(JSON.stringify(HELLO))));
  await until(async () => expect((await world.device(rogue.id)).presence?.connected).toBe(true));
  // A megabyte waits in the device's mailbox, and the server sends it at each request.
  const body = 'A'.repeat(96 * 1024);
  const post = { kind: 'post', to: [rogue.id], keep: true, commit: null, expires: null, body } as const;
  const say = (frame: object) => socket.write(wsFrame(0x81, Buffer.from(JSON.stringify(frame))));
  for (let posted = 0; posted < 11; posted++) say({ ...post, id: crypto.randomUUID() });
  socket.pause();
  const before = memory();
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  let sent = 0;
  for (; !socket.destroyed && sent < 2_000; sent++) {
    if (!say({ kind: 'mailbox', open: true })) {
      await Promise.race([closed, new Promise<void>((resolve) => socket.once('drain', () => resolve()))]);
    }
    // A repeated request at once replaces the earlier request, whose items are not sent.
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await closed;
  expect(sent).toBeLessThan(2_000);
  // The limit is far below the gigabytes that the device requested.
  if (process.platform === 'linux') expect(memory() - before).toBeLessThan(128 * 1024 * 1024);
  expect(world.server.output()).not.toMatch(/"level":(50|60)/);
}, 60_000);

it('case 13: a silent connection is closed, before and after the upgrade', async () => {
  const silent = connectTcp(rogue.tls.port, '127.0.0.1');
  const half = connectTls({ ...rogue.tls });
  onTestFinished(() => void silent.destroy());
  await once(half, 'secureConnect');
  half.write('GET /link HTTP/1.1\r\nHost: loc');
  const dumb = link();
  await dumb.opened;
  expect((await dumb.closed).code).toBe(CLOSE.timeout);
  await gone(silent);
  half.destroy();
}, 40_000);

it('case 15: a result for another device’s command changes nothing and raises an alert', async () => {
  await honest.stop();
  const { id } = await world.send(honest.device, { kind: 'wipe-workspace' });
  const open = await link().hello();
  const { reports } = await open.next('welcome');
  const result = { type: 'result', command: id, outcome: 'done', detail: 'wiped, believe me', at: Date.now() } as const;
  open.send({ kind: 'report', seq: reports + 1, item: result });
  await until(async () => expect(await world.alerts(rogue.id)).toContain('report_refused'));
  expect(open.frames.filter(({ kind }) => kind === 'command')).toEqual([]);
  open.send({ kind: 'command-stored', id });
  await open.closed;
  honest.run();
  await honest.connected();
  expect(await world.finished(id)).toMatchObject({
    state: 'done',
    detail: expect.stringContaining('the wrapping key is gone'),
  });
});

it('case 15: a device cannot acknowledge other devices’ mail or send their receipts', async () => {
  const open = await link().hello();
  open.send({ kind: 'entries-stored', through: 1_000_000 });
  const forged = { payloadType: 'application/vnd.cordon.receipt.v1+json', payload: 'e30=', signatures: [] };
  const { status, body } = await ask(rogue.tls, 'POST', '/device/receipts', JSON.stringify({ envelopes: [forged] }));
  expect({ status, ...JSON.parse(body) }).toMatchObject({ status: 200, stored: 0, refused: [expect.any(String)] });
  expect(open.socket.readyState).toBe(open.socket.OPEN);
});
