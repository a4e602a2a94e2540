/**
 * The floor: a minimal program with the same work on the wire as Cordon, but without Cordon's rules. It has mutual TLS and WebSockets, a
 * JSON echo, a relay, a fan-out, and the cryptography of an enrollment. Echo and relay run with or without a durable row. The benchmark
 * controls this process over IPC.
 */
import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';
import { KEY_EXCHANGE_GROUPS } from '../../server/gateway/tls-listener.ts';
import type { DeviceFrame, ServerFrame } from '../../shared/protocol/frames.ts';
import { FloorStore } from './floor-store.ts';
import {
  DURABLE_RELAY_PATH,
  type FloorAnswer,
  type FloorStart,
  type FloorTask,
  RELAY_PATH,
  REPORT_PATH,
} from './floor-tasks.ts';

const connections = new Set<WebSocket>();
const named = new Map<string, WebSocket>();
const { privateKey: issuer } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
/** Approximate length of a device's certificate without its signature. */
const TEMPLATE = Buffer.alloc(420, 0x30);

/** Start and end of the content of the DER element at `at`. */
function element(bytes: Buffer, at: number): { content: number; end: number } {
  const first = bytes[at + 1] ?? 0;
  if (first < 0x80) return { content: at + 2, end: at + 2 + first };
  const size = first & 0x7f;
  const content = at + 2 + size;
  return { content, end: content + bytes.readUIntBE(at + 2, size) };
}

/** Verifies a certificate signing request by its own key, and signs a certificate of fixed length. */
function enroll(csr: Buffer): Buffer {
  const info = element(csr, 0).content;
  const { content, end: infoEnd } = element(csr, info);
  const name = element(csr, content).end;
  const key = element(csr, name).end;
  const publicKey = createPublicKey({ key: csr.subarray(key, element(csr, key).end), format: 'der', type: 'spki' });
  const signature = element(csr, element(csr, infoEnd).end);
  if (!verify('sha256', csr.subarray(info, infoEnd), publicKey, csr.subarray(signature.content + 1, signature.end))) {
    throw new Error('the request does not verify');
  }
  const toSign = Buffer.concat([TEMPLATE, csr.subarray(key, element(csr, key).end)]);
  return Buffer.concat([toSign, sign('sha256', toSign, issuer)]);
}

async function listen(options: ServerOptions, ready: (server: ReturnType<typeof createServer>) => void) {
  const server = createServer({ ...options, minVersion: 'TLSv1.3', ecdhCurve: KEY_EXCHANGE_GROUPS });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  ready(server);
  server.listen({ port: 0, host: '127.0.0.1', noDelay: true });
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function start({ key, cert, ca, folder }: FloorStart): Promise<FloorAnswer> {
  const store = new FloorStore(folder);
  const upgrader = new WebSocketServer({ noServer: true, perMessageDeflate: false, clientTracking: false });
  const device = await listen({ key, cert, ca, requestCert: true, rejectUnauthorized: true }, (server) => {
    server.on('upgrade', (request, socket, head) =>
      upgrader.handleUpgrade(request, socket, head, (link) => {
        connections.add(link);
        link.on('close', () => connections.delete(link));
        link.on('error', () => link.terminate());
        const { url = '' } = request;
        if (url.startsWith(RELAY_PATH)) relay(link, url.slice(RELAY_PATH.length), null);
        else if (url.startsWith(DURABLE_RELAY_PATH)) relay(link, url.slice(DURABLE_RELAY_PATH.length), store);
        else if (url.startsWith(REPORT_PATH)) storeReports(link, url.slice(REPORT_PATH.length), store);
        else link.on('message', (data) => link.send(JSON.stringify(JSON.parse(data.toString()))));
      }),
    );
  });
  const open = await listen({ key, cert }, (server) => {
    server.on('request', async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      response.end(enroll(Buffer.from(body, 'base64')).toString('base64'));
    });
  });
  return { done: 'start', device, open };
}

/** Relay: passes each frame unchanged to the named connection, and sends the sender a response of the same length as Cordon's. */
function relay(link: WebSocket, name: string, store: FloorStore | null): void {
  named.set(name, link);
  link.on('message', (data) => {
    const body = data.toString();
    const { id, to }: Extract<DeviceFrame, { kind: 'post' }> = JSON.parse(body);
    const pass = () => {
      const recipients = to.map((device) => ({ device, outcome: 'stored' as const, denial: null }));
      for (const device of to) named.get(device)?.send(data, { binary: false });
      const answer: ServerFrame = { kind: 'posted', id, outcome: 'accepted', denial: null, recipients };
      link.send(JSON.stringify(answer));
    };
    if (store) store.add({ connection: name, body, stored: pass });
    else pass();
  });
}

/** Stores each report, and then acknowledges it as Cordon does. */
function storeReports(link: WebSocket, name: string, store: FloorStore): void {
  link.on('message', (data) => {
    const body = data.toString();
    const { seq }: Extract<DeviceFrame, { kind: 'report' }> = JSON.parse(body);
    const answer: ServerFrame = { kind: 'reports-stored', through: seq };
    store.add({ connection: name, body, stored: () => link.send(JSON.stringify(answer)) });
  });
}

async function fanOut(frame: string): Promise<void> {
  const [before = '', after] = frame.split('@');
  let count = 0;
  for (const link of connections) {
    link.send(after === undefined ? before : `${before}${count}${after}`);
    count += 1;
    if (count % 256 === 0) await new Promise(setImmediate);
  }
}

async function perform(task: FloorTask): Promise<FloorAnswer> {
  if (task.do === 'start') return start(task);
  if (task.do === 'fan-out') await fanOut(task.frame);
  else for (let left = task.times, csr = Buffer.from(task.csr, 'base64'); left > 0; left -= 1) enroll(csr);
  return { done: 'task' };
}

process.on('message', (task: FloorTask) => void perform(task).then((answer) => process.send?.(answer)));
process.on('disconnect', () => process.exit());
