/**
 * Clients that send requests and do not read the responses: their memory in a real server process is bounded, and the server still serves
 * others. Memory is measured once each client has received the beginning of its response, so that the result does not depend on time.
 */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import type { AgentProcess } from '../support/agent-process.ts';
import { openWorld, type World } from '../support/e2e-world.ts';
import { ask, type DeviceTls } from '../support/gateway-world.ts';
import { linux } from '../support/tools.ts';
import { until } from '../support/until.ts';

const MIB = 1024 * 1024;
/** Memory limit, far above the need of slices and TLS for these connections, and far below one copy of the response for each. */
const MOST_GROWTH = 72 * MIB;
const CLIENTS = 100;
const ORDERS = 8;
const LANGUAGES = 60;

let world: World;
let honest: AgentProcess;
let rogue: DeviceTls;
let anonymous: DeviceTls;

beforeAll(async () => {
  world = await openWorld();
  honest = await world.enrolled();
  honest.run();
  await honest.connected();
  rogue = (await world.enrolled()).tls(world.server.device);
  const { ca, host, servername } = rogue;
  anonymous = { ca, host, servername, port: Number(new URL(world.server.public).port) };
  await publishLongOrders();
}, 120_000);
afterAll(() => world?.remove());

/** The order list grows to about 2 MB, and none of its orders affects a device. */
async function publishLongOrders(): Promise<void> {
  const letters = [...'ABCDEFGHIJ'];
  const regions = letters.flatMap((first) => letters.map((second) => `en-${first}${second}`));
  const tags = regions.filter((tag) => Intl.getCanonicalLocales(tag)[0] === tag).slice(0, LANGUAGES);
  const statement = Object.fromEntries(tags.map((tag) => [tag, randomBytes(1_500).toString('hex')]));
  for (let order = 0; order < ORDERS; order += 1) {
    const proposed = await world.operator.propose({
      title: `Antarctica ${order}`,
      areas: ['AQ'],
      services: ['mail'],
      nexus: ['home'],
      effective: '2099-01-01T00:00:00Z',
      unknown: 'allow',
      contested: 'allow',
      travelers: 'deny',
      authority: 'Regulator',
      addressee: 'operators',
      instrument: 'directive 1',
      statement,
      authoritativeLanguage: tags[0],
    });
    await world.operator.adopt(proposed);
  }
}

const memory = () =>
  1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${world.server.process.pid}/status`, 'utf8'))?.[1]);

/** Sends a request, reads the first bytes of the response, and then reads no more. Returns the status. */
async function askAndStop(tls: DeviceTls, path: string): Promise<{ socket: TLSSocket; status: number }> {
  const socket = connectTls({ ...tls, ALPNProtocols: ['http/1.1'] });
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => socket.destroy());
  await once(socket, 'secureConnect');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  await once(socket, 'readable');
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(String(socket.read(16)))?.[1]);
  return { socket, status };
}

it.skipIf(!linux().present)(
  'case 13: the server stores no copy of the order list for 100 anonymous clients that do not read, and serves others',
  async () => {
    const whole = await ask(anonymous, 'GET', '/orders/list');
    expect(whole.bytes.length).toBeGreaterThan(1.3 * MIB);
    const before = memory();
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => askAndStop(anonymous, '/orders/list')));
    expect(clients.filter(({ status }) => status === 200)).toHaveLength(CLIENTS);
    const again = await ask(anonymous, 'GET', '/orders/list');
    expect(again.bytes.equals(whole.bytes)).toBe(true);
    const growth = memory() - before;
    console.log(`${CLIENTS} clients that do not read ${whole.bytes.length} bytes: ${Math.round(growth / MIB)} MiB`);
    expect(growth).toBeLessThan(MOST_GROWTH);
  },
  60_000,
);

it.skipIf(!linux().present)(
  'case 13: a device that does not read 40 attachments gets four, and costs a few pieces of each',
  async () => {
    const id = randomBytes(32).toString('base64url');
    const bytes = randomBytes(5 * MIB);
    expect((await ask(rogue, 'PUT', `/device/attachments/${id}`, bytes)).status).toBe(204);
    expect((await ask(rogue, 'GET', `/device/attachments/${id}`)).bytes.equals(bytes)).toBe(true);
    const before = memory();
    const answers = await Promise.all(Array.from({ length: 40 }, () => askAndStop(rogue, `/device/attachments/${id}`)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(4);
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(36);
    const growth = memory() - before;
    console.log(`40 attachments that are not read: ${Math.round(growth / MIB)} MiB`);
    expect(growth).toBeLessThan(MOST_GROWTH);
    for (const { socket } of answers) socket.destroy();
    // The slots are free again when the clients have disconnected.
    await until(async () => expect((await ask(rogue, 'GET', `/device/attachments/${id}`)).status).toBe(200));
  },
  60_000,
);

it('a list in several fragments arrives at a connected device', async () => {
  const { version } = await world
    .device(honest.device)
    .then(({ presence }) => ({ version: presence?.listVersion ?? 0 }));
  expect(version).toBeGreaterThanOrEqual(ORDERS);
  expect(honest.linkState).toBe('connected');
});
