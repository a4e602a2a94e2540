import { connect as connectTls } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CordonError } from '../../shared/errors.ts';
import {
  ask,
  type GatewayWorld,
  openGatewayWorld,
  type TestDevice,
  TestLink,
} from '../../tests/support/gateway-world.ts';
import { until } from '../../tests/support/until.ts';

let world: GatewayWorld;
beforeAll(async () => {
  world = await openGatewayWorld();
});
afterAll(() => world.close());
afterEach(() => expect(world.complaints).toEqual([]));

const connected = (device: TestDevice) => new TestLink(device.tls).hello();
const presence = async (device: TestDevice) => (await world.devices.get(device.id)).presence;
const UPGRADE = [
  'GET /link HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${Buffer.alloc(16).toString('base64')}`,
  'Sec-WebSocket-Protocol: cordon.v1',
  '\r\n',
].join('\r\n');

describe('socket that ends before its session begins', () => {
  /** Last `connected` value that the gateway passed to jurisdiction for the device's address. */
  const lastConnected = (device: TestDevice) => world.seen.findLast((one) => one.device === device.id)?.connected;
  const disconnected = (device: TestDevice) => until(() => expect(lastConnected(device)).toBe(false));
  /** Wraps server work. The wrapped work waits after its end until the test calls `go`. */
  const pausing = <A extends unknown[], R>(work: (...given: A) => Promise<R>) => {
    const started = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const paused = async (...given: A): Promise<R> => {
      const done = await work(...given);
      started.resolve();
      await go.promise;
      return done;
    };
    return { paused, reached: started.promise, go: go.resolve };
  };

  it('ends the connection before the hello frame', async () => {
    const device = await world.enroll();
    const link = new TestLink(device.tls);
    await link.opened;
    expect(lastConnected(device)).toBe(true);
    link.socket.terminate();
    await disconnected(device);
    expect(await presence(device)).toBeNull();
  });

  it('ends the connection before the response to the upgrade', async () => {
    const device = await world.enroll();
    const { paused, reached, go } = pausing(world.orders.effect.verdict);
    const cached = vi.spyOn(world.orders.effect, 'cachedVerdict').mockReturnValueOnce(undefined);
    const evaluated = vi.spyOn(world.orders.effect, 'verdict').mockImplementationOnce(paused);
    const socket = connectTls({ ...device.tls, ALPNProtocols: ['http/1.1'] });
    socket.write(UPGRADE);
    await reached;
    socket.destroy();
    // When the server has responded to a later request, it has also processed the end of the socket.
    await ask(device.tls, 'GET', '/orders/list');
    go();
    await disconnected(device);
    for (const spy of [cached, evaluated]) spy.mockRestore();
  });

  it('ends the connection when the verdict cannot be computed', async () => {
    const device = await world.enroll();
    const cached = vi.spyOn(world.orders.effect, 'cachedVerdict').mockReturnValueOnce(undefined);
    const full = new CordonError('store_unavailable', 'The store is gone.');
    const evaluated = vi.spyOn(world.orders.effect, 'verdict').mockRejectedValueOnce(full);
    expect((await new TestLink(device.tls).refused).status).toBe(503);
    expect(lastConnected(device)).toBe(false);
    for (const spy of [cached, evaluated]) spy.mockRestore();
  });

  it('ends the connection when the upgrade is no valid WebSocket request', async () => {
    const device = await world.enroll();
    const socket = connectTls({ ...device.tls, ALPNProtocols: ['http/1.1'] });
    socket.write(UPGRADE.replace('Version: 13', 'Version: 9'));
    const response = Buffer.concat(await Array.fromAsync<Buffer>(socket)).toString();
    expect(response).toMatch(/^HTTP\/1\.1 4/);
    await disconnected(device);
  });

  it('ends the connection while the store writes the hello; the next session does not take over', async () => {
    const device = await world.enroll();
    const { paused, reached, go } = pausing(world.devices.connected);
    const opening = vi.spyOn(world.devices, 'connected').mockImplementationOnce(paused);
    const before = world.gateway.connections();
    const link = new TestLink(device.tls);
    await link.opened;
    link.send({ kind: 'hello', agent: 'test', list: 0, record: 0, approverSet: 0 });
    await reached;
    link.socket.terminate();
    await disconnected(device);
    go();
    await until(async () => expect((await presence(device))?.connected).toBe(false));
    expect(world.gateway.connections()).toBe(before);
    opening.mockRestore();
    const again = await connected(device);
    expect(await world.alertCodes(device.id)).toEqual([]);
    again.socket.close();
    await again.closed;
  });

  it.each([
    ['upgrading', false],
    ['open without a hello frame', true],
  ])('keeps the address evidence while another socket of the device is %s', async (_state, isOpen) => {
    const device = await world.enroll();
    const first = await connected(device);
    const { paused, reached, go } = pausing(world.orders.effect.verdict);
    const cached = vi.spyOn(world.orders.effect, 'cachedVerdict').mockReturnValueOnce(undefined);
    const evaluated = vi.spyOn(world.orders.effect, 'verdict').mockImplementationOnce(paused);
    const second = new TestLink(device.tls);
    await reached;
    if (isOpen) {
      go();
      await second.opened;
    }
    first.socket.terminate();
    await until(async () => expect((await presence(device))?.connected).toBe(false));
    go();
    await second.hello();
    expect(lastConnected(device)).toBe(true);
    for (const spy of [cached, evaluated]) spy.mockRestore();
    second.socket.close();
    await second.closed;
    await disconnected(device);
  });
});
