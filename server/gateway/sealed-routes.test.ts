import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  ATTACHMENT_WITHIN,
  claimResponse,
  keyPackagesResponse,
  LARGEST_ATTACHMENT,
} from '../../shared/protocol/device-http.ts';
import type { DeviceId } from '../../shared/protocol/ids.ts';
import {
  ask,
  type DeviceTls,
  type GatewayWorld,
  openGatewayWorld,
  strayIdentity,
  type TestDevice,
  TestLink,
} from '../../tests/support/gateway-world.ts';
import { openMailbox } from '../../tests/support/mailbox-link.ts';
import { PROPOSAL } from '../../tests/support/order-world.ts';
import { until } from '../../tests/support/until.ts';

let world: GatewayWorld;
beforeAll(async () => {
  world = await openGatewayWorld();
});
afterAll(() => world.close());
afterEach(() => expect(world.complaints).toEqual([]));

const sealed = (text: string) => Buffer.from(text).toString('base64');
const names = (count: number) => Array.from({ length: count }, (_, index) => sealed(`package ${index}`));

async function submit({ tls }: TestDevice, packages: string[], lastResort: string | null = null, replace = false) {
  const body = JSON.stringify({ packages, lastResort, replace });
  const { status, body: text } = await ask(tls, 'POST', '/device/key-packages', body);
  return status === 200 ? keyPackagesResponse.parse(JSON.parse(text)).remaining : status;
}
async function claim({ tls }: TestDevice, ...devices: DeviceId[]) {
  const { status, body } = await ask(tls, 'POST', '/device/key-packages/claim', JSON.stringify({ devices }));
  return status === 200 ? claimResponse.parse(JSON.parse(body)).packages : JSON.parse(body);
}
const counts = (link: TestLink) =>
  link.frames.flatMap((frame) => (frame.kind === 'key-packages-remaining' ? [frame.count] : []));

describe('key packages', () => {
  it('are uploaded, counted at each request for the mailbox, claimed once, and requested when few are left', async () => {
    const [amina, bilal] = [await world.enroll(), await world.enroll()];
    expect(await submit(bilal, names(21), sealed('last'))).toBe(21);
    const there = await new TestLink(bilal.tls).hello();
    expect(counts(there)).toEqual([]);
    await openMailbox(there);
    expect((await there.next('key-packages-remaining')).count).toBe(21);
    const body = sealed('package 0');
    expect(await claim(amina, bilal.id, bilal.id)).toEqual([
      { device: bilal.id, generation: 1, body, lastResort: false },
    ]);
    await delay(30);
    expect(counts(there)).toEqual([21]);
    await claim(amina, bilal.id);
    await until(() => expect(counts(there)).toEqual([21, 19]));
    there.socket.close();
  });

  it('case 16: one device cannot use up the key packages of another device', async () => {
    const [amina, bilal, carla] = [await world.enroll(), await world.enroll(), await world.enroll()];
    await submit(bilal, names(50), sealed('last'));
    const got: boolean[] = [];
    for (let count = 0; count < 12; count += 1) got.push((await claim(amina, bilal.id))[0].lastResort);
    expect(got).toEqual([...Array(10).fill(false), true, true]);
    expect((await claim(carla, bilal.id))[0].lastResort).toBe(false);
    const many = Array.from(
      { length: 500 },
      (_, index) =>
        `dev_${String(index)
          .padStart(3, 'a')
          .replace(/[0189]/g, 'z')}aaaaaaaaaaaaa`,
    );
    const devices = [...new Set(many)] as DeviceId[];
    let refused: unknown = [];
    for (let count = 0; count < 12 && Array.isArray(refused); count += 1) refused = await claim(amina, ...devices);
    expect(refused).toMatchObject({ code: 'rate_limited', context: { retryAfter: expect.any(Number) } });
    expect(await claim(carla, bilal.id)).toHaveLength(1);
  });

  it.each([
    ['a package that is no base64', { packages: ['?'], lastResort: null, replace: false }],
    ['a hundred and one', { packages: names(101), lastResort: null, replace: false }],
    ['a field too many', { packages: [], lastResort: null, replace: false, x: 1 }],
  ])('refuse %s', async (_name, body) => {
    const { tls } = await world.enroll();
    expect((await ask(tls, 'POST', '/device/key-packages', JSON.stringify(body))).status).toBe(400);
  });
});

const newName = () => randomBytes(32).toString('base64url');

/** Sends only the head of an upload, over a connection that stays open after the response. */
async function begin(tls: DeviceTls, length: number) {
  const over = connectTls({ ...tls, ALPNProtocols: ['http/1.1'] });
  onTestFinished(() => void over.destroy());
  over.on('error', () => over.destroy());
  let answer = '';
  over.on('data', (chunk: Buffer) => (answer += chunk));
  over.write(`PUT /device/attachments/${newName()} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${length}\r\n\r\n`);
  const status = () => until(() => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? expect.fail(answer)));
  return { over, status };
}

describe('attachments', () => {
  const path = (name: string) => `/device/attachments/${name}`;

  it('are stored once and served to every enrolled device that knows the name', async () => {
    const [amina, bilal] = [await world.enroll(), await world.enroll()];
    const [name, bytes] = [newName(), randomBytes(LARGEST_ATTACHMENT)];
    for (let again = 0; again < 2; again += 1) {
      expect((await ask(amina.tls, 'PUT', path(name), bytes)).status).toBe(204);
    }
    const got = await ask(bilal.tls, 'GET', path(name));
    expect([got.status, got.bytes.equals(bytes)]).toEqual([200, true]);
    expect((await ask(bilal.tls, 'PUT', path(name), bytes)).status).toBe(409);
    expect((await ask(bilal.tls, 'GET', path(newName()))).status).toBe(404);
    world.clock.jump(world.clock.now() + 31 * 86_400_000);
    expect((await ask(bilal.tls, 'GET', path(name))).status).toBe(404);
  });

  describe('over a slow network', () => {
    it('may take as long as the device waits', async () => {
      const { server } = world.gateway.listener;
      expect(server.headersTimeout).toBeLessThanOrEqual(30_000);
      expect(server.requestTimeout).toBeGreaterThan(ATTACHMENT_WITHIN);
      const { tls } = await world.enroll();
      const received = once(server, 'request');
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
      onTestFinished(() => void vi.useRealTimers());
      const seconds = ATTACHMENT_WITHIN / 1_000;
      const { over, status } = await begin(tls, seconds / 25);
      const [{ socket }] = await received;
      while (vi.getTimerCount() === 0) await new Promise(setImmediate);
      for (let second = 0; second < seconds; second += 25) {
        vi.advanceTimersByTime(25_000);
        const before = socket.bytesRead;
        over.write('x');
        while (socket.bytesRead === before && !socket.destroyed) await new Promise(setImmediate);
        await new Promise(setImmediate);
      }
      vi.useRealTimers();
      expect(await status()).toBe(204);
    });

    it('occupy no memory after a refusal: the server responds and disconnects', async () => {
      const { tls } = await world.enroll();
      const stranger = await begin({ ...tls, ...strayIdentity(world.authority, 'device') }, 10_000);
      expect(await stranger.status()).toBe(403);
      const answered = Date.now();
      await until(() => expect(stranger.over.write('x') && !stranger.over.destroyed).toBe(false));
      expect(Date.now() - answered).toBeLessThan(3_000);
    });
  });

  it.each([
    ['a name that is none', 'short', randomBytes(9), 400],
    ['a name that leads elsewhere', `..%2F${'a'.repeat(38)}`, randomBytes(9), 400],
    ['nothing', newName(), Buffer.alloc(0), 400],
    ['a byte too many', newName(), Buffer.alloc(LARGEST_ATTACHMENT + 1), 413],
  ])('case 53: refuse %s', async (_name, name, bytes, status) => {
    const { tls } = await world.enroll();
    expect((await ask(tls, 'PUT', path(name), bytes)).status).toBe(status);
  });
});

it('an order blocks key packages and attachments for the devices that it affects, and its number is in the error', async () => {
  const { people } = world;
  const [inside, outside] = [await world.enroll('PK'), await world.enroll('SE')];
  await submit(inside, names(2));
  const effective = new Date(world.clock.now() + 60_000).toISOString();
  const { order } = await world.orders.drafting.propose(people.proposer.id, { ...PROPOSAL, effective });
  for (const person of [people.ada, people.ben]) await world.sign(order, 1, person);
  const put = vi.spyOn(world.relay.attachments, 'put');
  onTestFinished(() => put.mockRestore());
  const slow = await begin(inside.tls, 2);
  await until(() => expect(put).toHaveBeenCalled());
  world.clock.jump(world.clock.now() + 60_000);
  slow.over.write('xy');
  expect(await slow.status()).toBe(451);
  const name = newName();
  for (const [method, path, body] of [
    ['POST', '/device/key-packages/claim', JSON.stringify({ devices: [outside.id] })],
    ['PUT', `/device/attachments/${name}`, 'sealed'],
    ['GET', `/device/attachments/${name}`, undefined],
  ] as const) {
    const { status, headers, body: text } = await ask(inside.tls, method, path, body);
    // Link to the order in a refusal (RFC 7725, section 4).
    expect(headers.link).toBe(`<https://operator.example/orders#${order}>; rel="blocked-by"`);
    expect([status, JSON.parse(text)]).toMatchObject([
      451,
      { code: 'service_denied', context: { orders: [order], reasons: expect.any(Array), appeal: PROPOSAL.appeal } },
    ]);
  }
  // Claims and uploads of the affected device's key packages still work: they are no messages, and the device needs them after the order.
  expect(await submit(inside, names(1))).toBe(3);
  expect(await claim(outside, inside.id)).toHaveLength(1);
  const uploaded = await ask(outside.tls, 'PUT', `/device/attachments/${name}`, 'sealed');
  expect([uploaded.status, uploaded.headers.link]).toEqual([204, undefined]);
});
